import type { PortalDocument } from "../contract.ts";
import type { Engine } from "./engine.ts";
import { postgresql } from "./postgresql/engine.ts";
import { scylladb } from "./scylladb/engine.ts";

/** One row an engine. */
const ENGINES: Readonly<Record<PortalDocument["engine"], Engine>> = {
  postgresql,
  scylladb,
};

export const engineOf = ({ engine }: Pick<PortalDocument, "engine">): Engine => ENGINES[engine];
