// Rules on what must hold whoever is let in: encrypted disks, nodes without a way out, a closed bucket, hidden secrets.
import type { Facts, Rule } from "./facts.ts";
import { kindOf, title } from "./facts.ts";
import type { State, Step, Values } from "./preview.ts";
import { at, clauseOf, isUnknown, SECRET } from "./preview.ts";

/** Whether a disk is encrypted can't be changed later, so it must be known now. */
export const encrypted: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.op === "delete" || step.new === undefined) return [];
    const { inputs } = step.new;
    const must = (where: string, value: unknown): readonly string[] =>
      value === true ? [] : [`${title(step)} must be encrypted: ${where} ${clauseOf(value)}.`];
    if (step.type === "aws:ebs/volume:Volume") return must("encrypted", inputs.encrypted);
    if (step.type !== "aws:ec2/instance:Instance") return [];
    return [
      ...must("rootBlockDevice.encrypted", at(inputs, "rootBlockDevice", "encrypted")),
      ...disksOf(inputs).flatMap((disk) =>
        must("ebsBlockDevices.encrypted", at(disk, "encrypted")),
      ),
    ];
  });

/** A process that can be tricked into sending a request must not get the machine's credentials that way. */
export const metadataGuarded: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.type !== "aws:ec2/instance:Instance" || step.op === "delete" || !step.new) return [];
    const options = at(step.new.inputs, "metadataOptions");
    const [tokens, hops] = [at(options, "httpTokens"), at(options, "httpPutResponseHopLimit")];
    return [
      ...(tokens === "required"
        ? []
        : [`${title(step)} must require IMDSv2: metadataOptions.httpTokens ${clauseOf(tokens)}.`]),
      ...(hops === 1
        ? []
        : [
            `${title(step)} must have a metadata hop limit of 1: metadataOptions.httpPutResponseHopLimit ${clauseOf(hops)}.`,
          ]),
    ];
  });

function disksOf({ ebsBlockDevices }: Values): readonly unknown[] {
  if (isUnknown(ebsBlockDevices)) return [ebsBlockDevices];
  return Array.isArray(ebsBlockDevices) ? ebsBlockDevices : [];
}

const GIVES: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/eip:Eip": ["instance", "networkInterface"],
  "aws:ec2/eipAssociation:EipAssociation": ["instanceId", "networkInterfaceId"],
};

/** A node has no address by which it could be reached, whatever a firewall says. */
export const noPublicAddress: Rule = (facts) => {
  const network = networkOf(facts);
  return network.shown.flatMap((step) => {
    if (network.nodes.has(step.urn)) return mustBeOff(step, "associatePublicIpAddress");
    if (network.nodeSubnets.has(step.urn)) return mustBeOff(step, "mapPublicIpOnLaunch");
    const node = nodeGiven(step, network) ?? namedForNode(step);
    return node === undefined
      ? []
      : [`${title(step)} would give the node ${node} a public address.`];
  });

  function namedForNode(step: Shown): string | undefined {
    const { machine } = facts.ownerOf(step);
    return step.type in GIVES && machine?.kind === "node" ? machine.name : undefined;
  }
};

function nodeGiven(step: Shown, { nodes, sourcesOf }: Network): string | undefined {
  return (GIVES[step.type] ?? [])
    .flatMap((input) => sourcesOf(step, input))
    .find((urn) => nodes.has(urn))
    ?.split("::")
    .at(-1);
}

function mustBeOff(step: Shown, input: string): readonly string[] {
  const value = step.new.inputs[input];
  if (value === undefined || value === null || value === false) return [];
  return [`${title(step)} must not have public addresses: ${input} ${clauseOf(value)}.`];
}

const DESTINATIONS = [
  "destinationCidrBlock",
  "destinationIpv6CidrBlock",
  "cidrBlock",
  "ipv6CidrBlock",
];
const WAYS_OUT = ["gatewayId", "natGatewayId", "egressOnlyGatewayId"];

/** What a node's subnet is routed by leads nowhere but to its own network (and to the endpoint's prefix list). */
export const noWayOut: Rule = (facts) => {
  const network = networkOf(facts);
  return network.shown.flatMap((step) => {
    const out = routesIn(step).filter(leadsOut);
    if (out.length === 0) return [];
    const tables = step.type.endsWith(":Route")
      ? network.sourcesOf(step, "routeTableId")
      : [step.urn];
    const subnets = subnetsOf(tables, network);
    if (subnets.length === 0)
      return [
        `${title(step)} leads out, and the preview doesn't show of which subnet; make it with --show-sames.`,
      ];
    const ofNodes = subnets.filter((urn) => network.nodeSubnets.has(urn));
    return ofNodes.map(
      (urn) => `${title(step)} would lead out of the nodes' subnet ${urn.split("::").at(-1)}.`,
    );
  });
};

function routesIn({ type, new: { inputs } }: Shown): readonly Values[] {
  if (type === "aws:ec2/route:Route") return [inputs];
  if (type !== "aws:ec2/routeTable:RouteTable") return [];
  return Array.isArray(inputs.routes) ? inputs.routes : [];
}

