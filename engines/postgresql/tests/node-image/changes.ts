import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { exec } from "../../../../tests/support/containers.ts";
import { docker } from "../../../../tests/support/docker.ts";
import type { Cluster, NodeName } from "./cluster.ts";
import { until } from "./image.ts";

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

  test("a password changed by SQL stays so and raises an alarm, until the next rotation", async () => {
    const leader = await cluster().untilLeader(10);
    const leaked = cluster().secrets.app ?? "";
    const changed = await cluster().connect("ALTER ROLE orders PASSWORD 'changed by hand'");
    assert.equal(changed.code, 0, changed.output);
    const login = (password: string) => cluster().connect("SELECT 1", "", "orders", password);

    const alarm = /the password of orders was changed by hand/;
    await until("the alarm", 60, async () => {
      const { why } = await cluster().health(leader);
      return alarm.test(why) ? { is: true } : { not: why };
    });
    const log = await docker.getContainer(cluster().container(leader)).logs({ stdout: true });
    assert.match(log.toString(), /"level": "error".*changed by hand.*"alarm": true/);
    assert.notEqual((await login(leaked)).code, 0, "the leaked password lets in again");

    // Neither a steward that starts anew nor another leader undoes it.
    await cluster().patronictl(leader, "switchover", "--force");
    const next = await cluster().untilLeader(30, leader);
    await until("the next leader's alarm", 60, async () => {
      const { why } = await cluster().health(next);
      return alarm.test(why) ? { is: true } : { not: why };
    });
    assert.notEqual((await login(leaked)).code, 0, "the leaked password lets in again");
    assert.equal((await login("changed by hand")).code, 0);

    await cluster().describe("quorum", { app: "of the next rotation" });
    await until("the password of the next rotation", 30, async () => {
      const { code, output } = await login("of the next rotation");
      return code === 0 ? { is: true } : { not: output };
    });
    assert.notEqual((await login("changed by hand")).code, 0);
    await until("the end of the alarm", 60, async () => {
      const { why } = await cluster().health(next);
      return alarm.test(why) ? { not: why } : { is: true };
    });
    await cluster().untilWhole(60);
  });

  test("a session lives while its password is changed", async () => {
    const leader = await cluster().untilLeader(10);
    const held = cluster().connect("SELECT pg_sleep(20); SELECT 'after'");
    await until("the session", 20, async () => {
      const sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
      const found = await cluster().sql(leader, sleeping);
      return found === "1" ? { is: true } : { not: found };
    });
    await cluster().describe("quorum", { app: "changed under a session" });
    const { code, output } = await held;
    assert.equal((await cluster().connect("SELECT 1")).code, 0, "the new password came meanwhile");
    assert.equal(code, 0, output);
    assert.match(output, /after/);
  });

  test("a reload that a steward owed when it died is made up for by the next one", async () => {
    const node: NodeName = "orders-2";
    const name = cluster().container(node);
    const next = await cluster().authority.issue([node, cluster().address(node)]);
    // The steward is away, as if it had died between writing and telling.
    const service = "/run/portico/postgres/services/steward";
    const asPostgres = (command: string) => exec(name, ["sh", "-c", command], "postgres");
    await asPostgres(`s6-svc -wd -T 10000 -d ${service}`);
    await cluster().put(node, "server.crt", next.certificate);
    await cluster().put(node, "server.key", next.key);
    await asPostgres("cd /run/portico/postgres && umask 077 && cp /etc/portico/node/server.* .");
    await asPostgres(`s6-svc -u ${service}`);

    await until("the new certificate", 30, async () => {
      const found = await shown(node);
      const expected = new X509Certificate(next.certificate).serialNumber;
      return found === expected ? { is: true } : { not: `still ${found}` };
    });
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
