import { machineType, PORTAL_MEMORY, roomOn } from "../model/aws/machine-type.ts";
import { catalogue, nodeNames, portalNames } from "../model/catalogue.ts";
import type { AwsDeployment } from "../model/stack.ts";
import type { Report } from "./report.ts";

type Read = Pick<
  AwsDeployment,
  "name" | "engine" | "nodes" | "portals" | "nodeType" | "portalType" | "pins"
>;

/**
 * Checks which machines a deployment on AWS asks for, and gives the memory of each of its nodes: what `said` says, or what the
 * smallest of their machines has room for.
 */
export function readMachines(read: Read, said: number | undefined, report: Report): number {
  const { nodeType, portalType, pins } = read;
  const portals = portalNames(read);
  reportPins(read, portals, report);
  reportOld(["nodeType"], nodeType, report);
  reportOld(["portalType"], portalType, report);
  for (const [machine, { type }] of Object.entries(pins))
    if (type !== undefined) reportOld(["pins", machine, "type"], type, report);
  for (const type of new Set(portals.map((portal) => pins[portal]?.type ?? portalType)))
    if ((roomOn(type) ?? PORTAL_MEMORY) < PORTAL_MEMORY)
      report(["portalType"], `${type} is too small: a portal needs ${PORTAL_MEMORY}MiB`);
  return readMemory(read, said, report);
}

function readMemory(read: Read, said: number | undefined, report: Report): number {
  const { engine, nodeType, pins } = read;
  const types = new Set(nodeNames(read).map((node) => pins[node]?.type ?? nodeType));
  const rooms = [...types].map((type) => ({ type, room: roomOn(type) }));
  // One that is not known comes first.
  const [smallest] = rooms.sort(({ room: a = 0 }, { room: b = 0 }) => a - b);
  const { type = nodeType, room } = smallest ?? {};
  if (said !== undefined) {
    if (room !== undefined && said > room)
      report(["memory"], `must be ${room}MiB at most on ${type}, which needs the rest itself`);
    return said;
  }
  const { least, usual } = catalogue[engine].memory;
  if (room === undefined)
    report(["memory"], `must be said: how much a machine of the type ${type} has is not known`);
  else if (room < least)
    report(["nodeType"], `${type} is too small: it has room for ${room}MiB of the ${least}MiB`);
  return room ?? usual;
}

function reportOld(path: readonly string[], type: string, report: Report): void {
  if (!machineType(type).nitro)
    report(path, `${type} is an older machine, on which a volume is not found; take a newer one`);
}

function reportPins(read: Read, portals: readonly string[], report: Report): void {
  const machines = [...nodeNames(read), ...portals];
  for (const [machine, { image }] of Object.entries(read.pins)) {
    if (!machines.includes(machine))
      report(["pins", machine], `is no machine of it: they are ${machines.join(", ")}`);
    if (image !== undefined && portals.includes(machine))
      report(["pins", machine, "image"], "is for nodes: portals change theirs one after the other");
  }
}
