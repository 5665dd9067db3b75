import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { test } from "node:test";

import { createGateway } from "../../../../proxy-image/src/engines/postgresql/etcd-gateway.ts";
import {
  createQuorumReader,
  newLogin,
} from "../../../../proxy-image/src/engines/postgresql/quorum-read.ts";
import { watchMember } from "../../../../proxy-image/src/engines/postgresql/quorum-watch.ts";
import { credentialsOf } from "../../../../proxy-image/src/observe/observer.ts";
import { portalOf } from "../../../../tests/observe/support/portal.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import { Authority } from "../../../../tests/support/authority.ts";
import { stopwatch } from "../../../../tests/support/stopwatch.ts";
import { startEtcd } from "./etcd-stand-in.ts";

const authority = await Authority.create();
const identity = await portalOf(authority);

async function start(t: TestContext, names: readonly string[]) {
  const servers = await Promise.all(names.map((name) => startEtcd(authority, name)));
  const gateway = createGateway(credentialsOf(identity));
  t.after(async () => {
    gateway.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
  const members = servers.map(({ port }, index) => ({
    name: names[index] ?? "",
    address: "127.0.0.1",
    port,
  }));
  const login = newLogin("portal", "secret");
  const args = { members, prefix: "/service/orders/", gateway: () => gateway, login };
  return { servers, members, login, gateway, reader: createQuorumReader(args) };
}

/** With the milliseconds that it took, and those of them in which this process ran. */
async function timed<T>(work: Promise<T>): Promise<readonly [T, number, number]> {
  const ran = stopwatch();
  const started = performance.now();
  return [await work, performance.now() - started, ran()];
}

test("a read logs in first, and then asks with its token", async (t) => {
  const { servers, reader } = await start(t, ["a"]);
  const [etcd] = servers;
  assert.ok(etcd);
  etcd.keys = { leader: ["a", 13] };

  const read = await reader.read(2000);
  await reader.read(2000);

  assert.ok(read.kind === "keys", JSON.stringify(read));
  assert.equal(read.keys[0]?.modRevision, 13);
  assert.deepEqual(etcd.asked, ["/v3/auth/authenticate", "/v3/kv/range", "/v3/kv/range"]);
});

test("a token that has run out is renewed within the same question", async (t) => {
  const { servers, reader } = await start(t, ["a"]);
  const [etcd] = servers;
  assert.ok(etcd);
  await reader.read(2000);
  etcd.token = "second";

  assert.equal((await reader.read(2000)).kind, "keys");
});

test("a member that hangs is not waited for: the next one is asked", async (t) => {
  const { servers, reader } = await start(t, ["a", "b", "c"]);
  const [first, second] = servers;
  assert.ok(first && second);
  await reader.read(2000);
  first.mood = "silent";

  const [read, took, ran] = await timed(reader.read(2000));
  const [again, , ranAgain] = await timed(reader.read(2000));

  assert.ok(read.kind === "keys" && read.member.name === "b", JSON.stringify(read));
  assert.ok(took >= 200 && ran < 1000, `took ${took} ms, ran for ${ran}`);
  assert.ok(again.kind === "keys" && ranAgain < 200, `ran for ${ranAgain} ms`);
});

test("a member that refuses costs no wait at all", async (t) => {
  const { servers, reader } = await start(t, ["a", "b", "c"]);
  await reader.read(2000);
  await servers[0]?.stop();
  servers.shift();

  const [read, , ran] = await timed(reader.read(2000));

  assert.ok(read.kind === "keys" && read.member.name === "b", JSON.stringify(read));
  assert.ok(ran < 200, `ran for ${ran} ms`);
});

for (const mood of ["silent", "drips"] as const) {
  test(`when every member is ${mood}, the deadline is total`, async (t) => {
    const { servers, reader } = await start(t, ["a", "b", "c"]);
    for (const server of servers) server.mood = mood;

    const [read, took, ran] = await timed(reader.read(600));

    assert.deepEqual(read, { kind: "failed", why: "no member answered in 600 ms" });
    assert.ok(took >= 590 && ran < 900, `took ${took} ms, ran for ${ran}`);
  });
}

test("a server with another node's certificate is not believed", async (t) => {
  const { members, login, gateway } = await start(t, ["a"]);
  const [member] = members;
  assert.ok(member);
  const members2 = [{ ...member, name: "b" }];
  const args = { members: members2, prefix: "/", gateway: () => gateway, login };

  const read = await createQuorumReader(args).read(1000);

  assert.ok(read.kind === "failed");
  assert.match(read.why, /altnames/);
});

test("a watch tells changes, and listens anew when it was canceled", async (t) => {
  const { servers, members, login, gateway, reader } = await start(t, ["a"]);
  const [etcd] = servers;
  const [member] = members;
  assert.ok(etcd && member);
  await reader.read(2000);
  const reported: (readonly string[] | undefined)[] = [];
  const lost: string[] = [];
  const watch = watchMember({
    member,
    prefix: "/service/orders/",
    gateway: () => gateway,
    login,
    onChanged: (names) => reported.push(names),
    onLost: (why) => lost.push(why),
  });
  t.after(() => watch.stop());
  await until("the stream is there", () => reported.length === 1);

  etcd.push({
    result: { events: [{ kv: { key: Buffer.from("/service/orders/leader").toString("base64") } }] },
  });
  await until("the change is told", () => reported.length === 2);
  etcd.push({ result: { created: true, canceled: true, cancel_reason: "permission denied" } });
  await until("the loss is told", () => lost.length === 1);
  await until("it listens anew", () => reported.length === 3);

  assert.deepEqual(reported, [undefined, ["/service/orders/leader"], undefined]);
  assert.deepEqual(lost, ["permission denied"]);
});
