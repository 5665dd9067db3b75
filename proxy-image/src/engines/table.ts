import type { PortalDocument } from "../contract.ts";
import type { Engine } from "./engine.ts";
import { postgresql } from "./postgresql/engine.ts";
import { rabbitmq } from "./rabbitmq/engine.ts";

/** One row an engine. */
const ENGINES: Readonly<Record<PortalDocument["engine"], Engine>> = {
  postgresql,
  rabbitmq,
};

export const engineOf = ({ engine }: Pick<PortalDocument, "engine">): Engine => ENGINES[engine];
