import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../support/until.ts";
import { sshPortalFor } from "./portal.ts";

const SERVICE = "/usr/local/lib/portico/services/tunnel";
const OUT = "/run/tunnel/out";
/** A pipe as the container's output is one, full; and nobody reads it. */
const UNREAD = `mkfifo ${OUT}; exec 3<>${OUT}; sleep 900 & dd if=/dev/zero of=${OUT} bs=4k count=16 oflag=nonblock conv=notrunc 2>&1`;
/** Each has some lines of sshd's: more than the pipes between it and the log take. */
const TUNNELS = 900;
const LINES = 20_000;

test("a log that nobody reads stops no tunnel, and says afterwards what is missing from it", async (t) => {
  const { portal, client } = await sshPortalFor(t);
  const inPortal = (line: string) => portal.sh(line, "tunnel");

  await t.test("sshd never waits", async () => {
    // The service, but for where its lines end.
    await inPortal("s6-svc -wD -d /run/s6/tunnel.scan/tunnel");
    assert.match(await inPortal(`(${UNREAD}) </dev/null`), /16\+0 records out/);
    await inPortal(`(${SERVICE}/run | ${SERVICE}/log/run >${OUT}) </dev/null >/dev/null 2>&1 &`);
    const tunnel = "-L 127.0.0.1:7000:127.0.0.1:5432";
    await until("a session", 20_000, async () => {
      return (await client.open("ann", "ann", tunnel)).code === 0;
    });

    const each = "exec 3<>/dev/tcp/127.0.0.1/7000; exec 3>&-";
    await client.sh(`timeout 60 bash -c 'for n in $(seq ${TUNNELS}); do ${each}; done'`);
    const ask = `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show stat -1 1 -1" >&7; cat <&6'`;
    await until("all tunnels have come to the endpoint", 30_000, async () => {
      const stat = await portal.sh(`${ask} | grep ^in_primary, | cut -d, -f8`, "agent:steering");
      return Number(stat) === TUNNELS;
    });
  });

  await t.test("lines beyond a bounded memory are dropped, and counted", async () => {
    const line = JSON.stringify({ msg: "x".repeat(90) });
    const command = `(yes '${line}' | head -n ${LINES}; sleep 4) | ${SERVICE}/log/run | (sleep 2; cat)`;
    const lines = (await inPortal(command)).trim().split("\n");
    const { alarm, dropped } = JSON.parse(lines.pop() ?? "");
    assert.equal(alarm, true);
    assert.deepEqual(new Set(lines), new Set([line]));
    assert.equal(lines.length + dropped, LINES);
    assert.ok(dropped > 0);
  });
});
