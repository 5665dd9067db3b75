import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";

import { runToEnd } from "../../../../tests/support/docker.ts";
import { machineImage } from "../../../../tests/support/machine/machine.ts";

const STEWARD = resolve(import.meta.dirname, "../../node-image/steward");
const SHARED = resolve(import.meta.dirname, "../../../common/node-image/portico_node");

/** What the data say: state, timeline of the last checkpoint, timeline up to which recovery must go; files; the promotion. */
const DATA: readonly [string, [string, number, number], readonly string[], number | null][] = [
  ["killed before the first checkpoint after it", ["in production", 1, 2], [], 2],
  ["killed later", ["in production", 2, 0], [], 2],
  ["shut down", ["shut down", 3, 0], [], 3],
  ["killed while it shut down", ["shutting down", 3, 0], [], 3],
  ["killed while it recovered from a crash", ["in crash recovery", 3, 0], [], 3],
  ["of a leader that made the database", ["in production", 1, 0], [], null],
  ["of a replica", ["in archive recovery", 2, 2], ["standby.signal"], null],
  ["of a replica, shut down", ["shut down in recovery", 2, 2], [], null],
  ["of a copy that was never started", ["in production", 2, 0], ["backup_label"], null],
  ["of a primary that becomes a replica", ["shut down", 2, 0], ["standby.signal"], null],
];

const NAMED = '[[1,100,"no recovery target specified","2026-01-01T00:00:00+00:00","orders-1"]]';
const OTHER = NAMED.replace("orders-1", "orders-3");

/** orders-1 was promoted to timeline 2; orders-2 leads on a timeline, with a history, maybe of another database; why they have parted. */
const LEADERS: readonly [string, number, string, string, RegExp | null][] = [
  ["on the same timeline", 2, OTHER, "7", /orders-2 leads on a timeline 2/],
  ["on the same timeline, which nobody has noted", 2, "", "7", /orders-2 leads on a timeline 2/],
  ["on an earlier timeline", 1, "[]", "7", /orders-2 leads on a timeline 1/],
  ["promoted after it", 3, NAMED, "7", null],
  ["promoted after another one of its timeline", 3, OTHER, "7", /history of orders-3/],
  ["whose history names nobody", 3, '[[1,100,"no recovery target specified"]]', "7", null],
  ["whose history was lost", 3, "", "7", null],
  ["whose history is empty", 3, "[]", "7", null],
  ["whose history can't be read", 3, '{"1":2', "7", null],
  ["whose history is of another shape", 3, '{"1":2}', "7", null],
  ["of another database", 2, OTHER, "8", null],
];

const PRIMARY = {
  role: "primary",
  state: "running",
  timeline: 2,
  database_system_identifier: "7",
};
/** What the holder of the leader's key says; whether it is taken for a leader. */
const ANSWERS: readonly [string, Record<string, unknown>, boolean][] = [
  ["a primary", PRIMARY, true],
  ["a replica that is to be promoted", { ...PRIMARY, role: "replica" }, false],
  ["a primary by Patroni's word alone", { ...PRIMARY, timeline: undefined }, false],
  ["a primary that starts", { ...PRIMARY, state: "starting" }, false],
  ["a primary of a cluster that is paused", { ...PRIMARY, pause: true }, false],
  ["one of no database", { ...PRIMARY, database_system_identifier: undefined }, false],
];

