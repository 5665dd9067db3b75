// Where things are in the stack's bucket, and the policies that say who may reach them.

/** Where things are in the stack's bucket. */
export const keys = {
  /** The service that every machine runs. */
  service: "machine/portico-machine",
  document: (deployment: string): string => `${deployment}/document.json`,
  machine: (deployment: string, machine: string): string => `${deployment}/${machine}/machine.json`,
  file: (deployment: string, machine: string, file: string): string =>
    `${deployment}/${machine}/files/${file}`,
  /** Below it is what machines write. They write often, so old versions of it go. */
  reports: "reported/",
  reported: (deployment: string, machine: string): string =>
    `reported/${deployment}/${machine}/machine.json`,
  applied: (deployment: string, machine: string): string =>
    `reported/${deployment}/${machine}/applied.json`,
  image: (digest: string): string => `images/${digest.replace("sha256:", "")}.tar`,
} as const;

/** A statement of an IAM policy. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

export interface MachineRights {
  readonly bucketArn: string;
  readonly keyArn: string;
  readonly deployment: string;
  readonly machine: string;
  readonly isPortal: boolean;
  /** The machine whose image this one waits for. */
  readonly after: string | undefined;
}

function policy(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** What a machine may do: read its own prefix and what all machines share, and write its own report. */
export function machinePolicy(rights: MachineRights): string {
  const { bucketArn, keyArn, deployment, machine, isPortal, after } = rights;
  const object = (key: string): string => `${bucketArn}/${key}`;
  return policy([
    {
      Sid: "Read",
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: [
        object(keys.machine(deployment, machine)),
        object(keys.file(deployment, machine, "*")),
        object(keys.service),
        object("images/*"),
        ...(isPortal ? [object(keys.document(deployment))] : []),
        ...(after === undefined ? [] : [object(keys.reported(deployment, after))]),
      ],
    },
    {
      Sid: "List",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: bucketArn,
      Condition: { StringLike: { "s3:prefix": `${deployment}/${machine}/*` } },
    },
    {
      Sid: "Report",
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: object(`${keys.reports}${deployment}/${machine}/*`),
    },
    {
      Sid: "Encryption",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Resource: keyArn,
    },
  ]);
}

/** The bucket answers over TLS only. */
export function bucketPolicy(bucketArn: string): string {
  return policy([
    {
      Sid: "TlsOnly",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: [bucketArn, `${bucketArn}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

/** What may pass the private subnets' only way out: requests to the stack's bucket, and Amazon Linux's package repositories. */
export function endpointPolicy(bucketArn: string, region: string): string {
  return policy([
    {
      Sid: "OwnBucket",
      Effect: "Allow",
      Principal: "*",
      Action: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
      Resource: [bucketArn, `${bucketArn}/*`],
    },
    {
      Sid: "Packages",
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::al2023-repos-${region}-de612dc2/*`,
    },
  ]);
}

export const ec2Trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
});

export const dlmTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "dlm.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
});

/** What Data Lifecycle Manager needs to make and remove snapshots, as AWS's own managed policy has it. */
export const dlmPolicy = policy([
  {
    Sid: "Snapshots",
    Effect: "Allow",
    Action: [
      "ec2:CreateSnapshot",
      "ec2:CreateSnapshots",
      "ec2:DeleteSnapshot",
      "ec2:DescribeInstances",
      "ec2:DescribeVolumes",
      "ec2:DescribeSnapshots",
    ],
    Resource: "*",
  },
  {
    Sid: "Tags",
    Effect: "Allow",
    Action: "ec2:CreateTags",
    Resource: "arn:aws:ec2:*::snapshot/*",
  },
]);
