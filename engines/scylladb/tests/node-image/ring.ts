import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Authority } from "../../../../tests/support/authority.ts";
import { exec, until } from "../../../../tests/support/containers.ts";
import { asNode, docker } from "../../../../tests/support/docker.ts";
import { nodeImage } from "../../../../tests/support/node-image.ts";

const NODES = ["events-1", "events-2", "events-3"] as const;
export type NodeName = (typeof NODES)[number];

/** MiB: what the local target gives a node. */
const MEMORY = 640;

/** The node's image as it is in the working tree. */
export function buildImage(): Promise<string> {
  return nodeImage("scylladb");
}

/** Three nodes of Cassandra, in ScyllaDB's place, on an internal network of their own, as the local target makes them. */
export class Ring {
  readonly nodes = NODES;
  readonly secrets: Record<string, string> = Object.fromEntries(
    ["admin", "app", "portal"].map((name) => [name, randomBytes(12).toString("hex")]),
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

  /** `subnet` is the first three octets. */
  static async create(prefix: string, subnet: string, image: string): Promise<Ring> {
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    const ring = new Ring(prefix, subnet, image, folder);
    await chmod(folder, 0o755);
    await docker.createNetwork({
      Name: prefix,
      Internal: true,
      IPAM: { Config: [{ Subnet: `${subnet}.0/24` }] },
      Options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
    });
    const authority = await Authority.create();
    for (const node of NODES) await ring.#describe(node, authority);
    await Promise.all(NODES.map((node) => ring.createNode(node)));
    return ring;
  }

  container(node: NodeName): string {
    return `${this.#prefix}-${node}`;
  }

  address(node: NodeName): string {
    return `${this.#subnet}.1${node.at(-1)}`;
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
        ...asNode(MEMORY),
        RestartPolicy: { Name: "unless-stopped" },
        Binds: [
          `${join(this.#folder, node)}:/etc/portico/node:ro`,
          `${this.container(node)}-data:/var/lib/portico`,
        ],
      },
    });
    await container.start();
  }

  /** The container and all that it has stored. */
  async lose(node: NodeName): Promise<void> {
    await docker.getContainer(this.container(node)).remove({ force: true, v: true });
    await docker.getVolume(`${this.container(node)}-data`).remove();
  }

  kill(...nodes: NodeName[]): Promise<unknown> {
    return Promise.all(nodes.map((node) => docker.getContainer(this.container(node)).kill()));
  }

  start(...nodes: NodeName[]): Promise<unknown> {
    return Promise.all(nodes.map((node) => docker.getContainer(this.container(node)).start()));
  }

  /** One statement on one node, and its rows: values parted by tabs. Rejects with what the node says. */
  async cql(node: NodeName, statement: string, user: Login = "admin"): Promise<string> {
    const { code, output } = await exec(this.container(node), ["cql", statement], "", [
      `CQL_USER=${user === "app" ? "events" : user}`,
      `CQL_PASSWORD=${user === "cassandra" ? "cassandra" : this.secrets[user]}`,
    ]);
    if (code !== 0) throw new Error(`${statement} on ${node}: ${output.trim().slice(-600)}`);
    return output.trim();
  }

  /** Every node says that it is healthy, and sees every node up and in its place. */
  untilWhole(seconds: number): Promise<true> {
    return until("a whole ring", seconds, async () => {
      for (const node of NODES) {
        const health = await exec(this.container(node), ["sh", "/usr/local/lib/portico/health"]);
        if (health.code !== 0) throw new Error(`${node}: ${health.output.trim()}`);
      }
      for (const node of NODES) {
        const { output } = await exec(this.container(node), ["nodetool", "status"]);
        const up = output.split("\n").filter((line) => line.startsWith("UN ")).length;
        if (up !== NODES.length) throw new Error(`${node} sees ${up} nodes up: ${output}`);
      }
      return true as const;
    });
  }

  async remove(): Promise<void> {
    for (const node of NODES) {
      const container = docker.getContainer(this.container(node));
      await gone(container.remove({ force: true, v: true }));
      await gone(docker.getVolume(`${this.container(node)}-data`).remove());
    }
    await gone(docker.getNetwork(this.#prefix).remove());
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #describe(node: NodeName, authority: Authority): Promise<void> {
    const folder = join(this.#folder, node);
    await mkdir(folder, { mode: 0o755 });
    const put = async (file: string, content: string): Promise<void> => {
      await writeFile(join(folder, `${file}.new`), content, { mode: 0o644 });
      await rename(join(folder, `${file}.new`), join(folder, file));
    };
    const peer = await authority.issue([node, this.address(node), "127.0.0.1", "localhost"]);
    await put("ca.crt", authority.pem);
    await put("peer.crt", peer.certificate);
    await put("peer.key", peer.key);
    await put("secrets.json", JSON.stringify(this.secrets));
    const description = {
      contract: 1,
      name: node,
      scope: "events",
      address: this.address(node),
      members: Object.fromEntries(NODES.map((name) => [name, this.address(name)])),
      durability: "quorum",
      database: "events",
      user: "events",
      memory: MEMORY,
    };
    await put("node.json", JSON.stringify(description));
  }
}

/** `cassandra`: the login that every new Cassandra has. */
type Login = "admin" | "app" | "portal" | "cassandra";

/** Removing what is not there is no failure. */
async function gone(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
  });
}
