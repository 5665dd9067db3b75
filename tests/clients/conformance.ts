import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import type { Engine } from "../../engines/table.ts";
import type { Cluster } from "../support/cluster.ts";
import { caFileOf, containerOf, documentOf, logLines } from "../support/cluster.ts";
import { until } from "../support/containers.ts";
import { act, docker } from "../support/docker.ts";
import { statusOf, timeOf } from "../support/pool.ts";
import type { Checked } from "./run.ts";
import { Clients } from "./run.ts";
import type { Ended, Row } from "./seen.ts";
import { print, sightOf } from "./seen.ts";
import { DIALOGS, typed, typedLines } from "./typed.ts";

export interface Tried {
  readonly cluster: Cluster;
  readonly engine: Engine;
  readonly endpoint: string;
  /** Resolves once every node and both portals serve. */
  readonly whole: () => Promise<true>;
  /** Absent where every node serves. */
  readonly led?: Led;
  /** Leaves the portals without a leader while nobody new gets in, until `giveBack`. Absent where nothing is held. */
  readonly hold?: Hold;
  /** Instead of `hold`, until a portal gives up: where `hold` is mended by the cluster itself. */
  readonly lastingHold?: Hold;
  /** True where an acknowledged write can be lost by the engine's own design. */
  readonly mayLose?: boolean;
}

interface Led {
  readonly leader: (among: readonly string[]) => Promise<string>;
  readonly switchover: (old: string) => Promise<void>;
}

interface Hold {
  readonly lose: () => Promise<void>;
  readonly giveBack: () => Promise<void>;
}

/** Longer than what clients wait for as they come (2 to 10 s). */
const HELD_MS = 15_000;
/** Of a deployment whose hold is begun and ended here: on a busy machine both take seconds, and the portal isn't to give up meanwhile. */
export const LONG_HOLD = { hold: "90s" };
/** After a fault, until the next. */
const WATCHED_MS = 45_000;

/** Seconds from the end of a hold on, in which each client has said so: ioredis tries again for 80. */
const AFTER_S = 100;
/** They try again for as long as their process lives; node-redis says why in its `error` events. */
const WITHOUT_END = ["node-redis", "bullmq", "postgres.js"];

/** What a certificate of another authority makes a client say; some only retry in silence. */
const DISTRUST =
  /certificat|verif|self.signed|PKIX|unknown authority|trust|SSL|TLS|nothing within|PoolTimeout|UNABLE_TO/i;

