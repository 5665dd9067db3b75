import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

import { sendOnce } from "../../../proxy-image/src/apply/runtime-socket.ts";
import { until } from "../../support/until.ts";
import { blocks, createLab, type Lab, nodeBehind, openClient, wantedOf } from "../lab.ts";

const open = (cidrs: readonly string[] | undefined) =>
  wantedOf("orders-1", ["orders-1"], cidrs && blocks(...cidrs));

async function openLab(t: Parameters<typeof createLab>[0]): Promise<Lab> {
  const lab = await createLab(t);
  lab.agent.vouched.add("primary/orders-1").add("replica/orders-1");
  await lab.settle(open(["127.0.0.0/8"]));
  return lab;
}

/** Gives loopback an address, which takes NET_ADMIN. The image has no `ip`. */
function addAddress(address: string): void {
  const script = `use Socket qw(:DEFAULT inet_pton AF_INET6); socket(S, AF_INET6, SOCK_DGRAM, 0) or die $!;
    ioctl(S, 0x8916, pack("a16 L l", inet_pton(AF_INET6, $ARGV[0]), 128, 1)) or $!{EEXIST} or die $!;`;
  execFileSync("perl", ["-MErrno", "-e", script, address]);
}

test("an empty list lets nobody in, on any endpoint", async (t) => {
  const lab = await openLab(t);
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");

  await lab.settle(open([]));

  assert.equal(await nodeBehind(lab.port("primary")), undefined);
  assert.equal(await nodeBehind(lab.port("replica")), undefined);
  await assert.rejects(fetch(`http://127.0.0.1:${lab.port("status")}/status`));
});

test("one entry more or less changes who gets in, without a reload, and outlives a restart", async (t) => {
  const lab = await openLab(t);
  const { worker } = await lab.actual();
  const stranger = "127.0.0.77";

  await lab.settle(open(["127.0.0.1/32"]));
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
  assert.equal(await nodeBehind(lab.port("primary"), stranger), undefined);

  await lab.settle(open(["127.0.0.1/32", "127.0.0.77/32"]));
  assert.equal(await nodeBehind(lab.port("primary"), stranger), "orders-1");

  assert.equal((await lab.actual()).worker, worker);
  const file = readFileSync(join(lab.folder, "whitelist.map"), "utf8");
  assert.match(file, /^127\.0\.0\.1\/32 \d+\n127\.0\.0\.77\/32 \d+\n$/);
});

test("open to everybody and back needs no reload", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open([]));
  await lab.settle(open(undefined));
  assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
  await lab.settle(open([]));
  assert.equal(await nodeBehind(lab.port("primary")), undefined);
});

test("an entry that goes cuts its live sessions at once, and nobody else's", async (t) => {
  const lab = await openLab(t);
  const stays = openClient(lab.port("primary"), "127.0.0.5");
  const goes = openClient(lab.port("primary"), "127.0.0.6");
  const reads = openClient(lab.port("replica"), "127.0.0.6");
  await Promise.all([stays.node, goes.node, reads.node]);

  const since = performance.now();
  await lab.apply(open(["127.0.0.1/32", "127.0.0.5/32"]));
  await Promise.all([goes.ended, reads.ended]);

  assert.ok(performance.now() - since < 10_000);
  assert.ok(stays.live());
  const event = await until("the swap is told", 10_000, () =>
    lab.events.find((event) => event.kind === "whitelist-in-force" && event.entries === 2),
  );
  assert.deepEqual(
    event.kind === "whitelist-in-force" &&
      event.revoked.toSorted((a, b) => (a.endpoint < b.endpoint ? -1 : 1)),
    [
      { endpoint: "primary", source: "127.0.0.6", sessions: 1 },
      { endpoint: "replica", source: "127.0.0.6", sessions: 1 },
    ],
  );
  stays.socket.destroy();
});

test("who comes while others are put off the list is served, and stays", async (t) => {
  const lab = await openLab(t);
  let came = 0;
  let lost = 0;
  let over = false;
  const comeAnew = async (): Promise<void> => {
    while (!over) {
      const { socket, node, live } = openClient(lab.port("primary"));
      const served = await node;
      await pause(2);
      came++;
      if (served === undefined || !live()) lost++;
      socket.destroy();
    }
  };
  const others = Array.from({ length: 12 }, comeAnew);
  try {
    for (let round = 0; round < 20; round++) {
      await lab.settle(open(["127.0.0.0/8"]));
      const gone = Array.from({ length: 40 }, () => openClient(lab.port("primary"), "127.0.0.6"));
      await Promise.all(gone.map(({ node }) => node));
      await lab.settle(open(["127.0.0.1/32"]));
      await Promise.all(gone.map(({ ended }) => ended));
    }
  } finally {
    over = true;
    await Promise.all(others);
  }
  assert.equal(lost, 0, `${lost} of ${came} were lost`);
});

