import { readFileSync } from "node:fs";

/** What Valkey 8.1 answered on a cluster of three nodes. */
export function recorded(file: string): Buffer {
  return readFileSync(new URL(`./replies/${file}`, import.meta.url));
}
