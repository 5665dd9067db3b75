import assert from "node:assert/strict";
import { test } from "node:test";

import { endSessions } from "../../proxy-image/src/apply/end-sessions.ts";
import { socketThat } from "./socket-that.ts";

const session = (id: string, port: number): string =>
  `${id}: proto=tcpv4 src=192.0.2.7:${port} fe=in_primary be=primary srv=orders-1 ts=00 epoch=0x5 age=1s calls=4 rate=0 cpu=0 lat=0 ` +
  "rq[f=848000h,i=0,an=00h,ax=] rp[f=80008000h,i=0,an=00h,ax=] scf=[8,200048h,fd=78,rex=] scb=[8,1h,fd=80,rex=] exp=\n";

const ENDS = session("0x7f01", 1001);
const CAME_SINCE = session("0x7f02", 1002);

/** HAProxy, by what its looks show one after the other, the last for ever. Gives which sessions ended, and what it was told. */
async function ended(t: Parameters<typeof socketThat>[0], looks: readonly string[]) {
  const told: string[] = [];
  let look = 0;
  const path = await socketThat(t, (socket, line) => {
    for (const command of line.trim().split(";")) {
      if (command === "show sess") socket.write(`${looks[Math.min(look++, looks.length - 1)]}\n`);
      else socket.write("\n");
      if (command.startsWith("shutdown")) told.push(command);
    }
  });
  const sessions = await endSessions({ socket: path, chosen: () => true });
  return { ports: sessions.map(({ port }) => port), told };
}

test("a session that a look still shows is not told to end again: its id may be a newcomer's by then", async (t) => {
  assert.deepEqual(await ended(t, [ENDS, ENDS, ""]), {
    ports: [1001],
    told: ["shutdown session 0x7f01"],
  });
});

test("one that came meanwhile is told as well", async (t) => {
  assert.deepEqual(await ended(t, [ENDS, ENDS + CAME_SINCE, CAME_SINCE, ""]), {
    ports: [1001, 1002],
    told: ["shutdown session 0x7f01", "shutdown session 0x7f02"],
  });
});

test("one that came and went by itself, without having been told, is not counted", async (t) => {
  const came = [1003, 1004, 1005].map((port) => session(`0x7f${port}`, port));
  const { ports, told } = await ended(t, [ENDS, ...came, ""]);

  assert.deepEqual(ports, [1001, 1003, 1004]);
  assert.equal(told.length, ports.length);
});

test("one that stays is no session that ended", async (t) => {
  assert.deepEqual(await ended(t, [ENDS]), { ports: [], told: ["shutdown session 0x7f01"] });
});
