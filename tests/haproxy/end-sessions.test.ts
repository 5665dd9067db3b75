import assert from "node:assert/strict";
import { test } from "node:test";

import { endSessions, sessionsToEnd } from "../../proxy-image/src/apply/end-sessions.ts";
import { readSessions } from "../../proxy-image/src/apply/replies.ts";
import { socketThat } from "./socket-that.ts";

const session = (id: string, port: number): string =>
  `${id}: proto=tcpv4 src=192.0.2.7:${port} fe=in_primary be=primary srv=orders-1 ts=00 epoch=0x5 age=1s calls=4 rate=0 cpu=0 lat=0 ` +
  "rq[f=848000h,i=0,an=00h,ax=] rp[f=80008000h,i=0,an=00h,ax=] scf=[8,200048h,fd=78,rex=] scb=[8,1h,fd=80,rex=] exp=\n";

const ENDS = session("0x7f01", 1001);
const CAME_SINCE = session("0x7f02", 1002);

/** HAProxy, by what its looks show one after the other, the last for ever. Gives which sessions ended, and what it was told. */
async function ended(t: Parameters<typeof socketThat>[0], looks: readonly string[]) {
  const sent: string[] = [];
  let look = 0;
  const path = await socketThat(t, (socket, line) => {
    for (const command of line.trim().split(";")) {
      if (command === "show sess") socket.write(`${looks[Math.min(look++, looks.length - 1)]}\n`);
      else socket.write("\n");
      if (command.startsWith("shutdown")) sent.push(command);
    }
  });
  const sessions = await endSessions({ socket: path, chosen: () => true });
  return { ports: sessions.map(({ port }) => port), sent };
}

test("a session that a look still shows is not told to end again: its id may be a newcomer's by then", async (t) => {
  assert.deepEqual(await ended(t, [ENDS, ENDS, ""]), {
    ports: [1001],
    sent: ["shutdown session 0x7f01"],
  });
});

test("one that came meanwhile is told as well", async (t) => {
  assert.deepEqual(await ended(t, [ENDS, ENDS + CAME_SINCE, CAME_SINCE, ""]), {
    ports: [1001, 1002],
    sent: ["shutdown session 0x7f01", "shutdown session 0x7f02"],
  });
});

test("one that came and went by itself, without having been told, is not counted", async (t) => {
  const came = [1003, 1004, 1005].map((port) => session(`0x7f${port}`, port));
  const { ports, sent } = await ended(t, [ENDS, ...came, ""]);

  assert.deepEqual(ports, [1001, 1003, 1004]);
  assert.equal(sent.length, ports.length);
});

test("a session that is still open isn't counted as ended", async (t) => {
  assert.deepEqual(await ended(t, [ENDS]), { ports: [], sent: ["shutdown session 0x7f01"] });
});

/** A line of `show sess`. `answers`: flags of the response; `state`: of the server's side. */
const line = (port: number, server: string, answers: string, state: number): string =>
  `0x7f00000${port}: proto=tcpv4 src=192.0.2.7:${port} fe=in_primary be=primary srv=${server} ts=00 epoch=0x5 age=1s calls=4 ` +
  `rate=0 cpu=0 lat=0 rq[f=848000h,i=0,an=00h,ax=] rp[f=${answers}h,i=0,an=00h,ax=] scf=[8,200048h,fd=78,rex=] ` +
  `scb=[${state},1h,fd=80,rex=] exp=`;

const OPEN = line(1001, "orders-1", "80008000", 8);
/** HAProxy has not looked at it since it was established. */
const JUST_OPEN = line(1002, "orders-1", "80000000", 8);
const CONNECTING = line(1003, "orders-1", "80000000", 5);
const QUEUED = line(1004, "<none>", "80000000", 2);
const SLOT = { endpoint: "primary", node: "orders-1" };

/** Answers look after look, and the last for ever. */
function looks(...answers: readonly (readonly string[])[]) {
  let asked = 0;
  return async () => {
    const lines = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return { kind: "reply" as const, blocks: [lines.join("\n")] };
  };
}

const commandsOf = async (send: ReturnType<typeof looks>) =>
  (await sessionsToEnd(send, [SLOT])).flatMap(({ commands, sessions }) => commands(sessions));

test("a session counts as established once HAProxy has looked at it", () => {
  const states = readSessions([OPEN, JUST_OPEN, CONNECTING, QUEUED].join("\n"));
  assert.deepEqual(
    states.map(({ state }) => state),
    ["established", "connecting", "connecting", "waiting"],
  );
});

test("a slot's sessions end as a whole once none is on its way to the node", async () => {
  for (const onItsWay of [JUST_OPEN, CONNECTING]) {
    const send = looks([OPEN, onItsWay], []);
    assert.deepEqual(await commandsOf(send), [], "it looked once more");
  }
  const send = looks([OPEN, JUST_OPEN], [OPEN]);
  assert.deepEqual(await commandsOf(send), ["shutdown sessions server primary/orders-1"]);
});

test("where one stays on its way, the others end one by one, and it is left alone", async () => {
  for (const onItsWay of [JUST_OPEN, CONNECTING])
    assert.deepEqual(await commandsOf(looks([OPEN, onItsWay])), ["shutdown session 0x7f000001001"]);
});

test("who is in the queue may have been called by the node a moment ago: it gets time to go there", async () => {
  assert.deepEqual(await commandsOf(looks([OPEN, QUEUED], [OPEN, CONNECTING])), [
    "shutdown session 0x7f000001001",
  ]);
  assert.deepEqual(await commandsOf(looks([OPEN, QUEUED])), [
    "shutdown sessions server primary/orders-1",
  ]);
});