/** Every client of an engine, by the form that the outputs have for it, on a cluster of the real engine. */
export async function connectsAllClients(tried: Tried): Promise<void> {
  const { cluster, engine, endpoint, whole, led, hold } = tried;
  const served = cluster.outputs.endpoints[endpoint];
  if (served === undefined) throw new Error(`${cluster.name} has no endpoint ${endpoint}`);
  const clients = await Clients.make(engine, served.clients, cluster.outputs, caFileOf(cluster));
  const rows = new Map<string, Row>(clients.names.map((client) => [client, { client }]));
  const row = (client: string): Row => rows.get(client) ?? { client };
  after(async () => {
    await print(engine, [...rows.values()]);
    await clients.remove();
  });
  const failures = (all: readonly Checked[]) =>
    all.filter(({ ok }) => !ok).map(({ client, error }) => `${client}: ${error}`);

  const gates = (wanted: RegExp) => async () => {
    const all = await Promise.all(cluster.outputs.portals.map(({ status }) => statusOf(status)));
    return all.every(({ endpoints }) => wanted.test(endpoints[endpoint]?.gate ?? ""));
  };

  test(`${engine}: every client connects by its form as it is`, async () => {
    await until("a whole cluster", 240, whole);
    const seen = await clients.check("right");
    for (const one of seen) row(one.client).right = one;
    assert.deepEqual(failures(seen), []);
    assert.deepEqual(seen.map(({ client }) => client).sort(), [...clients.names].sort());
  });

  test(`${engine}: no client connects by the same form with another authority's certificate`, async () => {
    const seen = await clients.check("wrong");
    for (const one of seen) row(one.client).wrong = one;
    assert.deepEqual(
      seen.filter(({ ok }) => ok).map(({ client }) => client),
      [],
    );
    for (const { client, error } of seen) assert.match(error, DISTRUST, client);
  });

  const dialog = DIALOGS[engine];
  if (dialog)
    for (const [what, line] of typedLines(cluster, engine, served))
      test(`${engine}: ${what} works as it is, and not with another authority's certificate`, async () => {
        await until("a whole cluster", 240, whole);
        const { code, output } = await typed(cluster, engine, line, dialog);
        assert.match(output, dialog.expect);
        assert.equal(code, 0, output);

        const refused = await typed(cluster, engine, line, { ...dialog, ca: clients.stranger });
        assert.doesNotMatch(refused.output, dialog.expect);
        assert.match(refused.output, DISTRUST);
      });

  if (hold)
    test(`${engine}: every client waits while there is no leader`, async () => {
      await until("a whole cluster", 240, whole);
      await hold.lose();
      await until("portals that hold", 30, gates(/held/));
      const seen = clients.check("right");
      await sleep(HELD_MS);
      const givenBack = Date.now();
      await hold.giveBack();
      for (const one of await seen) row(one.client).hold = one;
      assert.deepEqual(failures(await seen), []);
      const early = (await seen).filter(({ at }) => at < givenBack);
      assert.deepEqual(
        early.map(({ client }) => client),
        [],
        "weren't held",
      );
    });

  test(`${engine}: no client loses an acknowledged row in a switchover and a kill`, async () => {
    await until("a whole cluster", 240, whole);
    const writers = await clients.write();
    const old = led === undefined ? cluster.nodes[0] : await led.leader(cluster.nodes);
    const began = Date.now();
    if (led && old) {
      await led.switchover(old);
      await sleep(WATCHED_MS);
      await until("a whole cluster", 240, whole);
    }
    const victim = led === undefined ? cluster.nodes[0] : await led.leader(cluster.nodes);
    const killed = Date.now();
    const node = docker.getContainer(containerOf(cluster, victim ?? ""));
    await node.kill();
    await sleep(WATCHED_MS);
    await node.start();
    await until("a whole cluster", 240, whole);
    const written = await writers.stop();

    for (const one of written) {
      if (led) row(one.client).switchover = sightOf(one, began, WATCHED_MS);
      row(one.client).kill = sightOf(one, killed, WATCHED_MS);
      row(one.client).lost = one.missing.length;
      row(one.client).twice = one.twice;
    }
    assert.deepEqual(written.map(({ client }) => client).sort(), [...clients.names].sort());
    assert.deepEqual(
      written.filter(({ unread }) => unread !== "").map(({ client, unread }) => [client, unread]),
      [],
    );
    const lost = written.filter(({ missing }) => missing.length > 0);
    if (!tried.mayLose)
      assert.deepEqual(
        lost.map(({ client, missing }) => [client, missing.length]),
        [],
      );
  });

  test(`${engine}: every client says so when a hold ends, and none has given up before`, async () => {
    await until("a whole cluster", 240, whole);
    const { lose, giveBack } = tried.lastingHold ?? hold ?? allNodes(cluster);
    await lose();
    await until("portals that serve nobody", 30, gates(hold ? /held/ : /closed/));

    const began = Date.now();
    const { timing } = JSON.parse(await readFile(documentOf(cluster), "utf8"));
    const patience = timing.hold + AFTER_S;
    const [seen, plain] = await Promise.all([
      clients.check("right", patience),
      clients.check("plain", patience),
    ]);
    const end = hold ? await endOfHold(cluster, began) : began;
    const asEnded = ({ error, ms, at }: Checked): Ended => ({
      ...{ error, after: ms / 1000, late: (at - end) / 1000 },
    });
    for (const one of seen) row(one.client).ended = asEnded(one);
    for (const one of plain) row(one.client).plain = asEnded(one);
    await giveBack();
    await until("a whole cluster", 240, whole);

    assert.deepEqual(seen.map(({ client }) => client).sort(), [...clients.names].sort());
    assert.deepEqual(
      seen.filter(({ ok }) => ok).map(({ client }) => client),
      [],
    );
    const wrong = seen.filter(({ at }) => at < end - 1000 || at > end + (AFTER_S + 30) * 1000);
    assert.deepEqual(failures(wrong), [], "not at the end of the hold");
    const without = seen.filter(({ client }) => !WITHOUT_END.includes(client));
    assert.deepEqual(
      failures(without).filter((text) => /nothing within/.test(text)),
      [],
    );
  });
}

/** When the first portal ended it, by its own log, in milliseconds since 1970; Infinity where none has. */
async function endOfHold(cluster: Cluster, since: number): Promise<number> {
  const lines = await Promise.all(
    cluster.portals.map((portal) => logLines(cluster, portal, since)),
  );
  const ends = lines.flat().filter(({ msg }) => /refused: .*held for \d+ s/.test(String(msg)));
  return Math.min(...ends.map(timeOf));
}

type Loss = readonly ["kill", "start"] | readonly ["pause", "unpause"];

/** Where nothing is held, who comes is refused once no node is there. */
const allNodes = (cluster: Cluster) =>
  lost(() => Promise.resolve(cluster.nodes), cluster, ["kill", "start"]);

/** Leaves the last node alone: it is none that serves, and nobody's majority. */
export function allButOne(
  cluster: Cluster,
  leader?: Led["leader"],
  loss: Loss = ["kill", "start"],
): Hold {
  const chosen = async () => {
    const first = await leader?.(cluster.nodes);
    const [next, other] = cluster.nodes.filter((node) => node !== first);
    return [first ?? other ?? "", next ?? ""];
  };
  return lost(chosen, cluster, loss);
}

function lost(
  chosen: () => Promise<readonly string[]>,
  cluster: Cluster,
  [lose, giveBack]: Loss,
): Hold {
  let nodes: readonly string[] = [];
  const containers = () => nodes.map((node) => docker.getContainer(containerOf(cluster, node)));
  return {
    lose: async () => {
      nodes = await chosen();
      await Promise.all(containers().map((container) => act(container, lose)));
    },
    giveBack: async () => {
      await Promise.all(containers().map((container) => act(container, giveBack)));
    },
  };
}
