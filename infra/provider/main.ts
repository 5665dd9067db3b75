// Only what a provider needs: the whole of @pulumi/pulumi takes three times as long to load.
import * as log from "@pulumi/pulumi/log/index.js";
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";
import { resetOptions } from "@pulumi/pulumi/runtime/settings.js";

import { makeDocument } from "./document.ts";
import { directory, file } from "./files.ts";
import { imageArchive } from "./image-archive.ts";
import { makeInForce, reportsInS3 } from "./in-force.ts";
import { inventory } from "./inventory.ts";
import type { Kind, Props } from "./kind.ts";
import { exitWithParent } from "./orphan.ts";

// A CLI that was killed can't stop its plugins.
exitWithParent();
// The CLI's farewell. Node writes what it has compiled (NODE_COMPILE_CACHE) at an end of its own only, not when a signal ends it.
process.once("SIGINT", () => process.exit(0));
const stopped = new AbortController();
const warn = (message: string) => void log.warn(message);
const kinds: Readonly<Record<string, Kind>> = {
  "portico:index:Directory": directory,
  "portico:index:File": file,
  "portico:index:Document": makeDocument(warn, stopped.signal),
  "portico:index:Inventory": inventory,
  "portico:index:ImageArchive": imageArchive,
  "portico:index:InForce": makeInForce(reportsInS3, warn, stopped.signal),
};

/** Files of a stack on this machine, images and what portals say in the bucket of one on AWS, as resources: an edit of one is an update in place. */
const provider: Provider = {
  version: "0.1.0",
  schema: JSON.stringify({ name: "portico", version: "0.1.0" }),
  check: async (urn: string, olds: Props, news: Props) =>
    (await kindOf(urn).check?.(urn, olds, news)) ?? { inputs: news, failures: [] },
  diff: async (_id: string, urn: string, olds: Props, news: Props) => kindOf(urn).diff(olds, news),
  create: (urn: string, props: Props) => kindOf(urn).create(props),
  read: async (id: string, urn: string, props: Props = {}) => {
    const found = await kindOf(urn).read(id, props);
    // Inputs as well: the engine shows a drift by comparing the inputs that it remembers.
    return found === undefined ? { id: "", props: {} } : { id, props: found, inputs: found };
  },
  update: async (_id: string, urn: string, olds: Props, news: Props) => ({
    outs: await kindOf(urn).update(olds, news),
  }),
  delete: (id: string, urn: string) => kindOf(urn).delete(id),
  cancel: async () => stopped.abort(new Error("the update was cancelled")),
};

const args = process.argv.slice(2);
const engine = args.find((arg) => /^[^-].*:\d+$/.test(arg));
if (engine !== undefined) resetOptions("portico", "provider", 1, engine, "", false, "");
await main(provider, args);

function kindOf(urn: string): Kind {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const kind = kinds[type];
  if (kind === undefined) throw new Error(`this provider has no resource of the type ${type}`);
  return kind;
}