const WHOLE = "abcdefgh";
const HISTORY = "1\t0/8\tno recovery target specified\n";
/** A folder of WAL files of 16 bytes, of which timeline 1 ends and 2 begins after 8; which of them go. */
const WAL: readonly [string, Record<string, string>, readonly string[]][] = [
  ["of which the beginning was received", { "1": WHOLE, "2": "abc", "2.history": HISTORY }, ["2"]],
  ["of which nothing was received", { "1": WHOLE, "2": "", "2.history": HISTORY }, ["2"]],
  ["that is whole", { "1": WHOLE, "2": WHOLE, "2.history": HISTORY }, []],
  ["that goes on", { "1": WHOLE, "2": `${WHOLE}ij`, "2.history": HISTORY }, []],
  ["beside one that isn't whole", { "1": "abc", "2": WHOLE, "2.history": HISTORY }, []],
  ["that holds something else", { "1": WHOLE, "2": "xyz", "2.history": HISTORY }, []],
  ["without the one before", { "2": "abc", "2.history": HISTORY }, []],
  ["without its history", { "1": WHOLE, "2": "abc" }, []],
  ["with an empty history", { "1": WHOLE, "2": "abc", "2.history": "" }, []],
  ["that isn't there, nor any other", { "2.history": HISTORY }, []],
];

const SCRIPT = `
import json, os, sys, tempfile
sys.path.insert(0, "/portico")
from steward.leader import Leader, leader_of
from steward.rival import parted, promotion
from steward.torn import remove_torn_files

data, leaders, answers, wal = json.loads(sys.argv[1])

def control(state, checkpoint, recovery):
    return {
        "Database cluster state": state,
        "Latest checkpoint's TimeLineID": str(checkpoint),
        "Min recovery ending loc's timeline": str(recovery),
    }

def gone(contents):
    data = tempfile.mkdtemp()
    os.mkdir(f"{data}/pg_wal")
    path = lambda name: f"{data}/pg_wal/0000000{name}" + ("" if name.endswith(".history") else "0" * 16)
    for name, content in contents.items():
        with open(path(name), "wb") as file:
            file.write(content.encode() if name.endswith(".history") else content.encode().ljust(16, b"\\0"))
    # The answer is to stand alone.
    said, sys.stdout = sys.stdout, open(os.devnull, "w")
    remove_torn_files(data)
    sys.stdout = said
    return [name for name in contents if not os.path.exists(path(name))]

print(json.dumps([
    [promotion(control(*said), there) for _, said, there, _ in data],
    [parted("orders-1", 2, "7", Leader("orders-2", of, timeline, history)) for _, timeline, history, of, _ in leaders],
    [isinstance(leader_of("orders-2", status, ""), Leader) for _, status, _ in answers],
    [gone(contents) for _, contents, _ in wal],
]))
`;

const answered = runToEnd(
  {
    Image: await machineImage(),
    Entrypoint: ["python3", "-c", SCRIPT, JSON.stringify([DATA, LEADERS, ANSWERS, WAL])],
    HostConfig: {
      Binds: [`${STEWARD}:/portico/steward:ro`, `${SHARED}:/portico/portico_node:ro`],
      NetworkMode: "none",
    },
  },
  60_000,
).then(
  ({ output }) =>
    JSON.parse(output) as [
      readonly (number | null)[],
      readonly (string | null)[],
      readonly boolean[],
      readonly (readonly string[])[],
    ],
);

for (const [index, [title, , , promoted]] of DATA.entries())
  test(`to which timeline PostgreSQL's data were promoted: ${title}`, async () => {
    const [promotions] = await answered;
    assert.equal(promotions[index], promoted);
  });

for (const [index, [title, , , , why]] of LEADERS.entries())
  test(`whether a node was promoted beside the leader: one ${title}`, async () => {
    const [, reasons] = await answered;
    if (why === null) assert.equal(reasons[index], null);
    else assert.match(reasons[index] ?? "none", why);
  });

for (const [index, [title, , leads]] of ANSWERS.entries())
  test(`whether the holder of the leader's key leads: ${title}`, async () => {
    const [, , taken] = await answered;
    assert.equal(taken[index], leads);
  });

for (const [index, [title, , torn]] of WAL.entries())
  test(`whether a new timeline's first WAL file is torn: one ${title}`, async () => {
    const [, , , gone] = await answered;
    assert.deepEqual(gone[index], torn);
  });