test("an IPv4 entry lets no IPv6 source in that only spells the same digits", async (t) => {
  const lab = await openLab(t);
  // 10.9.8.7 is on the list; HAProxy alone would take these two for it.
  for (const alias of ["::10.9.8.7", "2002:a09:807::1"]) {
    addAddress(alias);
    await lab.settle(open(["10.9.8.7/32", "127.0.0.0/8"]));
    assert.equal(await nodeBehind(lab.port("primary"), alias, alias), undefined, alias);
  }
  addAddress("fd00::5");
  await lab.settle(open(["127.0.0.0/8", "fd00::/8"]));
  assert.equal(await nodeBehind(lab.port("primary"), "fd00::5", "fd00::5"), "orders-1");
});

test("refused sources are counted by endpoint, once each, and not those let in", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open(["127.0.0.1/32"]));
  await nodeBehind(lab.port("primary"), "127.0.0.1");
  for (let time = 0; time < 3; time++) await nodeBehind(lab.port("primary"), "127.0.0.66");
  await nodeBehind(lab.port("replica"), "127.0.0.67");

  const reading = await lab.haproxy.denied();

  assert.deepEqual(reading, {
    kind: "denied",
    sources: [
      { endpoint: "primary", source: "127.0.0.66", count: 3 },
      { endpoint: "replica", source: "127.0.0.67", count: 1 },
    ],
    others: [],
  });
  await nodeBehind(lab.port("primary"), "127.0.0.66");
  assert.deepEqual(await lab.haproxy.denied(), {
    kind: "denied",
    sources: [{ endpoint: "primary", source: "127.0.0.66", count: 1 }],
    others: [],
  });
});

test("an entry ends at its time without the agent, and a clock that goes back admits nobody again", async (t) => {
  const lab = await openLab(t);
  const [soon, later] = [Date.now() + 3_000, Date.now() + 1_800_000];
  const list = [
    ...blocks("127.0.0.1/32"),
    { cidr: "127.0.0.5/32", until: soon },
    { cidr: "127.0.0.6/32", until: later },
    // Ends sooner than what it is in.
    { cidr: "127.0.0.6/31", until: later + 1 },
    { cidr: "127.0.0.7/32", until: soon },
  ];
  const wanted = wantedOf("orders-1", [], list);
  await lab.settle(wanted);
  const guest = openClient(lab.port("primary"), "127.0.0.5");
  assert.equal(await guest.node, "orders-1");
  await lab.haproxy.denied();
  await lab.agent.die();

  await until("its time is over", 20_000, async () => {
    return (await nodeBehind(lab.port("primary"), "127.0.0.5")) === undefined;
  });
  assert.ok(Date.now() >= soon);
  for (const source of ["127.0.0.1", "127.0.0.6", "127.0.0.7"])
    assert.equal(await nodeBehind(lab.port("primary"), source), "orders-1", source);
  const denied = await lab.haproxy.denied();
  assert.deepEqual(denied.kind === "denied" && denied.sources.map(({ source }) => source), [
    "127.0.0.5",
  ]);

  // As if the clock had been later than that, and set back since. The agent alone may say that this was no end.
  const hourAhead = Date.now() + 3_600_000;
  const jump = ["experimental-mode on", `set var proc.latest int(${hourAhead})`];
  await sendOnce(lab.adminSocket, jump, { deadlineMs: 10_000 });
  assert.equal((await lab.actual()).latest, hourAhead);
  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.6"), undefined);
  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.1"), "orders-1");
  await lab.agent.live();
  await until("the agent speaks", 20_000, async () => {
    return (await nodeBehind(lab.port("primary"), "127.0.0.6")) === "orders-1";
  });

  // What was open when its entry ended is cut by the agent, once it is back.
  assert.ok(guest.live());
  await lab.settle({ ...wanted, whitelist: list.filter(({ until }) => until !== soon) });
  await guest.ended;
});

