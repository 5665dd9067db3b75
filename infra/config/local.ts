import { z } from "zod";

import { canonicalCidr } from "../../proxy-image/src/cidr.ts";
import { BASE_IMAGE } from "../model/base-image.ts";
import { blockOf, contains } from "../model/block.ts";
import { HIGHEST_SLOT } from "../model/plan.ts";
import type { LocalTarget } from "../model/stack.ts";
import { NAME, NAME_RULE } from "./name.ts";
import type { Report } from "./report.ts";
import { strict } from "./strict.ts";
import { text } from "./text.ts";

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].map(blockOf);

const RANGE = 'must be a private /16 such as "10.87.0.0/16"';
const SLOT = `must be a whole number from 0 to ${HIGHEST_SLOT}`;
const PORT = "must be a port from 1024 to 65516";

const Raw = strict({
  name: text(NAME_RULE).regex(NAME, NAME_RULE).default("portico"),
  range: text(RANGE)
    .refine(
      (cidr) =>
        cidr.endsWith(".0.0/16") &&
        canonicalCidr(cidr) === cidr &&
        PRIVATE.some((block) => contains(block, blockOf(cidr))),
      RANGE,
    )
    .default("10.87.0.0/16"),
  firstPort: z.int({ error: PORT, abort: true }).min(1024, PORT).max(65_516, PORT).default(15_432),
  base: text("must be the name of an image").min(1).default(BASE_IMAGE),
  slots: z
    .record(z.string(), z.int({ error: SLOT, abort: true }).min(0, SLOT).max(HIGHEST_SLOT, SLOT))
    .default({}),
});

export interface LocalConfig extends LocalTarget {
  /** The slots that were given out before, by deployment. */
  readonly slots: Readonly<Record<string, number>>;
}

export function readLocal(raw: unknown, report: Report): LocalConfig | undefined {
  const read = Raw.safeParse(raw ?? {});
  for (const { path, message } of read.error?.issues ?? []) report(path, message);
  return read.data;
}
