import { createHash } from "node:crypto";

import { addressIn, blockOf } from "../block.ts";

/**
 * The /24 of a deployment that names none: it follows from the deployment's name alone, so that it stays while others come and
 * go. Two names may meet: that is a mistake that the config reports, and `network` settles.
 */
export function networkOf(name: string, range: string): string {
  const { first, last } = blockOf(range);
  const networks = Number((last - first + 1n) / 256n);
  const number = createHash("sha256").update(name).digest().readUInt32BE(0) % networks;
  return `${addressIn(range, number * 256)}/24`;
}
