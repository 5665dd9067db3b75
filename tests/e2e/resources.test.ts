import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { beforeEach, test } from "node:test";

import { formatDocument } from "../../proxy-image/src/contract.ts";
import { exec, until } from "../support/containers.ts";
import { LONGEST_HOLD, longestWait, refused } from "../support/load.ts";
import { load, lostRows, readOnly } from "./load.ts";
import {
  container,
  documentFile,
  leader,
  leaderAfter,
  logLines,
  PORTALS,
  whole,
} from "./orders.ts";

beforeEach(() => whole());

/** A portal's own folder as on a disk that takes nothing any more. */
async function setWritable(mode: "u-w" | "u+w"): Promise<void> {
  for (const portal of PORTALS) {
    const folders = ["/var/lib/portico", "/var/lib/portico/haproxy"];
    const { code, output } = await exec(container(portal), ["chmod", mode, ...folders], "agent");
    assert.equal(code, 0, output);
  }
}

test("a portal that can write nothing follows a switchover all the same, and raises an alarm", async (t) => {
  const old = await leader();
  const began = Date.now();
  const writers = load(t);
  await writers.firstAck();

  await setWritable("u-w");
  try {
    await exec(container(old), ["patronictl", "switchover", "--force"]);
    await leaderAfter(old);
    await writers.firstAck();
    await until("the alarm", 10, async () =>
      (await logLines(PORTALS[0], began)).some(
        ({ alarm, msg }) => alarm === true && /can't be kept/.test(String(msg)),
      ),
    );
  } finally {
    await setWritable("u+w");
  }
  const record = await writers.stop();

  assert.deepEqual(refused(record), []);
  assert.deepEqual(await lostRows(record), []);
});

test("100,000 entries put in force during a switchover keep it from nothing: all are served by the new leader, and no row is lost", async (t) => {
  const old = await leader();
  const began = Date.now();
  const good = await readFile(documentFile(), "utf8");
  const document = JSON.parse(good);
  const many = Array.from({ length: 100_000 }, (_, index) => [
    `11.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
    "one of many",
  ]);
  const huge = { ...document, whitelist: { ...document.whitelist, ...Object.fromEntries(many) } };
  const inForce = (entries: number) =>
    until(`${entries} entries in force`, 120, async () => {
      const lines = await Promise.all(PORTALS.map((portal) => logLines(portal, began)));
      return lines.every((each) =>
        each.some((line) => line.entries === entries && /in force/.test(String(line.msg))),
      );
    });
  const entries = Object.keys(document.whitelist).length;
  const writers = load(t);
  await writers.firstAck();

  try {
    await writeFile(documentFile(), formatDocument(huge));
    await exec(container(old), ["patronictl", "switchover", "--force"]);
    await leaderAfter(old);
    await writers.firstAck();
    await inForce(100_000 + entries);
  } finally {
    await writeFile(documentFile(), good);
  }
  await inForce(entries);
  await writers.firstAck();
  const record = await writers.stop();

  assert.deepEqual(readOnly(record), []);
  assert.deepEqual(await lostRows(record), []);
  assert.ok(longestWait(record) < LONGEST_HOLD, `somebody waited for ${longestWait(record)} ms`);
});
