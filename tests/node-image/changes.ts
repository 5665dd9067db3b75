import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { exec } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./engine.ts";

export function changeTests(cluster: () => Cluster): void {
  const started = async (node: NodeName) =>
    (await docker.getContainer(cluster().container(node)).inspect()).State.StartedAt;

  /** The certificate that PostgreSQL shows, as the client's container sees it. */
  const shown = async (node: NodeName) => {
    const { output } = await exec(cluster().client, [
      "sh",
      "-c",
      `openssl s_client -starttls postgres -connect ${cluster().address(node)}:5432 < /dev/null`,
    ]);
    const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(output)?.[0];
    return new X509Certificate(pem ?? "").serialNumber;
  };

  const untilRefused = (node: NodeName, pair: string) =>
    until("the refusal in the log", 15, async () => {
      const log = await docker
        .getContainer(cluster().container(node))
        .logs({ stdout: true, tail: 50 });
      return log.includes(`the new ${pair} certificate is not used`)
        ? { is: true }
        : { not: "silent" };
    });

  test("durability is changed while the cluster runs, and back", async () => {
    const leader = await cluster().untilLeader(10);
    const names = () => cluster().sql(leader, "SHOW synchronous_standby_names");
    assert.match(await names(), /^ANY 1 \(/);

    await cluster().describe("async");
    await until("asynchronous replication", 30, async () => {
      const found = await names();
      return found === "" ? { is: true } : { not: found };
    });
    await cluster().describe("quorum");
    await until("quorum commit", 30, async () => {
      const found = await names();
      return /^ANY 1 \(\S+,\S+\)$/.test(found) ? { is: true } : { not: found };
    });
  });

  test("a changed password takes effect, the old one ends, and no node restarts", async () => {
    const before = await Promise.all(cluster().nodes.map(started));
    const old = cluster().secrets.app;
    await cluster().describe("quorum", { app: "a-new-password", replication: "another-new-one" });

    await until("the new password", 30, async () => {
      const { code, output } = await cluster().connect("SELECT 1");
      return code === 0 ? { is: true } : { not: output };
    });
    const { output } = await cluster().connect("SELECT 1", "", "orders", old);
    assert.match(output, /password authentication failed/);
    assert.deepEqual(await Promise.all(cluster().nodes.map(started)), before);
  });

  test("a new server certificate is shown without a restart; a key that does not fit is not used", async () => {
    const node: NodeName = "orders-2";
    const first = await shown(node);
    const names = [node, cluster().address(node)];
    const [next, stranger] = await Promise.all([
      cluster().authority.issue(names),
      cluster().authority.issue(names),
    ]);

    await cluster().put(node, "server.crt", stranger.certificate);
    await untilRefused(node, "server");
    assert.equal(await shown(node), first);

    await cluster().put(node, "server.crt", next.certificate);
    await cluster().put(node, "server.key", next.key);
    await until("the new certificate", 15, async () => {
      const found = await shown(node);
      const expected = new X509Certificate(next.certificate).serialNumber;
      return found === expected ? { is: true } : { not: `still ${found}` };
    });
  });

  test("a new peer certificate is shown by etcd and Patroni without a restart, once its key is there", async () => {
    const node: NodeName = "orders-3";
    const shownAt = async (port: number) => {
      const { output } = await exec(cluster().client, [
        "sh",
        "-c",
        `openssl s_client -connect ${cluster().address(node)}:${port} < /dev/null 2> /dev/null | openssl x509 -noout -serial`,
      ]);
      return output.trim().replace("serial=", "");
    };
    const first = await shownAt(8008);
    const next = await cluster().authority.issue([
      node,
      cluster().address(node),
      "127.0.0.1",
      "localhost",
    ]);
    const expected = new X509Certificate(next.certificate).serialNumber;
    await cluster().put(node, "peer.crt", next.certificate);
    await untilRefused(node, "peer");
    assert.equal(await shownAt(8008), first);

    // Patroni overlooks a certificate that comes with a change of its configuration.
    await cluster().describe("quorum", { restapi: "another password of the API" });
    await cluster().put(node, "peer.key", next.key);
    for (const port of [2379, 8008]) {
      await until(`the new certificate on port ${port}`, 60, async () => {
        const found = await shownAt(port);
        return found === expected ? { is: true } : { not: `still ${found}, not ${expected}` };
      });
    }
    await cluster().untilWhole(60);
  });
}
