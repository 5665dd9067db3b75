import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

import { lendTrust } from "../../infra/target/trust.ts";
import { exec, logsOf, until } from "../support/containers.ts";
import { imageOf, networkFor, runFor } from "../support/docker.ts";
import { Authority, type KeyPair } from "./authority.ts";

const SOURCE = fileURLToPath(new URL("../../node-image/elasticsearch", import.meta.url));
const SOURCES = ["Dockerfile", "pom.xml", "trust", "image", "launch"];

/** Seconds. A start takes a quarter of a minute of a free machine, and others share this one. */
const PATIENCE = 240;
/** MiB: what the local target gives a node. */
const MEMORY = 1024;
const NAME = "logs-1";

test("Elasticsearch: a new peer certificate is shown without a restart, once its key is there", async (t) => {
  const node = await startNode(t);
  await until("a healthy node", PATIENCE, node.isHealthy);
  const [first, java] = [await node.shown(), await node.java()];
  const [next, stranger] = await Promise.all([node.issue(), node.issue()]);

  // The second is looked at long enough after the first for Elasticsearch to have taken that, if it could.
  const halves = { "peer.key": stranger.key, "peer.crt": next.certificate };
  for (const [index, [file, half]] of Object.entries(halves).entries()) {
    await node.put(file, half);
    await until("the refusal in the log", PATIENCE, async () => (await node.refusals()) > index);
    assert.equal(await node.shown(), first);
  }

  const seen = new Set([first]);
  const { serialNumber: expected } = new X509Certificate(next.certificate);
  await node.put("peer.key", next.key);
  await until("the new certificate", PATIENCE, async () => {
    const found = await node.shown();
    seen.add(found);
    return found === expected;
  });

  assert.deepEqual([...seen], [first, expected]);
  assert.equal(await node.refusals(), 2);
  assert.equal(await node.java(), java);
  await until("a healthy node", PATIENCE, node.isHealthy);
});

interface RunningNode {
  /** Puts a file where the node reads it, by rename, so that no half of it is ever seen. */
  put(file: string, content: string): Promise<void>;
  /** Another pair for this node. */
  issue(): Promise<KeyPair>;
  isHealthy(): Promise<boolean>;
  /** The serial number of the certificate with which other nodes are received. */
  shown(): Promise<string>;
  /** Java's process id, and when it began. */
  java(): Promise<string>;
  /** How many times the log says that a pair is not used. */
  refusals(): Promise<number>;
}

/** A cluster of one node, which ends with the test. */
async function startNode(t: TestContext): Promise<RunningNode> {
  lendTrust(SOURCE);
  const image = await imageOf("node-elasticsearch", SOURCE, SOURCES);
  const { name: network, subnet } = await networkFor(t, { internal: true });
  const address = subnet.replace(/0\/24$/, "11");
  const folder = await mkdtemp(join(tmpdir(), "nodetest-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);

  const put = async (file: string, content: string): Promise<void> => {
    await writeFile(join(folder, `${file}.new`), content, { mode: 0o644 });
    await rename(join(folder, `${file}.new`), join(folder, file));
  };
  const authority = await Authority.create();
  const issue = () => authority.issue([NAME, address, "127.0.0.1", "localhost"]);
  const peer = await issue();
  const known = { contract: 1, name: NAME, scope: "logs", address, members: { [NAME]: address } };
  await put("node.json", JSON.stringify({ ...known, user: "logs", memory: MEMORY }));
  await put("secrets.json", JSON.stringify({ app: "a-password" }));
  await put("ca.crt", authority.pem);
  await put("peer.crt", peer.certificate);
  await put("peer.key", peer.key);

  const { id } = await runFor(t, {
    Hostname: NAME,
    Image: image,
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
    HostConfig: {
      NetworkMode: network,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: ["SETUID", "SETGID"],
      SecurityOpt: ["no-new-privileges:true"],
      Tmpfs: { "/run": "", "/tmp": "" },
      Memory: MEMORY * 1024 * 1024,
      MemorySwap: MEMORY * 1024 * 1024,
      Binds: [`${folder}:/etc/portico/node:ro`],
    },
  });
  const said = async (...command: readonly string[]): Promise<string> => {
    const { code, output } = await exec(id, command, "nobody");
    if (code !== 0) throw new Error(output.trim().slice(-600));
    return output.trim();
  };
  const ask = `import ssl; print(ssl.get_server_certificate(("${address}", 9300), timeout=10))`;
  const processes =
    'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != java ] || cut -d" " -f1,22 $p/stat; done';
  return {
    put,
    issue,
    isHealthy: async () => (await said("/usr/local/lib/portico/health")) !== "",
    shown: async () => new X509Certificate(await said("python3", "-c", ask)).serialNumber,
    java: () => said("sh", "-c", processes),
    refusals: async () =>
      (await logsOf(id)).split("the new peer certificate is not used").length - 1,
  };
}
