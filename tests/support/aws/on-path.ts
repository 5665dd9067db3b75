import { delimiter } from "node:path";

/** From here on every plugin that a stack of this process asks for as `aws` is the stand-in: what is on PATH wins over what is installed. */
export function standInForAws(): void {
  process.env.PATH = [import.meta.dirname, process.env.PATH].filter(Boolean).join(delimiter);
}
