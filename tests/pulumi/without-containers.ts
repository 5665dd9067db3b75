import type { Stack } from "../support/cli.ts";

/** For updates of the real program without a Docker engine: everything but networks, volumes, images and containers. */
export const WITHOUT_CONTAINERS = ["--exclude", "**docker:index**", "--exclude-dependents"];

export function up(stack: Stack, ...options: string[]): Promise<Readonly<Record<string, number>>> {
  return stack.up(...WITHOUT_CONTAINERS, ...options);
}

export function previewText(stack: Stack): Promise<string> {
  return stack.run(
    "preview",
    ...stack.configArguments,
    "--diff",
    "--color",
    "never",
    ...WITHOUT_CONTAINERS,
  );
}

/** A config with one deployment, `orders`. */
export function orders(settings: object): Readonly<Record<string, unknown>> {
  return {
    "portico:target": "local",
    "portico:deployments": { orders: { engine: "postgresql", ...settings } },
  };
}
