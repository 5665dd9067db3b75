import assert from "node:assert/strict";
import type { TestContext } from "node:test";

import type { Outcome } from "../../../../proxy-image/src/engines/mysql/session.ts";
import { createMemberClient } from "../../../../proxy-image/src/engines/mysql/session.ts";
import { portalOf } from "../../../../tests/observe/support/portal.ts";
import { Authority } from "../../../../tests/support/authority.ts";
import type { MysqlStandIn } from "./stand-in.ts";
import { AS_RECORDED, startMysql } from "./stand-in.ts";

const authority = await Authority.create();
const identity = {
  ...(await portalOf(authority)),
  logins: { mysql: { user: "portal", password: "s3cret" } },
};

/** One question's. What hangs is given up within 2 s. */
export const DEADLINE_MS = 3000;
export const GIVEN_UP_MS = 4000;

export function clientTo(mysql: MysqlStandIn, name = "n1") {
  let dropped = 0;
  const { port } = mysql;
  const target = { name, address: "127.0.0.1", port, identity: () => identity };
  const client = createMemberClient({ ...target, onDropped: () => dropped++ });
  return { ...client, dropped: () => dropped };
}

export async function start(t: TestContext, name?: string) {
  const mysql = await startMysql(authority, "n1");
  const client = clientTo(mysql, name);
  t.after(async () => {
    client.stop();
    await mysql.stop();
  });
  return { mysql, client: client };
}

export const kindOf = (outcome: Outcome): string =>
  outcome.kind === "answer" ? outcome.answer.kind : outcome.kind;

export function whyOf(outcome: Outcome): string {
  if (outcome.kind !== "answer") return outcome.why;
  return "why" in outcome.answer ? outcome.answer.why : outcome.answer.kind;
}

/** From now on the server is as it should be, and the line finds that out by itself. */
export async function recovers(
  mysql: MysqlStandIn,
  client: ReturnType<typeof clientTo>,
): Promise<void> {
  Object.assign(mysql, AS_RECORDED);
  const end = performance.now() + GIVEN_UP_MS;
  let outcome = await client.ask(DEADLINE_MS);
  while (kindOf(outcome) !== "member" && performance.now() < end)
    outcome = await client.ask(DEADLINE_MS);
  assert.equal(kindOf(outcome), "member", whyOf(outcome));
}

/** One packet, of which each character is a byte. */
export function packet(number: number, payload: string): Buffer {
  const bytes = Buffer.from(payload, "latin1");
  return Buffer.concat([Buffer.from([bytes.length, 0, 0, number]), bytes]);
}
