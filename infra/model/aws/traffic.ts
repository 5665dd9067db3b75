import { catalogue, type Engine } from "../catalogue.ts";
import type { Flow as Row } from "../engines/row.ts";
import { description } from "./description.ts";

/** What machines of a deployment say to each other: who may open a connection to whom, at which TCP port. */
export interface Flow extends Row {
  readonly to: "nodes";
}

export function flowsOf(engine: Engine): readonly Flow[] {
  return catalogue[engine].flows.map(({ from, port, what }) => ({
    ...{ from, to: "nodes", port },
    // Written for people: an apostrophe is more than AWS takes.
    what: description(what.replaceAll("'", "")),
  }));
}
