import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../support/until.ts";
import { ann, bob, keysOf, PORT, sshPortalFor } from "./portal.ts";

const TUNNEL = "-L 127.0.0.1:7000:127.0.0.1:5432";

test("tunnels come and go with keys and sources, and nothing restarts for it", async (t) => {
  const it = await sshPortalFor(t);
  const { portal, client } = it;
  const { Id, State } = await portal.container.inspect();
  const workers = () =>
    portal.sh(
      `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show info" >&7; cat <&6' | grep ^Pid:`,
      "agent:steering",
    );
  const worker = await workers();
  const whitelist = { [`${client.address}/32`]: "the client" };
  const gone = (name: string) =>
    until(`${name}'s session is over`, 10_000, async () => !(await client.lives(name)));

  await t.test(
    "a tunnel of a listed key reaches HAProxy, which logs it by its endpoint",
    async () => {
      assert.equal((await client.open("ann", "ann", TUNNEL)).code, 0);
      await client.sh("bash -c 'exec 3<>/dev/tcp/127.0.0.1/7000; timeout 5 cat <&3'");
      await until("the tunnel in the logs", 10_000, async () => {
        const opened = await it.lines(({ msg }) => msg === "ann opens a tunnel to primary");
        const carried = await it.lines(
          ({ source, endpoint, client }) =>
            source === "haproxy" && endpoint === "primary" && client === "127.0.0.1",
        );
        return opened.length > 0 && carried.length > 0;
      });
    },
  );

  await t.test("a tunnel survives the agent", async () => {
    await portal.sh("kill -KILL $(pidof node)", "agent:steering");
    await until("another agent", 30_000, async () => (await portal.sh("pidof node")).trim() !== "");
    await it.change({ whitelist, ssh: keysOf({ ann: ann.publicKey, bob: bob.publicKey }) });
    await until("bob's key", 20_000, async () => {
      return (await client.open("bob", "bob", "")).code === 0;
    });
    assert.ok(await client.lives("ann"));
  });

  await t.test(
    "a key that is removed ends its own sessions, and lets nobody in again",
    async () => {
      await it.change({ ssh: keysOf({ bob: bob.publicKey }) });
      await gone("ann");
      assert.match((await client.ssh("ann", "-N")).output, /Permission denied/);
      assert.ok(await client.lives("bob"));
      const [line] = await it.lines(({ msg }) =>
        /^The SSH session of ann is cut/.test(String(msg)),
      );
      assert.equal(line?.client, client.address);
    },
  );

  await t.test(
    "a source that is removed loses its sessions, and is refused and reported",
    async () => {
      await it.change({ whitelist: { "192.0.2.0/24": "others" } });
      await gone("bob");
      assert.notEqual((await client.ssh("bob", "-N")).code, 0);
      await until("the refusal in the log", 5_000, async () => {
        const refused = ({ endpoint, reason }: Readonly<Record<string, unknown>>) =>
          endpoint === "ssh" && reason === "not on the whitelist";
        return (await it.lines(refused)).length > 0;
      });
    },
  );

  await t.test("a source that is added comes in, through the same processes", async () => {
    await it.change({ whitelist });
    await until("bob's session", 20_000, async () => {
      return (await client.open("bob2", "bob", "")).code === 0;
    });
    const after = await portal.container.inspect();
    assert.deepEqual([after.Id, after.State.Pid], [Id, State.Pid]);
    assert.equal(await workers(), worker);
  });

  await t.test(
    "a source has few connections that say nothing, none for long, and comes in after them",
    async () => {
      const { NetworkSettings } = await portal.container.inspect();
      const [{ IPAddress } = { IPAddress: "" }] = Object.values(NetworkSettings.Networks);
      // Each tells how many seconds its connection lived.
      const one = `exec 3<>/dev/tcp/${IPAddress}/${PORT}; cat <&3 >/dev/null; echo $SECONDS`;
      const all = `for n in $(seq 30); do bash -c '${one}' & done; wait`;
      const { output } = await client.sh(all);
      const lived = output.trim().split("\n").map(Number);

      assert.equal(lived.length, 30, output);
      const refused = lived.filter((seconds) => seconds <= 5).length;
      // Bob is in, too.
      assert.ok(refused >= 30 - 24 && refused < 15, `${refused} were refused at once: ${lived}`);
      assert.ok(Math.max(...lived) <= 40, `${lived}`);
      assert.equal((await client.open("bob3", "bob", "")).code, 0);
    },
  );

  await t.test("without SSH in the document every session ends, and no port is left", async () => {
    await it.change({ ssh: undefined } as object);
    await gone("bob2");
    await until("the port is closed", 20_000, async () => {
      return /refused/.test((await client.ssh("bob", "-N")).output);
    });
    assert.equal((await portal.sh("ps -u tunnel -o comm= | grep sshd")).trim(), "");
  });
});
