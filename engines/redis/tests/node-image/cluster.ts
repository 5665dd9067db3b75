import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exec, until } from "../../../../tests/support/containers.ts";
import { type Act, act, asNode, docker } from "../../../../tests/support/docker.ts";
import { nodeImage } from "../../../../tests/support/node-image.ts";
import type { Outcome } from "../../../../tools/local/containers.ts";

/** The node's image as it is in the working tree. */
export function buildImage(): Promise<string> {
  return nodeImage("redis");
}

export const NODES = ["orders-1", "orders-2", "orders-3"] as const;
export type NodeName = (typeof NODES)[number];

const PROBE = ["--no-auth-warning", "--user", "probe", "--pass", "anything"];

/** Three nodes on an internal network of their own, as the local target makes them. */
export class RedisCluster {
  readonly secrets: Record<string, string> = Object.fromEntries(
    ["app", "replication", "sentinel", "operator"].map((name) => [
      name,
      randomBytes(12).toString("hex"),
    ]),
  );
  readonly #prefix: string;
  readonly #subnet: string;
  readonly #image: string;
  readonly #folder: string;

  private constructor(prefix: string, subnet: string, image: string, folder: string) {
    this.#prefix = prefix;
    this.#subnet = subnet;
    this.#image = image;
    this.#folder = folder;
  }

  /** `subnet` is the first three octets. What an earlier run of that prefix left is removed first. */
  static async create(prefix: string, subnet: string, image: string): Promise<RedisCluster> {
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    await chmod(folder, 0o755);
    const cluster = new RedisCluster(prefix, subnet, image, folder);
    await cluster.#removeContainers();
    await docker.createNetwork({
      Name: prefix,
      Internal: true,
      IPAM: { Config: [{ Subnet: `${subnet}.0/24` }] },
      Options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
    });
    for (const node of NODES) await mkdir(join(folder, node));
    await cluster.describe();
    for (const node of NODES) await cluster.createNode(node);
    return cluster;
  }

  container(node: NodeName): string {
    return `${this.#prefix}-${node}`;
  }

  address(node: NodeName): string {
    return `${this.#subnet}.1${node.at(-1)}`;
  }

  /** Writes node.json and secrets.json of every node, as `up` would. */
  async describe(secrets: Readonly<Record<string, string>> = {}): Promise<void> {
    Object.assign(this.secrets, secrets);
    const members = Object.fromEntries(NODES.map((name) => [name, this.address(name)]));
    for (const node of NODES) {
      const known = { contract: 1, name: node, scope: "orders", address: this.address(node) };
      await this.#put(node, "secrets.json", this.secrets);
      await this.#put(node, "node.json", { ...known, members, user: "orders", memory: 256 });
    }
  }

