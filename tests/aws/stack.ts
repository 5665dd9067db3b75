import { standInForAws } from "../support/aws/on-path.ts";
import type { Stack } from "../support/cli.ts";
import { withStack } from "../support/cli.ts";

export const DIGEST = (digit: string) => `sha256:${digit.repeat(64)}`;

export const IMAGES = { portal: DIGEST("a"), postgresql: DIGEST("b") } as const;
export const NEWER = DIGEST("c");

/** A config for AWS with a deployment for each key. */
export function awsConfig(
  deployments: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  aws: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    "portico:target": "aws",
    "portico:aws": {
      name: "portico-test",
      region: "eu-central-1",
      zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
      ami: "ami-0123456789abcdef0",
      images: IMAGES,
      ...aws,
    },
    "portico:deployments": Object.fromEntries(
      Object.entries(deployments).map(([name, rest]) => [name, { engine: "postgresql", ...rest }]),
    ),
  };
}

/** Runs `use` with a stack whose AWS is the stand-in of tests/support/aws. */
export async function withAwsStack(
  config: Record<string, unknown>,
  use: (stack: Stack) => Promise<void>,
): Promise<void> {
  standInForAws();
  await withStack({ config }, use);
}
