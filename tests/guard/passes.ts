/** What of a preview may be changed without a word of the guard, and why: by type, and by what is done. */
export interface Pass {
  readonly type: RegExp;
  readonly what: RegExp;
  readonly because: string;
}

export const PASSES: readonly Pass[] = [
  {
    type: /^aws:/,
    what: /^(?:region|tagsAll|name|bucket) deleted$/,
    because: "the provider fills it in, and what the program gives for it is compared",
  },
  {
    type: /^(?:aws|docker|tls):/,
    what: /^__defaults (?:changed|deleted)$/,
    because: "it only names what the bridge has filled in, and each of those is looked at",
  },
  {
    type: /^pulumi:providers:aws$/,
    what: /^(?:__internal|version) (?:changed|deleted)$/,
    because: "the SDK's own; whose credentials it takes is the runner's, and no preview shows that",
  },
  {
    type: /./,
    what: /^updated$/,
    because: "an update to what the config asks for is what an update is for",
  },
  {
    type: /^pulumi:providers:aws$/,
    what: /^replaced$/,
    because: "then all that it makes is replaced, which is judged",
  },
  {
    type: /^aws:(?:ec2\/(?:instance|networkInterface|volumeAttachment)|s3\/bucketObjectv2|vpc\/)/,
    what: /^replaced$/,
    because: "a machine may be made anew, one at a time; an object or a rule is put back at once",
  },
  {
    type: /^(?:tls|portico):/,
    what: /^replaced$/,
    because: "leaf keys and certificates are renewed so; what all of them follow from is protected",
  },
  {
    type: /^pulumi:pulumi:Stack$/,
    what: /./,
    because: "the stack itself is a name: it makes nothing",
  },
];
