// `npm run bench -- kills <engine...>`: what clients see when nodes are killed, engine by engine. See ../README.md.
import { cpus, loadavg } from "node:os";
import { elasticsearch } from "../../engines/elasticsearch/tests/subject.ts";
import { mongodb } from "../../engines/mongodb/tests/subject.ts";
import { mysql } from "../../engines/mysql/tests/subject.ts";
import { rabbitmq } from "../../engines/rabbitmq/tests/subject.ts";
import { redis } from "../../engines/redis/tests/subject.ts";
import { rethinkdb } from "../../engines/rethinkdb/tests/subject.ts";
import type { Engine } from "../../engines/table.ts";
import type { Led, Subject } from "../../tests/engines/conformance.ts";
import { type Cluster, withCluster } from "../../tests/support/cluster.ts";
import { until } from "../../tests/support/containers.ts";
import { setUp } from "../../tools/setup/set-up.ts";
import { columns } from "../columns.ts";
import { spreadOf } from "../figures.ts";
import { keep } from "../results.ts";
import { killAnyNode } from "./any-node.ts";
import type { Kill } from "./kill.ts";
import { killLeader } from "./leader.ts";
import { withProbe } from "./probe.ts";

type Course = (cluster: Cluster, times: number, onKill: (kill: Kill) => void) => Promise<Subject>;

/** Kills of whoever leads. */
const leaders =
  (engine: Engine, subjectOf: (cluster: Cluster) => Promise<Led>): Course =>
  async (cluster, times, onKill) => {
    const led = await subjectOf(cluster);
    await withProbe(cluster, engine, async (probe) => {
      for (let round = 0; round < times; round++) onKill(await killLeader(led, probe));
    });
    return led;
  };

/** Kills of one node after the other. */
const anyNodes =
  (subjectOf: (cluster: Cluster) => Promise<Subject>): Course =>
  async (cluster, times, onKill) => {
    const subject = await subjectOf(cluster);
    const { nodes } = cluster;
    for (let round = 0; round < times; round++)
      onKill(await killAnyNode(subject, nodes[round % nodes.length] ?? ""));
    return subject;
  };

const COURSES = {
  redis: leaders("redis", async (cluster) => redis(cluster).led),
  mysql: leaders("mysql", async (cluster) => (await mysql(cluster)).led),
  mongodb: leaders("mongodb", async (cluster) => mongodb(cluster)),
  rabbitmq: anyNodes(rabbitmq),
  elasticsearch: anyNodes(elasticsearch),
  rethinkdb: anyNodes(rethinkdb),
} satisfies Partial<Record<Engine, Course>>;

export const measurable = Object.keys(COURSES) as readonly (keyof typeof COURSES)[];

interface Figure {
  readonly engine: string;
  readonly kills: readonly Kill[];
  readonly lost: number;
}

/** Kills `times` nodes of a deployment of each engine, one deployment after the other. */
export async function benchKills(
  engines: readonly (keyof typeof COURSES)[],
  times: number,
): Promise<void> {
  const { env, baseImage } = await setUp();
  Object.assign(process.env, env, { PORTICO_BASE_IMAGE: baseImage });
  const figures: Figure[] = [];
  for (const engine of engines) {
    figures.push(await figureOf(engine, times));
    console.error(table(figures.slice(-1)));
  }
  const load = loadavg()[0] ?? 0;
  console.log(`${table(figures)}\n${cpus().length} cores, load ${load.toFixed(1)} at the end`);
  const at = new Date().toISOString();
  console.log(await keep("kills-", at, { at, cores: cpus().length, load, figures }));
}

async function figureOf(engine: keyof typeof COURSES, times: number): Promise<Figure> {
  const kills: Kill[] = [];
  let lost = 0;
  await withCluster({ name: `${engine}kills`, engine }, async (cluster) => {
    const { whole, written } = await COURSES[engine](cluster, times, (kill) => {
      kills.push(kill);
      const { acknowledged, ...rest } = kill;
      console.error(`${engine} ${kills.length}: ${JSON.stringify(rest)}`);
    });
    await until("a whole cluster", 240, whole);
    const there = await written();
    lost = kills.flatMap(({ acknowledged }) => acknowledged).filter((id) => !there.has(id)).length;
  });
  return { engine, kills, lost };
}

/** For people. */
function table(figures: readonly Figure[]): string {
  const sum = (kills: readonly Kill[], what: "refused" | "refusedEarlier" | "misrouted") =>
    String(kills.reduce((total, kill) => total + kill[what], 0));
  const spread = (times: readonly number[]): string[] => {
    const found = spreadOf(times);
    return found === null ? ["–", "–"] : [found.p50.toFixed(0), found.max.toFixed(0)];
  };
  return columns([
    [
      ...["engine", "kills", "its own p50", "max ms", "portal adds p50", "max ms"],
      ...["refused after 10 ms", "earlier", "misrouted", "lost", "of writes"],
    ],
    ...figures.map(({ engine, kills, lost }) => [
      ...[engine, String(kills.length)],
      ...spread(kills.flatMap(({ own }) => (own === null ? [] : [own]))),
      ...spread(kills.map(({ added }) => added)),
      ...[sum(kills, "refused"), sum(kills, "refusedEarlier"), sum(kills, "misrouted")],
      ...[String(lost), String(kills.flatMap(({ acknowledged }) => acknowledged).length)],
    ]),
  ]);
}