test("a flood of refused sources is told whole, and what is kept of it is bounded", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open(["127.0.0.1/32"]));
  await lab.haproxy.denied();
  const SOURCES = 5_000;
  for (let first = 0; first < SOURCES; first += 50) {
    const sources = Array.from({ length: 50 }, (_, i) => first + i);
    await Promise.all(
      sources.map((i) => nodeBehind(lab.port("primary"), `127.1.${i >> 8}.${i & 255}`)),
    );
  }

  const reading = await lab.haproxy.denied();

  assert.equal(reading.kind, "denied");
  if (reading.kind !== "denied") return;
  assert.ok(reading.sources.length <= 2_048, `${reading.sources.length} sources are kept`);
  const counted = [...reading.sources, ...reading.others].reduce(
    (sum, { count }) => sum + count,
    0,
  );
  assert.equal(counted, SOURCES);
});

const FLOOD_S = 5;
/** Connects from one source, over and over, and says at the end how often. A connection that is reset leaves no port behind. */
const FLOOD = `use Socket; my ($port, $from, $seconds) = @ARGV; my $end = time + $seconds; my $count = 0;
  while (time < $end) {
    socket(S, PF_INET, SOCK_STREAM, 0) or die $!; setsockopt(S, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0));
    bind(S, sockaddr_in(0, inet_aton($from))) or die $!;
    $count++ if connect(S, sockaddr_in($port, inet_aton("127.0.0.1"))); close S;
  }
  print $count;`;

test("while refused sources connect as fast as they can, all who are listed are served", async (t) => {
  const lab = await openLab(t);
  await lab.settle(open(["127.0.0.1/32"]));
  const served = async (seconds: number): Promise<number[]> => {
    const took: number[] = [];
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
      const since = performance.now();
      assert.equal(await nodeBehind(lab.port("primary")), "orders-1");
      took.push(performance.now() - since);
    }
    return took.sort((a, b) => a - b);
  };
  const p99 = (took: readonly number[]): string => (took[(took.length * 0.99) | 0] ?? 0).toFixed(1);

  const calm = await served(FLOOD_S);
  const floods = ["127.0.0.98", "127.0.0.99"].map((from) =>
    promisify(execFile)("perl", ["-e", FLOOD, ...[lab.port("primary"), from, FLOOD_S].map(String)]),
  );
  const beside = await served(FLOOD_S);
  const counts = await Promise.all(floods.map(async (flood) => Number((await flood).stdout)));

  const rate = Math.round(counts.reduce((sum, count) => sum + count, 0) / FLOOD_S);
  t.diagnostic(`${rate} refused a second: p99 ${p99(calm)} ms before, ${p99(beside)} ms beside it`);
  assert.ok(rate > 0);
  assert.ok(beside.length > 10, `${beside.length} were served`);
});

test("20,000 entries are swapped while switches go on at their usual speed", async (t) => {
  const lab = await openLab(t);
  lab.agent.vouched.add("primary/orders-2");
  const many = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  const list = blocks(...[...many, "127.0.0.0/8"].sort());
  const swaps = () => lab.events.filter(({ kind }) => kind === "whitelist-in-force").length;
  const before = swaps();
  await lab.apply(wantedOf("orders-2", ["orders-1"], list));
  let took = 0;
  for (; swaps() === before; took++) {
    await lab.apply(wantedOf(took % 2 === 0 ? "orders-1" : "orders-2", ["orders-1"], list));
    assert.ok(took < 5_000, "the swap never ends");
  }
  // A switch that waits for the swap is as long as it.
  assert.ok(took >= 3, `${took} switches during the swap`);
  await lab.settle(wantedOf("orders-1", ["orders-1"], list));
  const reply = await sendOnce(lab.adminSocket, ["show map"], { deadlineMs: 10_000 });
  assert.match(reply.kind === "reply" ? (reply.blocks[0] ?? "") : "", /entry_cnt=20001/);
});

test("a swap that broke off half-way is followed by a whole one, with one version open", async (t) => {
  const lab = await openLab(t);
  const file = join(lab.folder, "whitelist.map");
  const half = [`prepare map ${file}`, `add map @99 ${file} 0.0.0.0/0 9999999999999`];
  await sendOnce(lab.adminSocket, half, { deadlineMs: 10_000 });

  await lab.settle(open(["127.0.0.9/32"]));

  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.9"), "orders-1");
  assert.equal(await nodeBehind(lab.port("primary"), "127.0.0.10"), undefined);
  const reply = await sendOnce(lab.adminSocket, ["show map"], { deadlineMs: 10_000 });
  const line =
    reply.kind === "reply" &&
    /whitelist.map\).*curr_ver=(\d+) next_ver=(\d+) entry_cnt=1$/m.exec(reply.blocks[0] ?? "");
  assert.ok(line && line[1] === line[2], "two versions are open");
});
