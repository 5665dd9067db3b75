import { keys } from "./keys.ts";

/** `machine.json`: what a machine is to run. Its reader, the machine's service, owns the contract. */
export interface MachineSettings {
  readonly contract: 1;
  readonly role: "node" | "portal";
  /** Id of the image, which is also the name of its archive. */
  readonly image: string;
  /** Limit of the container, in MiB. */
  readonly memory: number;
  readonly volume?: { readonly serial: string; readonly mount: string };
  /** The image is changed only once that machine reports the same one as running and healthy. */
  readonly after?: { readonly key: string };
  readonly documentKey?: string;
}

export const MOUNT = "/var/lib/portico-data";

export function nodeMachine(image: string, memory: number, volumeId: string): MachineSettings {
  // The serial number that the instance sees is the volume's id without its dash.
  const volume = { serial: volumeId.replace("-", ""), mount: MOUNT };
  return { contract: 1, role: "node", image, memory, volume };
}

export function portalMachine(
  image: string,
  memory: number,
  deployment: string,
  after: string | undefined,
): MachineSettings {
  return {
    contract: 1,
    role: "portal",
    image,
    memory,
    documentKey: keys.document(deployment),
    ...(after !== undefined && { after: { key: keys.reported(deployment, after) } }),
  };
}
