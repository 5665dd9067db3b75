// Addresses of the tests' own, which neither this machine nor another test uses: other stages, and other clones, are at it in the same second.

import { randomInt } from "node:crypto";
import { mkdir, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freeRange } from "../../tools/setup/free-place.ts";
import { docker } from "./docker.ts";

const RESERVED = join(tmpdir(), "portico-test-ranges");

/** For so long a range is kept for whoever took it: until then Docker has its networks. */
const RESERVED_MS = 300_000;

const TRIES = 200;

/** A free /16 of 10.<first>.0.0 … 10.<last>.0.0, any of them, that nobody else is given for some minutes. */
export async function ownRange(first: number, last: number): Promise<string> {
  let range = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    range = await freeRange(docker, { first, last, from: randomInt(first, last + 1) });
    if (await reserve(range.replaceAll(/\W/g, "-"))) return range;
  }
  return range;
}

/** The first three octets of a network that is not a stack's. */
export async function freeSubnet(): Promise<string> {
  const range = await ownRange(192, 239);
  return range.replace(/\.0\/16$/, "");
}

async function reserve(name: string): Promise<boolean> {
  await mkdir(RESERVED, { recursive: true });
  const path = join(RESERVED, name);
  const since = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
  if (Date.now() - since > RESERVED_MS) await rm(path, { force: true });
  return open(path, "wx").then(
    async (file) => {
      await file.close();
      return true;
    },
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}
