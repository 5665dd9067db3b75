import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sharedMemory } from "../../../../infra/model/node-settings.ts";
import { Authority } from "../../../../tests/support/authority.ts";
import { exec, execWell } from "../../../../tests/support/containers.ts";
import { docker, runToEnd } from "../../../../tests/support/docker.ts";
import { until } from "./image.ts";

const MIB = 1024 * 1024;
/** What a node is told that it may use, in MiB. */
const MEMORY = 512;
const NODES = ["orders-1", "orders-2", "orders-3"] as const;
export type NodeName = (typeof NODES)[number];

const HISTORY = "/service/orders/history";

/** What Patroni calls a replica whose confirmation a commit may wait for. */
const QUORUM = "Quorum Standby";

export interface Member {
  readonly Member: NodeName;
  readonly Role: string;
  readonly State: string;
}

/** Three nodes and a client on an internal network of their own, as the local target makes them. */
export class Cluster {
  readonly nodes = NODES;
  readonly secrets: Record<string, string> = Object.fromEntries(
    [
      "superuser",
      "replication",
      "rewind",
      "app",
      "etcdRoot",
      "etcdPatroni",
      "etcdPortal",
      "restapi",
    ].map((name) => [name, randomBytes(12).toString("hex")]),
  );
  readonly authority: Authority;
  readonly client: string;
  readonly #prefix: string;
  readonly #subnet: string;
  readonly #image: string;
  readonly #folder: string;

  private constructor(
    prefix: string,
    subnet: string,
    image: string,
    authority: Authority,
    folder: string,
  ) {
    this.#prefix = prefix;
    this.#subnet = subnet;
    this.#image = image;
    this.authority = authority;
    this.#folder = folder;
    this.client = `${prefix}-client`;
  }

