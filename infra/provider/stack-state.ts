import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";

import { z } from "zod";

import type { Held } from "../model/removed.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const DEADLINE_MS = 60_000;

const Exported = z.object({
  deployment: z.object({
    resources: z
      .array(
        z.object({
          urn: z.string(),
          parent: z.string().optional(),
          protect: z.boolean().optional(),
        }),
      )
      .nullish(),
  }),
});

export type InState =
  | { readonly kind: "known"; readonly resources: readonly Held[] }
  | { readonly kind: "unknown"; readonly why: string };

const Listed = z.array(z.object({ name: z.string() }));

/**
 * What the stack's state says of its resources. The engine tells a provider of nothing but the one resource that it asks about, so the CLI
 * is asked: it takes no lock for it, and what the running update has written is whole at any moment.
 */
export async function resourcesInState(stack: string): Promise<InState> {
  try {
    const text = await exported(stack).catch(async (error: unknown) => {
      const name = await inAnOrganization(stack).catch(() => undefined);
      if (name === undefined) throw error;
      return exported(name);
    });
    const { resources } = Exported.parse(JSON.parse(text)).deployment;
    return { kind: "known", resources: resources ?? [] };
  } catch (error) {
    return { kind: "unknown", why: error instanceof Error ? error.message : String(error) };
  }
}

const exported = (stack: string): Promise<string> => pulumi("stack", "export", "--stack", stack);

/** On Pulumi Cloud a stack is looked for in the default organization. This project's stack of that name may be another one's. */
async function inAnOrganization(stack: string): Promise<string | undefined> {
  const listed = Listed.parse(JSON.parse(await pulumi("stack", "ls", "--json")));
  const [name, ...others] = listed
    .map((one) => one.name)
    .filter((one) => one.endsWith(`/${stack}`));
  return others.length === 0 ? name : undefined;
}

async function pulumi(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], {
    cwd: PROJECT,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeout: DEADLINE_MS,
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout;
}
