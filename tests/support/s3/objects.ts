import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { crc32 } from "node:zlib";

export interface StoredObject {
  readonly body: Buffer;
  /** With its quotes, as it goes over the wire. */
  readonly etag: string;
  /** CRC32 of the body in base64, as S3 keeps it for what came with one, and for everything since 2024. */
  readonly crc32: string;
  readonly modified: Date;
}

/** Objects by bucket and key, with what was there before. */
export interface Objects {
  put(bucket: string, key: string, body: string | Buffer): StoredObject;
  get(bucket: string, key: string): StoredObject | undefined;
  /** The version before the current one. */
  previous(bucket: string, key: string): StoredObject | undefined;
  remove(bucket: string, key: string): void;
  /** Keys of a bucket in S3's order: that of their UTF-8 bytes. */
  keys(bucket: string): readonly string[];
}

export function createObjects(): Objects {
  const versions = new Map<string, readonly StoredObject[]>();
  const at = (bucket: string, key: string) => versions.get(`${bucket}/${key}`) ?? [];
  return {
    put: (bucket, key, content) => {
      const body = Buffer.from(content);
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32(body));
      const object: StoredObject = {
        body,
        etag: `"${createHash("md5").update(body).digest("hex")}"`,
        crc32: sum.toString("base64"),
        modified: new Date(),
      };
      versions.set(`${bucket}/${key}`, [...at(bucket, key), object]);
      return object;
    },
    get: (bucket, key) => at(bucket, key).at(-1),
    previous: (bucket, key) => at(bucket, key).at(-2),
    remove: (bucket, key) => void versions.delete(`${bucket}/${key}`),
    keys: (bucket) =>
      [...versions.keys()]
        .filter((path) => path.startsWith(`${bucket}/`))
        .map((path) => path.slice(bucket.length + 1))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  };
}

/**
 * Objects as files: `<folder>/<bucket>/<key>`. A file that is replaced from outside is served from the next request on;
 * nothing is kept of what was there before.
 */
export function createFolderObjects(folder: string): Objects {
  const path = (bucket: string, key: string) => {
    const full = join(folder, bucket, key);
    if (!full.startsWith(join(folder, sep))) throw new Error(`${key} leads out of the folder`);
    return full;
  };
  const one = (body: string | Buffer) => createObjects().put("", "", body);
  return {
    put: (bucket, key, body) => {
      mkdirSync(dirname(path(bucket, key)), { recursive: true });
      writeFileSync(path(bucket, key), body);
      return one(body);
    },
    get: (bucket, key) => {
      const stats = statSync(path(bucket, key), { throwIfNoEntry: false });
      if (!stats?.isFile()) return undefined;
      return { ...one(readFileSync(path(bucket, key))), modified: stats.mtime };
    },
    previous: () => undefined,
    remove: (bucket, key) => rmSync(path(bucket, key), { force: true }),
    keys: (bucket) => {
      const root = join(folder, bucket);
      if (!statSync(root, { throwIfNoEntry: false })) return [];
      return readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    },
  };
}