  async createNode(node: NodeName): Promise<void> {
    const container = await docker.createContainer({
      name: this.container(node),
      Hostname: node,
      Image: this.#image,
      StopTimeout: 20,
      NetworkingConfig: {
        EndpointsConfig: { [this.#prefix]: { IPAMConfig: { IPv4Address: this.address(node) } } },
      },
      HostConfig: {
        NetworkMode: this.#prefix,
        ...asNode(256),
        Binds: [
          `${join(this.#folder, node)}:/etc/portico/node:ro`,
          `${this.container(node)}-data:/var/lib/portico`,
        ],
      },
    });
    await container.start();
  }

  /** With its volume. */
  async removeNode(node: NodeName): Promise<void> {
    await docker.getContainer(this.container(node)).remove({ force: true });
    await docker.getVolume(`${this.container(node)}-data`).remove();
  }

  each(nodes: readonly NodeName[], what: Act): Promise<unknown> {
    return Promise.all(nodes.map((node) => act(docker.getContainer(this.container(node)), what)));
  }

  /** A command in the node's own server, as the operator, as the application, or as the user without a secret. */
  async ask(node: NodeName, command: readonly string[], as?: "app" | "probe"): Promise<string> {
    const app = ["--no-auth-warning", "--user", "orders", "--pass", this.secrets.app ?? ""];
    const client = as ? ["/usr/bin/valkey-cli", ...(as === "app" ? app : PROBE)] : ["valkey-cli"];
    const { code, output } = await exec(this.container(node), [...client, ...command]);
    if (code !== 0) throw new Error(`${command.join(" ")} on ${node}: ${output}`);
    return output.trim();
  }

  /** A command of one node to another's Sentinel, as the user without a secret. */
  sentinel(from: NodeName, at: NodeName, command: readonly string[]): Promise<Outcome> {
    const target = ["-h", this.address(at), "-p", "26379"];
    return exec(this.container(from), ["/usr/bin/valkey-cli", ...target, ...PROBE, ...command]);
  }

  /**
   * Stops a node's server in the moment in which another's Sentinel first names it as the leader: the replicas follow a second later.
   * Asked in the node itself, since on a busy machine that second is over before a command from outside has begun.
   */
  async freezeServerOnceNamed(node: NodeName, by: NodeName): Promise<void> {
    const ask = `/usr/bin/valkey-cli -h ${this.address(by)} -p 26379 ${PROBE.join(" ")} sentinel get-master-addr-by-name orders`;
    const wait = `for time in $(seq 3000); do ${ask} | grep -qx ${this.address(node)} && break; sleep 0.01; done`;
    const stop = "kill -STOP $(s6-svstat -o pid /run/portico/valkey/services/server)";
    const { code, output } = await exec(
      this.container(node),
      ["sh", "-c", `${wait}; ${stop}`],
      "valkey",
    );
    if (code !== 0) throw new Error(`the server of ${node} goes on: ${output}`);
  }

  /** Whether the node's server takes writes: it leads, and somebody receives them. */
  async leads(node: NodeName): Promise<boolean> {
    const role = await this.ask(node, ["role"], "probe").catch(() => "no answer");
    return /^master\n\d+\n\d/.test(role);
  }

  untilLeader(seconds: number, not?: NodeName): Promise<NodeName> {
    return until("a leader that takes writes", seconds, async () => {
      for (const node of NODES) if (node !== not && (await this.leads(node))) return node;
      return undefined;
    });
  }

  /** Each node says that it is a working member; gives the one that leads. */
  untilWhole(seconds: number): Promise<NodeName> {
    return until("a whole cluster", seconds, async () => {
      for (const node of NODES) {
        const { healthy, why } = await this.health(node);
        if (!healthy) throw new Error(`${node}: ${why}`);
      }
      const lead = await Promise.all(NODES.map((node) => this.leads(node)));
      const [leader, ...others] = NODES.filter((_, index) => lead[index]);
      if (leader === undefined || others.length > 0) throw new Error(`lead: ${lead}`);
      return leader;
    });
  }

  async health(node: NodeName): Promise<{ readonly healthy: boolean; readonly why: string }> {
    const check = ["sh", "/usr/local/lib/portico/health"];
    const { code, output } = await exec(this.container(node), check, "nobody");
    return { healthy: code === 0, why: output.trim() };
  }

  async remove(): Promise<void> {
    await this.#removeContainers();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #put(node: NodeName, file: string, content: unknown): Promise<void> {
    const path = join(this.#folder, node, file);
    await writeFile(`${path}.new`, JSON.stringify(content), { mode: 0o644 });
    await rename(`${path}.new`, path);
  }

  async #removeContainers(): Promise<void> {
    const remove = { force: true, v: true };
    await Promise.all(
      NODES.map((node) => gone(docker.getContainer(this.container(node)).remove(remove))),
    );
    await Promise.all(
      NODES.map((node) => gone(docker.getVolume(`${this.container(node)}-data`).remove())),
    );
    await gone(docker.getNetwork(this.#prefix).remove());
  }
}

/** Removing what is not there is no failure. */
async function gone(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
  });
}
