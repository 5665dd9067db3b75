// Steps that a changed program, or a hand in the wrong place, could put into a preview. Each is one change in a real one.
type State = Record<string, unknown> & { inputs: Record<string, unknown> };

interface Raw {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
  replaceReasons?: string[];
}

export interface BadStep {
  readonly title: string;
  readonly refused: RegExp;
  /** Whose preview it is made from: a change of `changes.ts`. By default a whitelist edit. */
  readonly in?: string;
  /** It is tried as an edit of whitelists too. */
  readonly whitelistOnly?: true;
  change(steps: Raw[]): void;
}

/** The preview's text with the change in it. */
export function changedBy({ change }: Pick<BadStep, "change">, text: string): string {
  const preview = JSON.parse(text);
  change(preview.steps);
  return JSON.stringify(preview);
}

const RULE = "SecurityGroupIngressRule::orders-192.0.2.0/24";
const EVERYTHING = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});
const FOREIGN = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::999999999999:root" },
      Action: "s3:GetObject",
      Resource: "*",
    },
  ],
});

export const STEPS: readonly BadStep[] = [
  {
    title: "a listed CIDR on the nodes' group",
    refused: /SecurityGroupIngressRule orders-192\.0\.2\.0\/24 isn't what .* securityGroupId is/,
    whitelistOnly: true,
    change(steps) {
      const nodes = one(steps, "SecurityGroup::orders-nodes");
      set(steps, RULE, { securityGroupId: nodes.oldState?.id });
    },
  },
  ...inputs("port 22", RULE, { fromPort: 22, toPort: 22 }, /fromPort is 22; toPort is 22/),
  ...inputs(
    "all ports",
    RULE,
    { ipProtocol: "-1", fromPort: 0, toPort: 65_535 },
    /ipProtocol is "-1"/,
  ),
  ...inputs(
    "a foreign account's group",
    RULE,
    { cidrIpv4: undefined, referencedSecurityGroupId: "999999999999/sg-0123456789abcdef0" },
    /referencedSecurityGroupId is "999999999999\/sg-/,
  ),
  added(
    "egress of nodes to everywhere",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    {
      cidrIpv4: "0.0.0.0/0",
      ipProtocol: "-1",
    },
  ),
  added("a VPC peering connection", "aws:ec2/vpcPeeringConnection:VpcPeeringConnection", {
    peerOwnerId: "999999999999",
    peerVpcId: "vpc-0123456789abcdef0",
  }),
  added("a route to elsewhere", "aws:ec2/route:Route", {
    destinationCidrBlock: "198.18.0.0/15",
    vpcPeeringConnectionId: "pcx-0123456789abcdef0",
  }),
  ...inputs(
    "a role that may do everything",
    "RolePolicy::orders-1",
    { policy: EVERYTHING },
    /RolePolicy orders-1 .* policy is/,
  ),
  ...inputs(
    "a bucket policy for another account",
    "BucketPolicy::bucket",
    { policy: FOREIGN },
    /BucketPolicy bucket .* policy is/,
  ),
  ...inputs(
    "a key policy for another account",
    "key:Key::key",
    { policy: FOREIGN },
    /Key key .* policy is/,
  ),
  ...inputs(
    "a key that doesn't rotate",
    "key:Key::key",
    { enableKeyRotation: false },
    /enableKeyRotation is false/,
  ),
  ...inputs(
    "a role that another account assumes",
    "role:Role::orders-1",
    { assumeRolePolicy: FOREIGN },
    /assumeRolePolicy is/,
  ),
  ...inputs(
    "a bucket that isn't encrypted by its key",
    "ServerSideEncryptionConfiguration::bucket",
    { rules: [] },
    /rules is/,
  ),
  ...inputs(
    "a bucket without versions",
    "BucketVersioning::bucket",
    { versioningConfiguration: { status: "Suspended" } },
    /status is "Suspended"/,
  ),
  ...inputs(
    "a public address for a node",
    "NetworkInterface::orders-1",
    { ipv6AddressCount: 1 },
    /ipv6AddressCount is 1/,
  ),
  ...inputs(
    "another profile for a node",
    "Instance::orders-1",
    { iamInstanceProfile: "admin" },
    /iamInstanceProfile is "admin"/,
  ),
  ...inputs("other user data", "Instance::orders-1", { userData: "#!/bin/sh" }, /userData is/),
  ...inputs(
    "another image of the machine",
    "Instance::orders-portal-1",
    { ami: "ami-0ffffffffffffffff" },
    /ami is/,
  ),
  ...inputs(
    "an address for another machine",
    "EipAssociation::orders-portal-1",
    { networkInterfaceId: "eni-0123456789abcdef0" },
    /networkInterfaceId is/,
  ),
  ...inputs(
    "another account's credentials",
    "pulumi:providers:aws::aws",
    { assumeRoles: "[]" },
    /assumeRoles is/,
  ),
  deleted(
    "the snapshot policy",
    ["LifecyclePolicy::snapshots"],
    /LifecyclePolicy snapshots would be deleted/,
  ),
  deleted(
    "an entry's rule",
    ["SecurityGroupIngressRule::orders-203.0.113.0/24"],
    /would be deleted, and the config asks/,
  ),
  deleted(
    "both portals",
    ["Instance::orders-portal-1", "Instance::orders-portal-2"],
    /no portal would be left/,
  ),
  deleted(
    "two nodes",
    ["Instance::orders-1", "Instance::orders-2"],
    /orders-1 and orders-2 would be deleted/,
  ),
  {
    title: "the whole whitelist gone",
    refused: /The whole whitelist of orders would be gone/,
    whitelistOnly: true,
    change(steps) {
      document(steps, (content) => ({ ...content, whitelist: {} }));
    },
  },
  {
    title: "both halves of IPv4 on the whitelist",
    refused: /half of IPv4 or more/,
    whitelistOnly: true,
    change(steps) {
      document(steps, (content) => ({
        ...content,
        whitelist: { ...Object(content.whitelist), "0.0.0.0/1": "", "128.0.0.0/1": "" },
      }));
    },
  },
  {
    title: "durability lowered",
    refused: /orders would acknowledge what only its leader has/,
    change(steps) {
      const { oldState } = one(steps, "orders-1-node.json");
      const content = String(oldState?.inputs.content).replace('"quorum"', '"async"');
      set(steps, "orders-1-node.json", { content });
    },
  },
  {
    title: "a volume that isn't protected any more",
    refused: /Volume orders-1-data isn't .* it isn't protected; it would not be kept/,
    change(steps) {
      const { newState } = one(steps, "Volume::orders-1-data");
      Object.assign(newState ?? {}, { protect: false, retainOnDelete: false });
    },
  },
  {
    title: "a resource that another provider makes",
    refused: /RolePolicy orders-1 isn't .* another provider would make it/,
    change(steps) {
      const { newState } = one(steps, "RolePolicy::orders-1");
      Object.assign(newState ?? {}, {
        provider: String(newState?.provider).replace("::aws::", "::other::"),
      });
    },
  },
  {
    title: "the bucket's public access block left out",
    refused: /BucketPublicAccessBlock bucket isn't in the preview/,
    change(steps) {
      steps.splice(steps.indexOf(one(steps, "BucketPublicAccessBlock::bucket")), 1);
    },
  },
];

