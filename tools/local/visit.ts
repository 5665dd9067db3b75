import { setTimeout as pause } from "node:timers/promises";

import { z } from "zod";

import { type Answer, type Door, knock } from "./knock.ts";

const PAGE_MS = 2_000;
const AGAIN_MS = 500;

/** What a portal makes of this machine. */
export type Visit =
  | { readonly kind: "open" }
  /** It lets this machine in, and serves nobody at the moment. */
  | { readonly kind: "shut"; readonly why: string }
  /** Neither its endpoint nor its status page answers: it refuses this machine, or isn't there. */
  | { readonly kind: "silent"; readonly why: string };

const Page = z.object({
  endpoints: z.record(z.string(), z.object({ gate: z.string(), why: z.string() })),
});

export type Page = z.infer<typeof Page>;

/** Tries one endpoint of a portal until it serves, or the deadline has passed. `status`: the address of its status page. */
export async function visit(
  door: Door,
  endpoint: string,
  status: string,
  deadlineMs: number,
): Promise<Visit> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await knock(door, Math.max(deadline - Date.now(), AGAIN_MS));
    const found = judgeVisit(answer, await readPage(status), endpoint);
    if (found.kind !== "shut" || Date.now() + AGAIN_MS >= deadline) return found;
    await pause(AGAIN_MS);
  }
}

/** The page knows better than the answer: behind TLS that ends at the portal a client waits without a sign of it. */
export function judgeVisit(answer: Answer, page: Page | undefined, endpoint: string): Visit {
  const { gate, why } = page?.endpoints[endpoint] ?? {};
  if (gate === "held") return { kind: "shut", why: `new connections wait: ${why}` };
  if (gate === "closed") return { kind: "shut", why: `new connections are refused: ${why}` };
  if (answer.kind === "open") return answer;
  return { kind: page ? "shut" : "silent", why: answer.why };
}

/** Undefined: it doesn't answer this machine. */
async function readPage(status: string): Promise<Page | undefined> {
  try {
    const response = await fetch(status, { signal: AbortSignal.timeout(PAGE_MS) });
    return Page.parse(await response.json());
  } catch {
    return undefined;
  }
}
