/** Names of deployments and of the things that are named after them. */
export const NAME = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])$/;
export const NAME_RULE =
  "must be 2 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash";

/** A key of a map that YAML may have taken for a number or a truth value, and Pulumi written as another name: 010 is 8, True is true. */
export function isAmbiguous(name: string): boolean {
  return /^[+-]?[\d.]+(e[+-]?\d+)?$/i.test(name) || ["true", "false"].includes(name);
}
