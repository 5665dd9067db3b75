import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type TestContext, test } from "node:test";
import { Client } from "@elastic/elasticsearch";

import { closedToOthers } from "../../../tests/support/closed-files.ts";
import { exec, logsOf, until } from "../../../tests/support/containers.ts";
import { type LoneNode, loneNodeFor } from "../../../tests/support/lone-node.ts";
import { nodeImage } from "../../../tests/support/node-image.ts";
import { MUCH, standingStill } from "../../../tests/support/slow-way.ts";

/** Seconds. A start takes a quarter of a minute of a free machine, and others share this one. */
const PATIENCE = 240;
/** MiB: what the local target gives a node. */
const MEMORY = 1024;
const NAME = "logs-1";
const DOCUMENT = 2 ** 20;

test("a node of the Elasticsearch image", async (t) => {
  const node = await startNode(t);
  await until("a healthy node", PATIENCE, node.isHealthy);
  const { end } = await standingStill({ address: node.address, port: 9200 }, (port) =>
    readAndSend(clientAt(`${node.address}:9200`), clientAt(`127.0.0.1:${port}`)),
  );

  await t.test(
    "a new peer certificate and a new password are taken without a restart",
    async () => {
      const [first, java] = [await node.shown(), await node.java()];
      const [next, stranger] = await Promise.all([node.issue(), node.issue()]);

      // The second is looked at long enough after the first for Elasticsearch to have taken that, if it could.
      const halves = { "peer.key": stranger.key, "peer.crt": next.certificate };
      for (const [index, [file, half]] of Object.entries(halves).entries()) {
        await node.put(file, half);
        await until(
          "the refusal in the log",
          PATIENCE,
          async () => (await node.refusals()) > index,
        );
        assert.equal(await node.shown(), first);
      }

      // What failed for another reason than the files is tried again without a change of them.
      await node.asServer("chmod", "0500", "/run/portico/found");
      const seen = new Set([first]);
      const { serialNumber: expected } = new X509Certificate(next.certificate);
      await node.put("peer.key", next.key);
      await until("the failure in the log", PATIENCE, async () => (await node.refusals()) === 3);
      await node.asServer("chmod", "0700", "/run/portico/found");
      await until("the new certificate", PATIENCE, async () => {
        const found = await node.shown();
        seen.add(found);
        return found === expected;
      });

      assert.deepEqual([...seen], [first, expected]);
      assert.equal(await node.refusals(), 3);

      assert.equal(await node.login("a-password"), "200");
      await node.put("secrets.json", JSON.stringify({ app: "of the next rotation" }));
      await until("the new password", PATIENCE, async () => {
        return (await node.login("of the next rotation")) === "200";
      });
      await until("the end of the old one", PATIENCE, async () => {
        return (await node.login("a-password")) === "401";
      });

      assert.equal(await node.java(), java);
      await until("a healthy node", PATIENCE, node.isHealthy);
    },
  );

  await t.test(
    "each user of a node reads its own secrets alone, and changes neither settings nor programs",
    () => closedToOthers(node.id, { elasticsearch: "all" }),
  );

  await t.test(
    "clients that stand still for more than a minute, reading or sending, get and send everything",
    async () => assert.deepEqual(await end, { read: MUCH, sent: MUCH }),
  );
});

const clientAt = (address: string): Client =>
  new Client({ node: `http://logs:a-password@${address}`, maxRetries: 0, requestTimeout: 240_000 });

/** Both clients lead to the same node. */
async function readAndSend(client: Client, slow: Client): Promise<{ read: number; sent: number }> {
  const documents = Array.from({ length: MUCH / DOCUMENT }, () => ({ x: "x".repeat(DOCUMENT) }));
  const put = (to: Client, index: string) =>
    to.bulk({
      refresh: true,
      body: documents.flatMap((each) => [{ index: { _index: index } }, each]),
    });
  for (const index of ["read", "sent"])
    await client.indices.create({
      index,
      body: { settings: { number_of_replicas: 0 }, mappings: { enabled: false } },
    });
  await put(client, "read");

  const [found, taken] = await Promise.all([
    slow.search({ index: "read", size: documents.length }),
    put(slow, "sent"),
  ]);
  await Promise.all([client.close(), slow.close()]);
  const hits: readonly { _source: { x: string } }[] = found.body.hits.hits;
  return {
    read: hits.reduce((sum, { _source: { x } }) => sum + x.length, 0),
    sent:
      taken.body.items.filter(({ index }: { index: { status: number } }) => index.status === 201)
        .length * DOCUMENT,
  };
}

const LOGIN = `
import base64, sys, urllib.error, urllib.request
login = base64.b64encode(f"logs:{sys.argv[1]}".encode()).decode()
asked = urllib.request.Request("http://127.0.0.1:9200/_cluster/health/none?timeout=1s", headers={"Authorization": f"Basic {login}"})
try: print(urllib.request.urlopen(asked, timeout=10).status)
except urllib.error.HTTPError as error: print(200 if error.code == 408 else error.code)
`;

interface RunningNode extends LoneNode {
  isHealthy(): Promise<boolean>;
  /** The status that Elasticsearch answers to the application's user with this password. */
  login(password: string): Promise<string>;
  /** Runs a command as Elasticsearch's user. */
  asServer(...command: readonly string[]): Promise<string>;
  /** The serial number of the certificate with which other nodes are received. */
  shown(): Promise<string>;
  /** Java's process id, and when it began. */
  java(): Promise<string>;
  /** How many times the log says that a pair is not used. */
  refusals(): Promise<number>;
}

/** A cluster of one node, which ends with the test. */
async function startNode(t: TestContext): Promise<RunningNode> {
  const image = await nodeImage("elasticsearch");
  const node = await loneNodeFor(t, {
    image,
    name: NAME,
    memory: MEMORY,
    description: { user: "logs" },
    secrets: { app: "a-password" },
    pairs: ["peer"],
  });
  const { id, address } = node;
  const runAs = async (user: string, command: readonly string[]): Promise<string> => {
    const { code, output } = await exec(id, command, user);
    if (code !== 0) throw new Error(output.trim().slice(-600));
    return output.trim();
  };
  const runHere = (...command: readonly string[]) => runAs("nobody", command);
  const ask = `import ssl; print(ssl.get_server_certificate(("${address}", 9300), timeout=10))`;
  const processes =
    'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != java ] || cut -d" " -f1,22 $p/stat; done 2>/dev/null';
  return {
    ...node,
    isHealthy: async () => (await exec(id, ["/usr/local/lib/portico/health"])).code === 0,
    login: (password) => runHere("python3", "-c", LOGIN, password),
    asServer: (...command) => runAs("elasticsearch", command),
    shown: async () => new X509Certificate(await runHere("python3", "-c", ask)).serialNumber,
    java: () => runHere("sh", "-c", processes),
    refusals: async () =>
      (await logsOf(id)).split("the new peer certificate is not used").length - 1,
  };
}
