import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "esbuild";

import { catalogue, type Engine } from "../../engines/table.ts";
import { addressOf, type Cluster, containerOf, targetsOf } from "../../tests/support/cluster.ts";
import { until } from "../../tests/support/containers.ts";
import { docker } from "../../tests/support/docker.ts";
import type { Target } from "../../tests/support/writer.ts";
import { removeAll, runInteractive, start } from "../containers.ts";
import type { Asked } from "./in-network.ts";

const CONTAINER = "portico-bench-probe";
const WATCHING_WITHIN_S = 20;

/** Asks nodes themselves, from within their network. */
export interface Probe {
  /** Returns once each of `nodes` is asked for a write, again and again. What it returns waits for the first one that takes it. */
  watch(
    nodes: readonly string[],
  ): Promise<(seconds: number) => Promise<{ readonly address: string; readonly at: number }>>;
}

/** `use` has a probe; its container is gone afterwards. */
export async function withProbe(
  cluster: Cluster,
  engine: Engine,
  use: (probe: Probe) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-bench-"));
  try {
    await removeAll();
    await build({
      entryPoints: [join(import.meta.dirname, "in-network.ts")],
      outfile: join(folder, "probe.mjs"),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "esm",
      logLevel: "error",
      // What the MongoDB driver does without.
      external: [
        "kerberos",
        "@mongodb-js/zstd",
        "@aws-sdk/*",
        "gcp-metadata",
        "snappy",
        "socks",
        "mongodb-client-encryption",
      ],
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
    const [portal = ""] = cluster.portals;
    const { Image } = await docker.getContainer(containerOf(cluster, portal)).inspect();
    const network = `${cluster.prefix}-${cluster.name}`;
    await start({
      ...{ name: CONTAINER, image: Image, command: ["sleep", "infinity"] },
      ...{ binds: [`${folder}:/probe:ro`], networks: [network] },
    });
    await use({ watch: (nodes) => watch(cluster, engine, nodes) });
  } finally {
    await removeAll();
    await rm(folder, { recursive: true, force: true });
  }
}

async function watch(cluster: Cluster, engine: Engine, nodes: readonly string[]) {
  const { server, tls } = catalogue[engine];
  const [through] = targetsOf(cluster, "primary");
  const targets = await Promise.all(
    nodes.map(async (node) => ({
      ...(through as Target),
      ...{ host: await addressOf(cluster, node), port: server, plain: tls === "portal" },
    })),
  );
  const lines: string[] = [];
  const asked: Asked = { engine, targets };
  const command = ["node", "/probe/probe.mjs", JSON.stringify(asked)];
  const run = await runInteractive(CONTAINER, command, (line) => lines.push(line));
  await until("a probe of every node", WATCHING_WITHIN_S, async () => lines.length >= nodes.length);
  return async (seconds: number) => {
    const line = await until("a new leader", seconds, async () =>
      lines.find((line) => line !== "asked"),
    );
    run.end();
    const [address = "", at] = line.split(" ");
    return { address, at: Number(at) };
  };
}
