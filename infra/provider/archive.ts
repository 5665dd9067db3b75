import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";

import { z } from "zod";

const BLOCK = 512;
const LONGEST = 2 ** 20;
const Manifest = z.array(z.object({ Config: z.string() })).length(1, "must hold one image");

/**
 * The id of the image in an archive that `docker save` wrote: the digest of its config, whatever Docker itself calls it. The machines'
 * service checks the same (machine/portico_machine/archive.py).
 */
export async function imageIn(path: string): Promise<string> {
  const file = await open(path);
  try {
    const places = await placesIn(file);
    const manifest = Manifest.parse(
      JSON.parse((await read(file, places, "manifest.json")).toString()),
    );
    const config = await read(file, places, manifest[0]?.Config ?? "");
    return `sha256:${createHash("sha256").update(config).digest("hex")}`;
  } finally {
    await file.close();
  }
}

interface Place {
  readonly start: number;
  readonly size: number;
}

/** Where each file of a tar archive (POSIX ustar) is in it. */
async function placesIn(file: FileHandle): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>();
  let at = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK), 0, BLOCK, at);
    if (bytesRead < BLOCK || buffer.every((byte) => byte === 0)) return places;
    const text = (from: number, length: number) =>
      buffer.toString("latin1", from, from + length).split("\0")[0] ?? "";
    const size = Number.parseInt(text(124, 12), 8);
    if (!(size >= 0)) throw new Error("is no tar archive");
    places.set(text(0, 100), { start: at + BLOCK, size });
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
}

async function read(
  file: FileHandle,
  places: ReadonlyMap<string, Place>,
  name: string,
): Promise<Buffer> {
  const place = places.get(name);
  if (place === undefined || place.size > LONGEST)
    throw new Error(`has no ${name} that can be read`);
  const { buffer } = await file.read(Buffer.alloc(place.size), 0, place.size, place.start);
  return buffer;
}
