import { UNKNOWN } from "../../tools/guard/preview.ts";
import { document, type RawStep, resource } from "./preview.ts";

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
