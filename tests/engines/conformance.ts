import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { beforeEach, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { afterFailure } from "../support/after-failure.ts";
import { OWN_CHECK_MS, SILENCE_MS, signalAgents } from "../support/agents.ts";
import type { Cluster } from "../support/cluster.ts";
import { addressOf, containerOf, logLines, targetsOf } from "../support/cluster.ts";
import { deathOf, until } from "../support/containers.ts";
import { act, docker } from "../support/docker.ts";
import { LONGEST_HOLD, loadOf, longestWait, refused } from "../support/load.ts";
import { breakNetwork } from "../support/net-fault.ts";
import { outAfter, statusOf, timeOf } from "../support/pool.ts";
import type { Driver, Failure, Record, Target } from "../support/writer.ts";
import { startWriter } from "../support/writer.ts";

/** A limit for what hangs, not a figure: how long it took is told. */
const OUT_MS = 10_000;
/** A second, and what a busy machine needs to freeze a container and to run an agent: a limit for what hangs, not a figure. */
const NOTICED_MS = 5000;
/** From a verdict to what HAProxy makes of it. */
const IN_FORCE_MS = 100;

/** What a node acknowledged just before its death may be read a moment after it. */
const REPLY_MS = 100;

/** From when to when, by this process's monotonic clock. */
type Span = readonly [number, number];
const NOTHING: Span = [0, 0];

/** Longer than any engine's nodes wait before they ask for an election. */
const CALM_MS = 6000;

/** What the suite needs to know of an engine. Everything is asked of the engine itself, past the portals. */
export interface Subject {
  readonly cluster: Cluster;
  /** Writes unique ids that `written` finds again. */
  readonly driver: Driver;
  /** The ids that the cluster has now. */
  readonly written: () => Promise<ReadonlySet<string>>;
  /** Resolves once every node is a healthy member and both portals serve; rejects with the reason while not. */
  readonly whole: () => Promise<true>;
}

export interface Led extends Subject {
  /** The node that takes writes, of `among`. Rejects unless it is exactly one. */
  readonly leader: (among: readonly string[]) => Promise<string>;
  /** Asks the engine to hand over, away from `leader`. */
  readonly switchover: (leader: string) => Promise<void>;
  /** Takes the source of evidence away while the leader goes on, and gives it back. Absent where the members are the evidence. */
  readonly evidence?: {
    readonly lose: () => Promise<void>;
    readonly giveBack: () => Promise<void>;
  };
  /**
   * Present where an acknowledged write can be lost by the engine's own design: of what a leader acknowledged in the last milliseconds before
   * its death, and in the first ones after it was cut off from the others. Absent: nothing is ever lost. A planned change loses nothing.
   */
  readonly mayLose?: { readonly beforeDeathMs: number; readonly cutOffMs: number };
  /**
   * True where a leader that steps down leaves its sessions open: what they write until the portals cut them is refused by the engine
   * itself, and not judged.
   */
  readonly leavesSessions?: boolean;
  /** A write that was sent to a node that doesn't lead, by the engine's own answer. */
  readonly isMisrouted: (failure: Failure) => boolean;
  /** Clients' sessions on a node, by its own word. Absent where it can't tell them from others. */
  readonly sessionsOn?: (node: string) => Promise<number>;
  /** Milliseconds of a frozen leader that the engine itself rides out; absent where it fails over sooner. */
  readonly ridesOut?: number;
}

/** The engines whose write endpoint follows a leader. */
export function followsItsLeader({ cluster, driver, written, whole, ...led }: Led): void {
  const { nodes, portals, name } = cluster;
  const engineOf = (node: string) => docker.getContainer(containerOf(cluster, node));
  const others = (old: string) => nodes.filter((node) => node !== old);
  const load = (t: Parameters<typeof loadOf>[0]) =>
    loadOf(t, targetsOf(cluster, "primary"), driver);
  const leaderAfter = (old: string) => until("another leader", 90, () => led.leader(others(old)));
  /** `judgedFrom`: when the first write was begun that may not be misrouted. */
  const check = async (
    record: Record,
    { judgedFrom = 0, mayLose = NOTHING }: { judgedFrom?: number; mayLose?: Span } = {},
  ) => {
    const ids = await written();
    const lost = record.acknowledged.filter(({ id }) => !ids.has(id));
    if (led.mayLose) reportLosses(name, lost.length, record.acknowledged.length);
    const [from, to] = led.mayLose ? mayLose : NOTHING;
    assert.deepEqual(
      lost.filter(({ at }) => at < from || at > to),
      [],
    );
    const misrouted = record.failures.filter(led.isMisrouted);
    assert.deepEqual(
      misrouted.filter(({ begun }) => begun >= judgedFrom),
      [],
    );
    const longest = longestWait(record);
    assert.ok(longest < LONGEST_HOLD, `somebody waited for ${longest} ms`);
  };
  /** What may be lost with a leader that was gone at `at` at the earliest, and at `latest` surely. */
  const lastBefore = (at: number, latest = at): Span => [
    at - (led.mayLose?.beforeDeathMs ?? 0),
    latest,
  ];
  /** What the portals said when clients went to `next` instead of `old`. */
  const switches = (old: string, next: string, began: number) =>
    Promise.all(
      portals.map((portal) =>
        until(`${portal}'s line of the switch`, 30, async () =>
          (await logLines(cluster, portal, began)).find(
            ({ oldLeader, newLeader }) => oldLeader === old && newLeader === next,
          ),
        ),
      ),
    );
  /** When, by this process's clock, the last of the portals began to hold newcomers. */
  const heldFrom = (lines: Awaited<ReturnType<typeof switches>>) =>
    Math.max(...lines.map((line) => timeOf(line) - Number(line.heldMs) - performance.timeOrigin));

  /** Fails with the portals' own words where somebody was refused. */
  const refusedNobody = async (t: TestContext, record: Record, from: number, began: number) => {
    const late = refused(record, from);
    // Sessions that went well are thousands.
    const hasReason = ({ ending }: { readonly ending?: unknown }) => ending !== "--";
    if (late.length > 0)
      for (const portal of portals)
        for (const line of (await logLines(cluster, portal, began)).filter(hasReason))
          t.diagnostic(
            `${portal} at ${timeOf(line) - performance.timeOrigin}: ${JSON.stringify(line)}`,
          );
    assert.deepEqual(late, []);
  };

  /** Fails where a portal held newcomers again, for whom it had found a leader already. A busy machine's silence is no such reason. */
  const heldOnce = async (began: number) => {
    for (const portal of portals) {
      const lines = await logLines(cluster, portal, began);
      const holds = lines.filter(
        ({ msg, proof, heldMs }) =>
          /^New connections wait/.test(String(msg)) &&
          !/no answer|closed|reset/.test(String(proof)) &&
          heldMs === 0,
      );
      assert.ok(holds.length <= 1, `${portal}: ${JSON.stringify(holds)}`);
    }
  };

  afterFailure(() => [...nodes, ...portals].map((name) => containerOf(cluster, name)));

  // A leader that was cut off may take itself for one a little longer.
  beforeEach(() =>
    until("a whole cluster with one leader", 240, async () => {
      await whole();
      return led.leader(nodes);
    }),
  );

  test(`${name}: a planned change of the leader refuses nobody and misroutes nothing`, async (t) => {
    const old = await led.leader(nodes);
    const began = Date.now();
    const writers = load(t);
    await writers.firstAck();

    await led.switchover(old);
    const next = await leaderAfter(old);
    await writers.firstAck();
    const held = heldFrom(await switches(old, next, began));
    await sleep(100);
    if (led.sessionsOn) assert.equal(await led.sessionsOn(old), 0);
    const record = await writers.stop();

    const inForce = held + IN_FORCE_MS;
    await check(record, { judgedFrom: led.leavesSessions ? inForce : 0 });
    // Who was still logging in at the old leader when the hold came into force is cut like a session.
    await refusedNobody(t, record, inForce, began);
    await heldOnce(began);
  });

  test(`${name}: docker kill of the leader: who comes after the death waits instead of failing`, async (t) => {
    const old = await led.leader(nodes);
    const writers = load(t);
    await writers.firstAck();

    const began = Date.now();
    await engineOf(old).kill();
    const died = await deathOf(containerOf(cluster, old));
    await leaderAfter(old);
    await writers.firstAck();
    const record = await writers.stop();
    await engineOf(old).start();

    await check(record, { mayLose: lastBefore(died + REPLY_MS) });
    await refusedNobody(t, record, died + 10, began);
  });

  test(`${name}: a leader that is lost as soon as it has taken over is replaced as well`, async (t) => {
    const old = await led.leader(nodes);
    const writers = load(t);
    await writers.firstAck();

    // The node that is asked may be the one that is lost.
    const asked = led.switchover(old).catch(() => {});
    const next = await leaderAfter(old);
    await engineOf(next).kill();
    const died = await deathOf(containerOf(cluster, next));
    await asked;
    await leaderAfter(next);
    await writers.firstAck();
    const record = await writers.stop();
    await engineOf(next).start();

    await check(record, {
      judgedFrom: led.leavesSessions ? died + IN_FORCE_MS : 0,
      mayLose: lastBefore(died + REPLY_MS),
    });
  });

  test(`${name}: a frozen leader is cut once another leads, and gets nothing back when it wakes up`, async (t) => {
    const old = await led.leader(nodes);
    const address = await addressOf(cluster, old);
    const writers = load(t);
    await writers.firstAck();

    const began = Date.now();
    await act(engineOf(old), "pause");
    const frozen = performance.now();
    const held = heldFrom(await switches(old, await leaderAfter(old), began));
    await writers.firstAck();
    const switched = performance.now();
    await act(engineOf(old), "unpause");
    await sleep(2000);
    await writers.firstAck();
    const record = await writers.stop();

    await check(record, { mayLose: lastBefore(began - performance.timeOrigin, frozen) });
    const late = record.acknowledged.filter(
      ({ at, server }) => at > switched && server === address,
    );
    assert.deepEqual(late, []);
    // Until a portal has noticed, its clients are connected to the frozen one.
    assert.ok(held - (began - performance.timeOrigin) < NOTICED_MS, `noticed at ${held}`);
    await refusedNobody(t, record, held + IN_FORCE_MS, began);
  });

  test(`${name}: a leader cut off from its quorum, which the portals still see, acknowledges nothing after the switch`, async (t) => {
    const old = await led.leader(nodes);
    const address = await addressOf(cluster, old);
    const peers = (await Promise.all(others(old).map((node) => addressOf(cluster, node)))).join();
    const writers = load(t);
    await writers.firstAck();

    const began = Date.now();
    const lift = await breakNetwork(containerOf(cluster, old), {
      arriving: [`ip saddr { ${peers} } drop`],
      leaving: [`ip daddr { ${peers} } drop`],
    });
    const cut = performance.now();
    let switched = 0;
    try {
      await switches(old, await leaderAfter(old), began);
      await writers.firstAck();
      switched = performance.now();
      await sleep(2000);
    } finally {
      await lift();
    }
    const record = await writers.stop();

    const latest = cut + (led.mayLose?.cutOffMs ?? 0);
    await check(record, {
      judgedFrom: led.leavesSessions ? switched : 0,
      mayLose: lastBefore(began - performance.timeOrigin, latest),
    });
    const late = record.acknowledged.filter(
      ({ at, server }) => at > switched && server === address,
    );
    assert.deepEqual(late, []);
  });

  const { ridesOut } = led;
  if (ridesOut !== undefined)
    test(`${name}: a leader frozen for ${ridesOut} ms loses no session`, async (t) => {
      const old = await led.leader(nodes);
      const writers = load(t);
      await writers.firstAck();

      await act(engineOf(old), "pause");
      await sleep(ridesOut);
      await act(engineOf(old), "unpause");
      await writers.firstAck();
      const record = await writers.stop();

      assert.deepEqual(record.failures, []);
      assert.equal(await led.leader(nodes), old);
    });

  const { evidence } = led;
  if (evidence !== undefined)
    test(`${name}: evidence lost and back: the leader stays, and no session is lost`, async (t) => {
      const old = await led.leader(nodes);
      const writers = load(t);
      await writers.firstAck();

      await evidence.lose();
      await sleep(9000);
      await evidence.giveBack();
      await sleep(6000);
      await writers.firstAck();
      const record = await writers.stop();

      assert.deepEqual(record.failures, []);
      assert.equal(await led.leader(nodes), old);
    });

  // The last one: sessions that begin before the agent is back are watched by HAProxy's own check, which is less patient.
  test(`${name}: with its agent frozen for good, a portal goes on by its own check of the role, and follows without it`, async (t) => {
    // A node that was cut off before may want another election when it is back.
    await sleep(CALM_MS);
    const old = await until("a leader", 60, () => led.leader(nodes));
    const [portal = ""] = portals;
    const [through] = targetsOf(cluster, "primary");
    assert.ok(through);
    const open = await openSince(t, [through], driver);
    await signalAgents(cluster, [portal], "STOP");
    try {
      await sleep(SILENCE_MS);
      await open.stayed();
      const writer = startWriter(t, [through], driver, { sessions: 1, everyWrite: true });
      await writer.nextAck(30_000);
      await led.switchover(old);
      const address = await addressOf(cluster, await leaderAfter(old));
      await until("a write on the new leader", 60, async () => {
        const { server } = await writer.nextAck(30_000);
        return server === address;
      });
      await writer.stop();
    } finally {
      await signalAgents(cluster, [portal], "CONT");
    }
  });
}

/** The engines of which any node serves everybody, behind one endpoint. */
export function servesFromAnyNode({ cluster, driver, written, whole }: Subject): void {
  const { nodes, portals, name } = cluster;
  const engineOf = (node: string) => docker.getContainer(containerOf(cluster, node));
  const load = (t: Parameters<typeof loadOf>[0]) => loadOf(t, targetsOf(cluster, "any"), driver);
  const check = async (record: Record) => {
    const ids = await written();
    assert.deepEqual(
      record.acknowledged.map(({ id }) => id).filter((id) => !ids.has(id)),
      [],
    );
  };
  const victim = nodes[1] ?? "";

  afterFailure(() => [...nodes, ...portals].map((name) => containerOf(cluster, name)));

  beforeEach(() => until("a whole cluster", 240, whole));

  test(`${name}: connections are spread over every node`, async (t) => {
    const writers = load(t);
    await writers.firstAck();
    await sleep(1500);
    const record = await writers.stop();

    assert.equal(new Set(record.acknowledged.map(({ server }) => server)).size, nodes.length);
  });

  for (const [what, fault, lift] of [
    ["killed", "kill", "start"],
    ["frozen", "pause", "unpause"],
  ] as const)
    test(`${name}: a node that is ${what} is soon out, the others' sessions go on, and it comes back`, async (t) => {
      const address = await addressOf(cluster, victim);
      const writers = load(t);
      await writers.firstAck();

      const wall = Date.now();
      await act(engineOf(victim), fault);
      await writers.firstAck();
      for (const portal of portals) {
        const took = await outAfter(cluster, portal, victim, wall);
        t.diagnostic(`${portal}: ${victim} was out ${took} ms after it was ${what}`);
        assert.ok(took < OUT_MS, `${portal} took ${took} ms`);
      }
      const out = performance.now();
      await sleep(3000);
      await writers.firstAck();
      const record = await writers.stop();
      await act(engineOf(victim), lift);

      await check(record);
      // A session to the victim may be lost, and a newcomer until it is out; nobody else notices.
      const late = record.failures.filter(({ begun }) => begun > out);
      assert.deepEqual(late, []);
      const there = record.acknowledged.filter((ack) => ack.server === address && ack.begun > out);
      assert.deepEqual(there, []);
      await until("a whole cluster", 240, whole);
      const again = load(t);
      await until("an answer of the node that came back", 60, async () => {
        await again.firstAck();
        return again.record().acknowledged.some(({ server }) => server === address);
      });
      await again.stop();
    });

  test(`${name}: with its agent frozen for good, a portal goes on by its own check of the nodes, and leaves out a dead one`, async (t) => {
    const connecting = () =>
      startWriter(t, targetsOf(cluster, "any"), driver, { sessions: 2, everyWrite: true });
    const open = await openSince(t, targetsOf(cluster, "any"), driver);
    await signalAgents(cluster, portals, "STOP");
    try {
      await sleep(SILENCE_MS);
      await open.stayed();
      const before = connecting();
      await before.nextAck(30_000);
      await sleep(2000);
      assert.deepEqual((await before.stop()).failures, []);

      await engineOf(victim).kill();
      await sleep(OWN_CHECK_MS);
      const after = connecting();
      await after.nextAck(30_000);
      await sleep(2000);
      const record = await after.stop();
      assert.deepEqual(record.failures, []);
      assert.equal(new Set(record.acknowledged.map(({ server }) => server)).size, nodes.length - 1);
    } finally {
      await signalAgents(cluster, portals, "CONT");
      await engineOf(victim).start();
    }
  });

  test(`${name}: all nodes lost at once come back with every acknowledged write`, async (t) => {
    // Written through one portal, and read through the other.
    const session = await driver.connect(
      targetsOf(cluster, "any").at(-1) ?? assert.fail("no target"),
    );
    t.after(session.end);
    const ids = Array.from({ length: 50 }, (_, index) => `all-${index}`);
    for (const id of ids) await session.write(id);

    const began = Date.now();
    await Promise.all(nodes.map((node) => engineOf(node).kill()));
    await until("the portals refuse", 10, async () => {
      const [first] = cluster.outputs.portals;
      return (await statusOf(first?.status ?? "")).endpoints.any?.gate === "closed";
    });
    await Promise.all(nodes.map((node) => engineOf(node).start()));
    await until("a whole cluster", 240, whole);

    const there = await written();
    assert.deepEqual(
      ids.filter((id) => !there.has(id)),
      [],
    );
    const logged = await logLines(cluster, portals[0] ?? "", began);
    assert.ok(logged.some(({ msg }) => /no node can be reached/.test(String(msg))));
  });
}

/** A session through each target, which writes from now on. `stayed` ends them, and rejects if one had been lost meanwhile. */
async function openSince(t: TestContext, targets: readonly Target[], driver: Driver) {
  const writers = targets.map((target) => startWriter(t, [target], driver, { sessions: 1 }));
  const allWrite = () => Promise.all(writers.map((writer) => writer.nextAck(30_000)));
  await allWrite();
  return {
    stayed: async () => {
      await allWrite();
      const records = await Promise.all(writers.map((writer) => writer.stop()));
      assert.deepEqual(
        records.flatMap(({ failures }) => failures),
        [],
      );
    },
  };
}

function reportLosses(name: string, lost: number, of: number): void {
  process.stdout.write(`# ${name}: ${lost} of ${of} acknowledged writes lost\n`);
}
