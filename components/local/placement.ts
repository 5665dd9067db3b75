import { join } from "node:path";

import type { LocalDeployment } from "../../infra/model/stack.ts";
import type { Directory } from "../files.ts";

/** What all resources of a deployment on this machine have in common. */
export interface Placement {
  readonly deployment: LocalDeployment;
  /** Absolute path of the deployment's files on the host. */
  readonly path: string;
  /** The directory at `path`, which nobody else on the host may enter. */
  readonly directory: Directory;
  readonly labels: Labels;
}

type Labels = { label: string; value: string }[];

/** With these, setup finds what a lost state no longer knows. */
export function labelsOf(stack: string, deployment?: string): Labels {
  return [
    { label: "portico.stack", value: stack },
    ...(deployment === undefined ? [] : [{ label: "portico.deployment", value: deployment }]),
  ];
}

/** Where things are below a deployment's directory. */
export const paths = {
  authority: (path: string): string => join(path, "ca.pem"),
  document: (path: string): string => join(path, "document"),
  node: (path: string, node: string): string => join(path, "nodes", node),
  identity: (path: string, portal: string): string => join(path, "portals", portal, "identity"),
  report: (path: string, portal: string): string => join(path, "portals", portal, "report"),
} as const;
