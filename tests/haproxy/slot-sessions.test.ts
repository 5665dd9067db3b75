import assert from "node:assert/strict";
import { test } from "node:test";

import { endingsOf } from "../../proxy-image/src/apply/end-sessions.ts";
import { readSessions } from "../../proxy-image/src/apply/replies.ts";

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

const commandsOf = async (say: ReturnType<typeof looks>) =>
  (await endingsOf(say, [SLOT])).flatMap(({ commands, sessions }) => commands(sessions));

test("a session counts as established once HAProxy has looked at it", () => {
  const states = readSessions([OPEN, JUST_OPEN, CONNECTING, QUEUED].join("\n"));
  assert.deepEqual(
    states.map(({ state }) => state),
    ["established", "connecting", "connecting", "waiting"],
  );
});

test("a slot's sessions end as a whole once none is on its way to the node", async () => {
  for (const onItsWay of [JUST_OPEN, CONNECTING]) {
    const say = looks([OPEN, onItsWay], []);
    assert.deepEqual(await commandsOf(say), [], "it looked once more");
  }
  const say = looks([OPEN, JUST_OPEN], [OPEN]);
  assert.deepEqual(await commandsOf(say), ["shutdown sessions server primary/orders-1"]);
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
