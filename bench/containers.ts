import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";

import { docker } from "../tests/support/docker.ts";

export interface Helper {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly binds: readonly string[];
  /** Joined in this order. */
  readonly networks: readonly string[];
}

/** Starts a container that lives as long as the measurement: `removeAll` takes it away. */
export async function start({ name, image, command, binds, networks }: Helper): Promise<void> {
  const [first = "bridge", ...others] = networks;
  const container = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: [...command],
    Cmd: [],
    User: "root",
    Healthcheck: { Test: ["NONE"] },
    Labels: { "portico.bench": "helper" },
    HostConfig: { NetworkMode: first, Binds: [...binds], Init: true },
  });
  for (const network of others) {
    await docker.getNetwork(network).connect({ Container: container.id });
  }
  await container.start();
}

/** Those of earlier, interrupted measurements too. */
export async function removeAll(): Promise<void> {
  const filters = { label: ["portico.bench=helper"] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
}

export interface InteractiveRun {
  send(line: string): void;
  /** Ends the program's input: it ends then. */
  end(): void;
}

/** Runs a program in a container and reads its lines as they come. What it says on standard error is shown. */
export async function runInteractive(
  container: string,
  command: readonly string[],
  onLine: (line: string) => void,
): Promise<InteractiveRun> {
  const run = await docker.getContainer(container).exec({
    Cmd: [...command],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await run.start({ hijack: true, stdin: true });
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, process.stderr);
  createInterface({ input: output }).on("line", onLine);
  return {
    send: (line) => void stream.write(`${line}\n`),
    end: () => void stream.end(),
  };
}
