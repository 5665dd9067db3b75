// The stack's inventory as a resource. Its check asks the CLI what the stack's state still has.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { z } from "zod";

import type { Held, Inventory, Known } from "../model/inventory.ts";
import { asksForState, judge } from "../model/inventory.ts";
import type { Kind, Props } from "./kind.ts";
import { isMissing } from "./kind.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

const Entries = z.record(
  z.string(),
  z
    .object({
      engine: z.string(),
      version: z.string(),
      generation: z.number(),
      rotate: z.number(),
      nodes: z.record(z.string(), z.string()),
      portals: z.array(z.string()),
      database: z.string(),
      user: z.string(),
      volume: z.number(),
    })
    .partial(),
);
const Stored = z.object({
  place: z.record(z.string(), z.string()),
  deployments: Entries,
  leaving: Entries.optional(),
});
const Document = z.object({
  deployment: z.string(),
  engine: z.string(),
  generation: z.number(),
  nodes: z.record(z.string(), z.object({ address: z.string() })),
});

/**
 * A stack's inventory: an update that would change it in a way that it forbids ends at its check, in the preview as well. Nothing else
 * of the stack is declared before. Its properties are those of an `Inventory`, and what is `leaving`.
 */
export const inventory: Kind = {
  check: async (urn, olds, news) => {
    const known = Stored.safeParse(olds).data ?? (await fromDocuments(urn));
    const wanted = news as unknown as Inventory;
    const asked = asksForState(known, wanted)
      ? await resourcesInState(stackOf(urn))
      : NOTHING_ASKED;
    if (asked.kind === "unknown") return { inputs: news, failures: [failure(unread(asked.why))] };
    const { why, leaving } = judge(known, wanted, asked.resources);
    const rest = Object.keys(leaving).length > 0 ? { leaving } : {};
    return { inputs: { ...news, ...rest }, failures: why.map(failure) };
  },
  diff: (olds, news) => ({
    changes: JSON.stringify(inputsOf(olds)) !== JSON.stringify(inputsOf(news)),
    replaces: [],
  }),
  create: async (props) => ({ id: "inventory", outs: props }),
  read: async (_id, props) => props,
  update: async (_olds, news) => news,
  delete: async () => {},
};

// No property is named: the engine would print its value, all deployments in one line, before the reason.
const failure = (reason: string) => ({ property: "", reason });

const NOTHING_ASKED = { kind: "known", resources: [] } as const;

const unread = (why: string) =>
  `portico:removed: what the state still has of what it names can't be read, since pulumi stack export failed. Nothing has been touched. ${why}`;

const stackOf = (urn: string): string => /^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "";

/** Without what is leaving: when nothing of it is left, it is forgotten, and a preview need not show that. */
function inputsOf({ place, deployments, removed }: Props): unknown {
  return [place, deployments, removed].map(sorted);
}

/** The engine hands over a map's keys in an order of its own. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

/** A state of an older build has no inventory. The documents of its deployments are on this machine, if the stack is a local one and is up. */
async function fromDocuments(urn: string): Promise<Known> {
  const folder = join(PROJECT, ".portico", stackOf(urn));
  const names = await readdir(folder).catch(unlessMissing([]));
  const read = names.map(async (name) => {
    const path = join(folder, name, "document", "document.json");
    const text = await readFile(path, "utf8").catch(unlessMissing(undefined));
    const document = text === undefined ? undefined : Document.safeParse(JSON.parse(text)).data;
    if (document === undefined) return [];
    const { engine, generation, nodes } = document;
    const addresses = Object.entries(nodes).map(([node, { address }]) => [node, address] as const);
    return [[name, { engine, generation, nodes: Object.fromEntries(addresses) }] as const];
  });
  return { deployments: Object.fromEntries((await Promise.all(read)).flat()) };
}

function unlessMissing<Empty>(empty: Empty): (error: NodeJS.ErrnoException) => Empty {
  return (error) => {
    if (isMissing(error) || error.code === "ENOTDIR") return empty;
    throw error;
  };
}

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

type InState =
  | { readonly kind: "known"; readonly resources: readonly Held[] }
  | { readonly kind: "unknown"; readonly why: string };

const Listed = z.array(z.object({ name: z.string() }));

/**
 * What the stack's state says of its resources. The engine tells a provider of nothing but the one resource that it asks about, so the CLI
 * is asked: it takes no lock for it, and what the running update has written is whole at any moment.
 */
async function resourcesInState(stack: string): Promise<InState> {
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
