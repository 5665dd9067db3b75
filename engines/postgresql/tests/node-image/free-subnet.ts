import { randomInt } from "node:crypto";
import { docker } from "../../../../tests/support/docker.ts";
import { freeRange } from "../../../../tools/setup/free-place.ts";

/** The first three octets of a network that nobody has. Another clone on this machine may be at the same tests. */
export async function freeSubnet(): Promise<string> {
  const range = await freeRange(docker, { first: 192, last: 239, from: 192 + randomInt(48) });
  return range.replace(/\.0\/16$/, "");
}