function leadsOut(route: Values): boolean {
  const everywhere = DESTINATIONS.some((key) => {
    const to = route[key];
    return to === "0.0.0.0/0" || to === "::/0" || isUnknown(to);
  });
  return everywhere || WAYS_OUT.some((key) => route[key] !== undefined && route[key] !== "");
}

function subnetsOf(tables: readonly string[], { shown, sourcesOf }: Network): readonly string[] {
  return shown
    .filter(({ type }) => type === "aws:ec2/routeTableAssociation:RouteTableAssociation")
    .filter((step) => sourcesOf(step, "routeTableId").some((urn) => tables.includes(urn)))
    .flatMap((step) => sourcesOf(step, "subnetId"));
}

const BLOCKS = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];

/** The bucket holds every deployment's secrets: no policy and no access list may let in anybody outside the account. */
export const bucketsClosed: Rule = (facts) => {
  const { shown, sourcesOf } = networkOf(facts);
  const blocks = shown.filter(
    ({ type }) => type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  );
  const blocked = new Set(blocks.flatMap((step) => sourcesOf(step, "bucket")));
  return [
    ...blocks.flatMap((step) =>
      BLOCKS.filter((key) => step.new.inputs[key] !== true).map(
        (key) =>
          `${title(step)} must block all public access: ${key} ${clauseOf(step.new.inputs[key])}.`,
      ),
    ),
    ...shown
      .filter((step) => kindOf(step) === "bucket" && !blocked.has(step.urn))
      .map(
        (step) =>
          `${title(step)} has no public access block in the preview; without --show-sames it may only be hidden.`,
      ),
    ...facts.changes
      .filter(
        ({ op, type }) =>
          op === "delete" && type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      )
      .map((step) => `${title(step)} would be deleted, and public access is what it blocks.`),
  ];
};

/** How the resources of a preview hang together: by what an input comes from, which is known before any id is. */
export interface Network {
  /** Everything that will be there, with its new state. */
  readonly shown: readonly Shown[];
  /** Instances and network interfaces of nodes, by URN. */
  readonly nodes: ReadonlySet<string>;
  /** Subnets that a node is in, by URN. */
  readonly nodeSubnets: ReadonlySet<string>;
  /** URNs of the resources that the input of a resource names. */
  sourcesOf(step: Shown, input: string): readonly string[];
}

export type Shown = Step & { readonly new: State };

function networkOf({ preview, ownerOf }: Facts): Network {
  const shown = preview.steps.filter(
    (step): step is Shown => step.op !== "delete" && step.new !== undefined,
  );
  const byId = new Map(shown.map(({ urn, new: { outputs } }) => [outputs.id, urn]));
  const sourcesOf = ({ new: { inputs, dependencies } }: Shown, input: string) => {
    const known = byId.get(inputs[input] ?? "");
    return [...(dependencies[input] ?? []), ...(known === undefined ? [] : [known])];
  };
  const parts = shown.filter(
    (step) =>
      ["aws:ec2/instance:Instance", "aws:ec2/networkInterface:NetworkInterface"].includes(
        step.type,
      ) && ownerOf(step).machine?.kind === "node",
  );
  return {
    shown,
    nodes: new Set(parts.map(({ urn }) => urn)),
    nodeSubnets: new Set(parts.flatMap((step) => sourcesOf(step, "subnetId"))),
    sourcesOf,
  };
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** A password in a URI, or in JSON that is the content of a file. */
const PASSWORD = /:\/\/[^\s:/@]*:[^\s/@]+@|"[\w-]*(?:password|passphrase|secret)"\s*:\s*"[^"]+"/i;
const SECRET_NAME = /(?:password|passphrase|secret|privatekey|privatekeypem|secretkey|apikey)$/i;

/** What is secret is marked where it is born: in a preview, and so in the state, it is hidden. The sentence never repeats it. */
export const secretsMarked: Rule = ({ preview: { steps, config } }) =>
  [
    // A value that was in clear text before the update is in the state's history already, and an update that takes it out is the remedy.
    ...steps.flatMap(({ op, new: state, answer, ...step }) =>
      op === "delete" || state === undefined
        ? []
        : [
            ...inClear(state.inputs, []),
            ...inClear(op === "same" ? answer?.outputs : state.outputs, []),
          ].map(
            ([path, what]) =>
              `${title(step)} shows ${what} in clear text: ${path} must be marked as a secret.`,
          ),
    ),
    ...inClear(config, []).map(
      ([path, what]) => `The config shows ${what} in clear text: ${path}.`,
    ),
  ].filter((sentence, index, all) => all.indexOf(sentence) === index);

/** Whether a value looks like a secret, itself or by its name. */
export function showsSecret(value: unknown, path: string): boolean {
  return inClear(value, path.split(".")).length > 0;
}

type Found = readonly [path: string, what: string];

function inClear(value: unknown, path: readonly string[]): readonly Found[] {
  if (typeof value === "string") return clearText(value, path);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => inClear(inner, [...path, key]));
}

function clearText(text: string, path: readonly string[]): readonly Found[] {
  if (text === "" || text === SECRET || isUnknown(text)) return [];
  const where = path.join(".");
  if (PRIVATE_KEY.test(text)) return [[where, "a private key"]];
  if (PASSWORD.test(text) || SECRET_NAME.test(path.at(-1) ?? "")) return [[where, "a password"]];
  return [];
}
