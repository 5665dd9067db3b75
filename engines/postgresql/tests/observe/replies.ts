import { readFileSync } from "node:fs";

/** What Patroni 4.0.7 and etcd 3.5.16 answered on a cluster of three nodes. */
export function recorded(file: string): Buffer {
  return readFileSync(new URL(`./replies/${file}`, import.meta.url));
}
