// The service that machines on AWS run (`machine/`), as one file that Python runs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

const FOLDER = join(import.meta.dirname, "../../machine");
const PACKAGE = "portico_machine";

/** What machines are started with: the template of their user data, and the content of the bucket's `machine/portico-machine`. */
export function machineService(): { readonly template: string; readonly archive: Buffer } {
  const modules = readdirSync(join(FOLDER, PACKAGE))
    .filter((file) => file.endsWith(".py"))
    .map((file) => `${PACKAGE}/${file}`);
  return {
    template: read("user-data.sh"),
    archive: serviceArchive(
      Object.fromEntries(["__main__.py", ...modules].map((path) => [path, read(path)])),
    ),
  };
}

function read(path: string): string {
  return readFileSync(join(FOLDER, path), "utf8");
}

const DATE = 0x0021; // 1 January 1980, the zip format's first day
const VERSION = 20;

/**
 * The machine's service as one file that Python runs: a zip of its modules, stored as they are. The same modules always give the same
 * bytes, so that the bucket's object changes with them alone. Keys are paths in the archive, in ASCII.
 */
export function serviceArchive(modules: Readonly<Record<string, string>>): Buffer {
  const files = Object.entries(modules).sort(([a], [b]) => (a < b ? -1 : 1));
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const name = Buffer.from(path, "ascii");
    const data = Buffer.from(text);
    const facts = factsOf(name, data);
    const body = Buffer.concat([u32(0x04034b50), facts, name, data]);
    bodies.push(body);
    // After the common facts: no comment, disk 0, no attributes, where the body is.
    directory.push(
      Buffer.concat([u32(0x02014b50), u16(VERSION), facts, Buffer.alloc(10), u32(offset), name]),
    );
    offset += body.length;
  }
  const list = Buffer.concat(directory);
  const count = u16(files.length);
  const end = [u32(0x06054b50), u32(0), count, count, u32(list.length), u32(offset), u16(0)];
  return Buffer.concat([...bodies, list, ...end]);
}

/** What a file's own header and its line in the directory have in common. */
function factsOf(name: Buffer, data: Buffer): Buffer {
  const size = u32(data.length);
  const method = [u16(VERSION), u16(0), u16(0), u16(0), u16(DATE)];
  return Buffer.concat([...method, u32(crc32(data)), size, size, u16(name.length), u16(0)]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