  /** `subnet` is the first three octets. */
  static async create(subnet: string, image: string): Promise<Cluster> {
    const prefix = `nodetest-${randomBytes(4).toString("hex")}`;
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    const cluster = new Cluster(prefix, subnet, image, await Authority.create(), folder);
    await docker.createNetwork({
      Name: prefix,
      Internal: true,
      IPAM: { Config: [{ Subnet: `${subnet}.0/24` }] },
      Options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
    });
    await Promise.all(NODES.map((node) => cluster.#describe(node)));
    for (const node of NODES) await cluster.createNode(node);
    await cluster.#createClient();
    return cluster;
  }

  container(node: NodeName): string {
    return `${this.#prefix}-${node}`;
  }

  address(node: NodeName): string {
    return `${this.#subnet}.1${node.at(-1)}`;
  }

  /** Changes node.json and secrets.json of every node, as `up` would. */
  async describe(
    durability: "quorum" | "async",
    secrets: Record<string, string> = {},
    memory = MEMORY,
  ) {
    Object.assign(this.secrets, secrets);
    for (const node of NODES) await this.#writeDescription(node, durability, memory);
  }

  /** Puts a file where a node reads it, by rename, so that no half of it is ever seen. */
  async put(node: NodeName, file: string, content: string): Promise<void> {
    const path = join(this.#folder, node, file);
    await writeFile(`${path}.new`, content, { mode: 0o644 });
    await rename(`${path}.new`, path);
  }

  async createNode(node: NodeName): Promise<void> {
    const container = await docker.createContainer({
      name: this.container(node),
      Hostname: node,
      Image: this.#image,
      StopTimeout: 30,
      NetworkingConfig: {
        EndpointsConfig: { [this.#prefix]: { IPAMConfig: { IPv4Address: this.address(node) } } },
      },
      HostConfig: {
        NetworkMode: this.#prefix,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        CapAdd: ["SETUID", "SETGID"],
        Tmpfs: { "/run": "", "/tmp": "" },
        Memory: MEMORY * MIB,
        ShmSize: sharedMemory(8192) * MIB,
        Binds: [
          `${join(this.#folder, node)}:/etc/portico/node:ro`,
          `${this.container(node)}-data:/var/lib/portico`,
        ],
      },
    });
    await container.start();
  }

  /** Of a node that is stopped. */
  async removeWal(node: NodeName): Promise<void> {
    const { code, output } = await runToEnd(
      {
        Image: this.#image,
        Entrypoint: ["sh", "-c", "rm /var/lib/portico/postgresql/data/pg_wal/0*"],
        Healthcheck: { Test: ["NONE"] },
        HostConfig: {
          NetworkMode: "none",
          Binds: [`${this.container(node)}-data:/var/lib/portico`],
        },
      },
      60_000,
    );
    if (code !== 0) throw new Error(output);
  }

  async removeNode(node: NodeName): Promise<void> {
    await docker.getContainer(this.container(node)).remove({ force: true });
    await docker.getVolume(`${this.container(node)}-data`).remove();
  }

  kill(...nodes: NodeName[]): Promise<unknown> {
    return Promise.all(nodes.map((node) => docker.getContainer(this.container(node)).kill()));
  }

  start(...nodes: NodeName[]): Promise<unknown> {
    return Promise.all(nodes.map((node) => docker.getContainer(this.container(node)).start()));
  }

  async patronictl(node: NodeName, ...args: string[]): Promise<string> {
    const { code, output } = await exec(this.container(node), ["patronictl", ...args]);
    if (code !== 0) throw new Error(`patronictl ${args.join(" ")} on ${node}: ${output}`);
    return output;
  }

  /** etcdctl's answer; asked again, since etcd may be without a leader. */
  etcdctl(node: NodeName, ...args: string[]): Promise<string> {
    return until("etcd's answer", 30, async () => ({
      is: (await execWell(this.container(node), ["etcdctl", ...args])).trim(),
    }));
  }

  /** What Patroni notes of promotions; empty before the first. */
  history(node: NodeName): Promise<string> {
    return this.etcdctl(node, "get", "--print-value-only", HISTORY);
  }

  /**
   * Puts back what was noted before a leader's promotion, once that leader is lost: as if it had been lost a moment earlier. Where its promotion
   * is noted, nobody is elected who hasn't heard of it.
   */
  forgetPromotion(node: NodeName, earlier: string): Promise<string> {
    return this.etcdctl(node, ...(earlier ? ["put", HISTORY, earlier] : ["del", HISTORY]));
  }

  /** As the superuser, over the node's own socket. */
  async sql(node: NodeName, statement: string, database = "orders"): Promise<string> {
    const command = ["psql", "-XAtqd", database, "-c", statement];
    const { code, output } = await exec(this.container(node), command);
    if (code !== 0) throw new Error(`${statement} on ${node}: ${output}`);
    return output.trim();
  }

  /** psql in the client's container; the certificate is fully verified unless `parameters` are given. */
  connect(statement: string, parameters = "", user = "orders", password = this.secrets.app) {
    const hosts = NODES.map((node) => this.address(node)).join(",");
    const options = ["target_session_attrs=read-write", parameters || "sslmode=verify-full"];
    const uri = `postgresql://${user}@${hosts}/orders?${options.join("&")}`;
    return exec(this.client, ["psql", "-XAtqd", uri, "-c", statement], "", [
      `PGPASSWORD=${password}`,
      "PGSSLROOTCERT=/keys/ca.crt",
      "PGCONNECT_TIMEOUT=5",
    ]);
  }

  async members(from: NodeName = "orders-1"): Promise<readonly Member[]> {
    return JSON.parse(await this.patronictl(from, "list", "-f", "json"));
  }

  /** What the image's health check says at this moment; Docker asks it every few seconds only. */
  async health(node: NodeName): Promise<{ healthy: boolean; why: string }> {
    const check = ["sh", "/usr/local/lib/portico/health"];
    const { code, output } = await exec(this.container(node), check, "nobody");
    return { healthy: code === 0, why: output.trim() };
  }

  /** Docker shows every node as healthy: what a person waits for after a start. */
  untilShownHealthy(seconds: number): Promise<true> {
    return until("every node shown as healthy", seconds, async () => {
      for (const node of NODES) {
        const { State } = await docker.getContainer(this.container(node)).inspect();
        if (State.Health?.Status !== "healthy")
          return { not: `${node}: ${State.Health?.Log.at(-1)?.Output ?? State.Status}` };
      }
      return { is: true };
    });
  }

  /** One leader and two replicas that confirm its writes, and each node says the same of itself. */
  untilWhole(seconds: number): Promise<true> {
    return until("a whole cluster", seconds, async () => {
      for (const node of NODES) {
        const { healthy, why } = await this.health(node);
        if (!healthy) return { not: `${node}: ${why}` };
      }
      const members = await this.members();
      const working = members.filter(({ Role, State }) =>
        Role === "Leader" ? State === "running" : Role === QUORUM && State === "streaming",
      );
      return working.length === 3 ? { is: true } : { not: JSON.stringify(members) };
    });
  }

  /** The node whose own PostgreSQL is writable, other than `not`. */
  untilLeader(seconds: number, not?: NodeName): Promise<NodeName> {
    return until("a writable leader", seconds, async () => {
      const asked = await Promise.all(
        NODES.filter((node) => node !== not).map(async (node) => {
          const answer = await this.sql(node, "SELECT pg_is_in_recovery()").catch(() => "t");
          return answer === "f" ? node : undefined;
        }),
      );
      const leader = asked.find((node) => node !== undefined);
      return leader ? { is: leader } : { not: "none is writable" };
    });
  }

  async remove(): Promise<void> {
    await this.#removeContainers();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #describe(node: NodeName): Promise<void> {
    const folder = join(this.#folder, node);
    await mkdir(folder, { mode: 0o755 });
    await chmod(this.#folder, 0o755);
    const names = [node, this.address(node), "127.0.0.1", "localhost"];
    const [server, peer] = await Promise.all([
      this.authority.issue(names),
      this.authority.issue(names),
    ]);
    await this.put(node, "ca.crt", this.authority.pem);
    await this.put(node, "server.crt", server.certificate);
    await this.put(node, "server.key", server.key);
    await this.put(node, "peer.crt", peer.certificate);
    await this.put(node, "peer.key", peer.key);
    await this.#writeDescription(node, "quorum");
  }

  async #writeDescription(
    node: NodeName,
    durability: "quorum" | "async",
    memory = MEMORY,
  ): Promise<void> {
    const description = {
      contract: 1,
      name: node,
      scope: "orders",
      address: this.address(node),
      members: Object.fromEntries(NODES.map((name) => [name, this.address(name)])),
      durability,
      database: "orders",
      user: "orders",
      memory,
    };
    await this.put(node, "secrets.json", JSON.stringify(this.secrets));
    await this.put(node, "node.json", JSON.stringify(description));
  }

  async #createClient(): Promise<void> {
    const keys = join(this.#folder, "client");
    await mkdir(keys, { mode: 0o755 });
    const { certificate, key } = await this.authority.issue(["portal-1"]);
    await writeFile(join(keys, "ca.crt"), this.authority.pem);
    await writeFile(join(keys, "client.crt"), certificate);
    await writeFile(join(keys, "client.key"), key);
    const container = await docker.createContainer({
      name: this.client,
      Image: this.#image,
      Entrypoint: ["sleep", "3600"],
      Healthcheck: { Test: ["NONE"] },
      HostConfig: { NetworkMode: this.#prefix, Binds: [`${keys}:/keys:ro`] },
    });
    await container.start();
  }

  async #removeContainers(): Promise<void> {
    const names = [...NODES.map((node) => this.container(node)), this.client];
    await Promise.all(names.map((name) => gone(docker.getContainer(name).remove(REMOVE))));
    const volumes = NODES.map((node) => `${this.container(node)}-data`);
    await Promise.all(volumes.map((volume) => gone(docker.getVolume(volume).remove())));
    await gone(docker.getNetwork(this.#prefix).remove());
  }
}

const REMOVE = { force: true, v: true };

/** Removing what is not there is no failure. */
async function gone(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: { statusCode?: number }) => {
    if (error.statusCode !== 404) throw error;
  });
}
