import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { exec } from "../support/containers.ts";
import { docker } from "../support/docker.ts";
import type { Cluster } from "./cluster.ts";

export function processTests(cluster: () => Cluster): void {
  test("they become one leader and two streaming replicas", async () => {
    const members = await cluster().members();

    assert.deepEqual(members.map(({ Role, State }) => `${Role} ${State}`).sort(), [
      "Leader running",
      "Quorum Standby streaming",
      "Quorum Standby streaming",
    ]);
  });

  test("nothing runs as root, or could become somebody else", async () => {
    const { Titles, Processes } = await docker
      .getContainer(cluster().container("orders-1"))
      .top({ ps_args: "-eo uid,pid,args" });
    assert.equal(Titles[0], "UID");
    assert.ok(Processes.length > 8, "etcd, Patroni and PostgreSQL are all there");
    assert.deepEqual(
      Processes.filter((process: string[]) => process[0]?.trim() === "0"),
      [],
    );

    // What `ps` cannot tell. The two processes of this very command were not started by the node.
    const { output } = await exec(
      cluster().container("orders-1"),
      ["sh", "-c", "grep -hE '^(Name|CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs)' /proc/[0-9]*/status"],
      "nobody",
    );
    const processes = output
      .split(/^Name:\s*/m)
      .slice(1)
      .filter((process) => !/^(sh|grep)$/m.test(process));
    for (const name of ["s6-svscan", "etcd", "patroni", "python3", "postgres"])
      assert.ok(
        processes.some((process) => process.startsWith(name)),
        `${name} was looked at`,
      );
    assert.deepEqual(
      processes.filter((process) => /Cap\w+:\s*0*[1-9a-f]|NoNewPrivs:\s*0/.test(process)),
      [],
    );
  });

  test("no password stands in a command line, an environment or the log", async () => {
    const name = cluster().container("orders-1");
    const seen = await Promise.all([
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/cmdline"], "nobody"),
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/environ"], "postgres"),
      exec(name, ["sh", "-c", "cat /proc/[0-9]*/environ"], "etcd"),
    ]);
    const log = await docker.getContainer(name).logs({ stdout: true, stderr: true });
    const everything = [...seen.map(({ output }) => output), log.toString()].join("\n");

    assert.ok(everything.includes("patroni.yml"), "the processes were seen");
    for (const [secret, value] of Object.entries(cluster().secrets)) {
      assert.ok(!everything.includes(value), secret);
    }
  });

  test("a node reaches neither its gateway nor any service of the host", async () => {
    const listener = createServer().listen(0, "0.0.0.0");
    try {
      await once(listener, "listening");
      const { port } = listener.address() as AddressInfo;
      const gateway = cluster().address("orders-1").replace(/\d+$/, "1");
      const attempts = await Promise.all(
        [gateway, ...ownAddresses()].map(async (address) => {
          const connect = `exec 3<>/dev/tcp/${address}/${port}`;
          const name = cluster().container("orders-1");
          return {
            address,
            ...(await exec(name, ["timeout", "5", "bash", "-c", connect], "nobody")),
          };
        }),
      );
      assert.deepEqual(
        attempts.filter(({ code }) => code === 0),
        [],
      );
    } finally {
      listener.close();
    }
  });
}

/** This machine's own IPv4 addresses, Docker's bridges included. */
function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address);
}
