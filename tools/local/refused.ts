import { setTimeout as pause } from "node:timers/promises";

import type Docker from "dockerode";
import { z } from "zod";

import { blockOf, contains } from "../../infra/model/block.ts";
import { logOf } from "./containers.ts";

/** A portal's log has a refusal within a second. */
const LOGGED_MS = 3_000;
const LOOK_MS = 250;

/** How this machine comes to the portals. */
export interface Way {
  /** Of the portals' network: the source of what comes by a published port, where the engine runs on this machine itself. */
  readonly gateway: string;
  /** The portals' network, as a CIDR block: other containers come from there. */
  readonly network: string;
  /** The engine runs in a virtual machine, which may show an address of its own instead, and which nobody else reaches. */
  readonly virtual: boolean;
}

/** The address for which a portal has refused this machine since `began`, wall-clock milliseconds. Undefined: it refused others, or nobody. */
export async function refusedAs(
  docker: Docker,
  portal: string,
  way: Way,
  began: number,
): Promise<string | undefined> {
  const deadline = Date.now() + LOGGED_MS;
  for (;;) {
    const log = await logOf(docker, portal, Math.floor(began / 1000)).catch(() => "");
    const own = ownSource(sourcesIn(log, began), way);
    if (own !== undefined || Date.now() >= deadline) return own;
    await pause(LOOK_MS);
  }
}

const Line = z.object({ time: z.iso.datetime(), source: z.string(), reason: z.string() });

/** Whom a portal's log tells of as refused since `began`. Lines that are anything else are passed over. */
export function sourcesIn(log: string, began: number): readonly string[] {
  const sources = log.split("\n").flatMap((line) => {
    const read = Line.safeParse(parse(line)).data;
    return read && Date.parse(read.time) >= began ? [read.source] : [];
  });
  return [...new Set(sources)];
}

/** Which of the refused sources is this machine. Containers in the portals' network may be refused too, and whoever is routed there. */
export function ownSource(
  refused: readonly string[],
  { gateway, network, virtual }: Way,
): string | undefined {
  if (refused.includes(gateway)) return gateway;
  const inside = blockOf(network);
  const outside = refused.filter((source) => !contains(inside, blockOf(hostCidr(source))));
  return virtual && outside.length === 1 ? outside[0] : undefined;
}

export const hostCidr = (address: string): string =>
  `${address}/${address.includes(":") ? 128 : 32}`;

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
