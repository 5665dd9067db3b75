// Previews for the guard's tests: resources as `pulumi preview --json` shows them, and what the guard says of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../../tools/guard/judge.ts";
import { parsePreview, UNKNOWN } from "../../tools/guard/preview.ts";

/** One step as the CLI prints it. */
export interface RawStep {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: object;
  readonly newState?: object;
  readonly replaceReasons?: readonly string[];
}

interface Shape {
  /** Inputs before and after; an operation that has no such side has no such state. */
  readonly old?: object;
  readonly new?: object;
  readonly protect?: boolean;
  readonly parent?: string;
  readonly outputs?: object;
  /** By input: the resources that it comes from. */
  readonly from?: Readonly<Record<string, RawStep>>;
  readonly reasons?: readonly string[];
}

const DEPLOYMENT = "portico:aws:Deployment";

/** A resource of the deployment `orders`, below the component `below`. */
export function resource(
  op: string,
  type: string,
  name: string,
  { old, new: next, reasons, from = {}, ...rest }: Shape = {},
  below = DEPLOYMENT,
): RawStep {
  const parent = rest.parent ?? urnOf(DEPLOYMENT, "orders");
  const dependencies = Object.fromEntries(
    Object.entries(from).map(([input, { urn }]) => [input, [urn]]),
  );
  const state = (inputs: object) => ({
    ...{ urn: urnOf(`${below}$${type}`, name), type, custom: true, parent, inputs },
    ...(rest.protect ? { protect: true } : {}),
    ...(rest.outputs ? { outputs: rest.outputs } : {}),
    propertyDependencies: dependencies,
  });
  return {
    op,
    urn: urnOf(`${below}$${type}`, name),
    ...(op === "create" ? {} : { oldState: state(old ?? next ?? {}) }),
    ...(op === "delete" ? {} : { newState: state(next ?? old ?? {}) }),
    ...(reasons ? { replaceReasons: reasons } : {}),
  };
}

export function urnOf(types: string, name: string): string {
  return `urn:pulumi:production::portico::${types}::${name}`;
}

export function document(whitelist: object, rest: object = {}): { content: string; key: string } {
  const content = { contract: 1, nodes: {}, open: false, ...rest, whitelist };
  return { content: JSON.stringify(content), key: "orders/document.json" };
}

/** What the guard says of these steps. */
export function refusals(
  steps: readonly RawStep[],
  { whitelistOnly = false, config = {} }: { whitelistOnly?: boolean; config?: object } = {},
): readonly string[] {
  const read = parsePreview(JSON.stringify({ config, steps }));
  if (read.kind !== "preview") throw new Error(read.why);
  const verdict = judge(read.preview, { whitelistOnly });
  if (verdict.kind === "unknown") throw new Error(verdict.why);
  return verdict.kind === "refused" ? verdict.refusals : [];
}

const INSTANCE = "aws:ec2/instance:Instance";
const RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
export const GROUP = "aws:ec2/securityGroup:SecurityGroup";
export const BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";

export const METADATA = { httpTokens: "required", httpPutResponseHopLimit: 1 };
export const DISK = { encrypted: true };
export const instance = (inputs: object, name = "orders-1") =>
  resource("create", INSTANCE, name, {
    new: { rootBlockDevice: DISK, metadataOptions: METADATA, ...inputs },
  });
export const documentOf = (whitelist: object, rest: object = {}) =>
  resource("same", "aws:s3/bucketObjectv2:BucketObjectv2", "orders-document", {
    new: document(whitelist, rest),
  });
export const ruleFor = (inputs: object) => resource("create", RULE, "orders-x", { new: inputs });
export const openedBefore = (inputs: object) => resource("same", RULE, "orders-x", { new: inputs });
export const entries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`203.0.113.${index}/32`, ""]));
export const closed = Object.fromEntries(
  ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].map(
    (key) => [key, true],
  ),
);

/** A node in a subnet whose route table has what `route` says; no id is known yet. */
export function network(route: object, subnetInputs: object = {}, inside = "orders-1"): RawStep[] {
  const subnet = resource("create", "aws:ec2/subnet:Subnet", "orders-nodes-a", {
    new: subnetInputs,
  });
  const table = resource("create", "aws:ec2/routeTable:RouteTable", "orders-nodes", {});
  const association = resource(
    ...(["create", "aws:ec2/routeTableAssociation:RouteTableAssociation"] as const),
    "orders-nodes-a",
    {
      new: { subnetId: UNKNOWN, routeTableId: UNKNOWN },
      from: { subnetId: subnet, routeTableId: table },
    },
  );
  const card = resource("create", "aws:ec2/networkInterface:NetworkInterface", inside, {
    new: { subnetId: UNKNOWN },
    from: { subnetId: subnet },
  });
  const way = resource("create", "aws:ec2/route:Route", "orders-out", {
    new: { routeTableId: UNKNOWN, ...route },
    from: { routeTableId: table },
  });
  return [subnet, table, association, card, ...(Object.keys(route).length > 0 ? [way] : [])];
}

export const node = network({}).find(({ urn }) => urn.includes("NetworkInterface")) as RawStep;
export const bucket = resource("create", "aws:s3/bucket:Bucket", "bucket", {});
export const blockOf = (inputs: object) =>
  resource("create", BLOCK, "bucket", { new: { bucket: UNKNOWN, ...inputs }, from: { bucket } });

/** What there is in a preview, and what each sentence against it says, in their order. */
export type Case = readonly [title: string, steps: readonly RawStep[], ...refused: RegExp[]];

export function check(cases: readonly Case[]): void {
  for (const [title, steps, ...refused] of cases)
    test(`${refused.length === 0 ? "fine" : "refused"}: ${title}`, () => {
      const found = refusals(steps);
      assert.equal(found.length, refused.length, found.join("\n"));
      for (const [index, pattern] of refused.entries()) assert.match(found[index] ?? "", pattern);
    });
}
