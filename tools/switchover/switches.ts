import type Docker from "dockerode";
import { z } from "zod";

import { logOf } from "../local/containers.ts";

/** A change of leader, as a portal's log tells it. */
const Line = z.object({
  time: z.union([z.string(), z.number()]).transform((time) => new Date(time).getTime()),
  portal: z.string(),
  oldLeader: z.string().optional(),
  newLeader: z.string(),
  epoch: z.string(),
  heldMs: z.number(),
  cut: z.number(),
  proof: z.string(),
});

export type Switch = z.infer<typeof Line>;

/** What a portal's log tells of changes of leader since `began`, in wall-clock milliseconds. */
export async function readSwitches(
  docker: Docker,
  portal: string,
  began: number,
): Promise<readonly Switch[]> {
  return changesIn(await logOf(docker, portal, Math.floor(began / 1000)), began);
}

/** Lines that are anything else, HAProxy's among them, are passed over. */
export function changesIn(log: string, began: number): readonly Switch[] {
  return log.split("\n").flatMap((line) => {
    const read = Line.safeParse(parse(line)).data;
    const isChange = read !== undefined && read.time >= began && read.newLeader !== read.oldLeader;
    return isChange ? [read] : [];
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