/** A description showed a URI with its password; the update puts the right one back. */
export const LEAK_MENDED: Pick<BadStep, "change"> = {
  change(steps) {
    const step = one(steps, "SecurityGroupIngressRule::orders-203.0.113.0/24");
    step.op = "update";
    Object.assign(step.oldState?.inputs ?? {}, {
      description: "postgresql://orders:hunter2@db/orders",
    });
  },
};

function inputs(
  title: string,
  urn: string,
  values: Record<string, unknown>,
  refused: RegExp,
): readonly BadStep[] {
  return [{ title, refused, whitelistOnly: true, change: (steps) => set(steps, urn, values) }];
}

function added(title: string, type: string, values: Record<string, unknown>): BadStep {
  return {
    title,
    refused: new RegExp(`config doesn't ask for .*orders-added \\(${type}\\)`),
    whitelistOnly: true,
    change(steps) {
      const like = one(steps, "Vpc::orders");
      const urn = like.urn.replace("aws:ec2/vpc:Vpc::orders", `${type}::orders-added`);
      const newState = { ...like.newState, urn, type, inputs: values };
      steps.push({ op: "create", urn, newState });
    },
  };
}

function deleted(title: string, urns: readonly string[], refused: RegExp): BadStep {
  return {
    title: `${title} deleted`,
    refused,
    whitelistOnly: true,
    change(steps) {
      for (const step of urns.map((urn) => one(steps, urn))) {
        step.op = "delete";
        delete step.newState;
      }
    },
  };
}

function set(steps: readonly Raw[], urn: string, values: Record<string, unknown>): void {
  const step = one(steps, urn);
  if (step.op === "same") step.op = "update";
  const { newState } = step;
  if (newState) newState.inputs = { ...newState.inputs, ...values };
}

function document(
  steps: readonly Raw[],
  change: (content: Record<string, unknown>) => object,
): void {
  const { newState } = one(steps, "BucketObjectv2::orders-document");
  const content = JSON.parse(String(newState?.inputs.content));
  set(steps, "BucketObjectv2::orders-document", { content: JSON.stringify(change(content)) });
}

function one(steps: readonly Raw[], urn: string): Raw {
  const [step, ...more] = steps.filter((step) => step.urn.endsWith(urn));
  if (step === undefined || more.length > 0)
    throw new Error(`${more.length} more of ${urn}, or none`);
  return step;
}
