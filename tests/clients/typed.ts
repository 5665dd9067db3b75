import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { execa } from "execa";
import { catalogue, type Engine } from "../../engines/table.ts";
import { pathOf, withoutPassword } from "../../engines/uri.ts";
import type { Outcome } from "../../tools/local/containers.ts";
import type { Cluster } from "../support/cluster.ts";
import { caFileOf, containerOf } from "../support/cluster.ts";
import { docker } from "../support/docker.ts";
import { installed } from "./installed.ts";

/** What is said to the program that a person has typed, and what it must answer. psql and redis-cli are in tests/e2e and engines/redis/tests. */
export const DIALOGS: Partial<Record<Engine, { readonly send: string; readonly expect: RegExp }>> =
  {
    elasticsearch: { send: "", expect: /^ip +heap\.percent/m },
    mongodb: { send: "print(db.runCommand({ ping: 1 }).ok + 41)\n", expect: /42/ },
    mysql: { send: "SELECT 40 + 2;\n", expect: /42/ },
    rabbitmq: { send: "", expect: /hello is there/ },
    rethinkdb: { send: "", expect: /^\[.*\]$/m },
    scylladb: { send: "SELECT key FROM system.local;\n", expect: /^ *local *$/m },
  };

const LONGEST_MS = 60_000;

/** What a person types for one endpoint, by who says so: `npm start`, and the forms for a shell. */
export function typedLines(
  cluster: Cluster,
  engine: Engine,
  { uri, clients: forms }: Cluster["outputs"]["endpoints"][string],
): readonly (readonly [string, string])[] {
  const files = { ca: caFileOf(cluster), password: passwordFileOf(cluster, engine) };
  const shells = catalogue[engine].clients.forms.filter(({ language }) => language === "shell");
  return [
    ["what `npm start` prints for people", catalogue[engine].command(withoutPassword(uri), files)],
    ...shells.map(({ client }) => [`the form of ${client}`, forms[client] ?? ""] as const),
  ];
}

/**
 * Runs such a line as it is, in a shell that has the program: `mysql` comes with the node's image, curl with this machine, the others from
 * their registries. `ca`: another authority's file.
 */
export async function typed(
  cluster: Cluster,
  engine: Engine,
  line: string,
  { send, ca }: { readonly send: string; readonly ca?: string },
): Promise<Outcome> {
  const own = caFileOf(cluster);
  const shown = ca ?? own;
  const command = line.replaceAll(own, shown).replaceAll(pathOf(own), pathOf(shown));
  const [python, node] = await Promise.all([installed("python"), installed("node")]);
  const path = [join(python, "venv/bin"), join(node, "node_modules/.bin"), process.env.PATH];
  const files = [shown, passwordFileOf(cluster, engine)];
  const shell =
    engine === "mysql"
      ? ["docker", ...(await inNodesImage(cluster, files)), command]
      : ["sh", "-c", command];
  const [file = "", ...args] = shell;
  // Some forms leave a file with the login where they are typed.
  const cwd = await mkdtemp(join(tmpdir(), "portico-typed-"));
  const { exitCode, all } = await execa(file, args, {
    ...{ cwd, input: send, all: true, reject: false, timeout: LONGEST_MS },
    env: { PATH: path.join(":") },
  });
  await rm(cwd, { recursive: true });
  return { code: exitCode ?? -1, output: all };
}

const passwordFileOf = (cluster: Cluster, engine: Engine): string =>
  join(dirname(caFileOf(cluster)), catalogue[engine].passwordFile.name);

async function inNodesImage(cluster: Cluster, files: readonly string[]): Promise<string[]> {
  const [node = ""] = cluster.nodes;
  const { Image } = await docker.getContainer(containerOf(cluster, node)).inspect();
  const binds = files.flatMap((file) => ["-v", `${file}:${file}:ro`]);
  // The node's own `mysql`, an operator's, comes before it otherwise.
  const asInstalled = ["-e", "PATH=/usr/bin:/bin", "--entrypoint=sh"];
  return ["run", "--rm", "-i", "--network=host", ...binds, ...asInstalled, Image, "-c"];
}
