import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";

import { runToEnd } from "../../../../tests/support/docker.ts";
import { machineImage } from "../../../../tests/support/machine/machine.ts";

const STEWARD = resolve(import.meta.dirname, "../../node-image/steward");
const SHARED = resolve(import.meta.dirname, "../../../common/node-image/portico_node");

const WHOLE = '{"group": "g", "joined": true}';
const UNKNOWN = ["", false];
/** It has data of a group, and the others must say of which. */
const UNREADABLE = ["", true];

const CASES: readonly (readonly [title: string, raw: string | null, read: readonly unknown[]])[] = [
  ["a volume that is new", null, UNKNOWN],
  ["what was written", WHOLE, ["g", true]],
  ...Array.from(
    { length: WHOLE.length },
    (_, length) => [`the first ${length} bytes of it`, WHOLE.slice(0, length), UNREADABLE] as const,
  ),
  ["another kind of JSON", "[]", UNREADABLE],
  ["a part that is missing", '{"group": "g"}', UNREADABLE],
];

const SCRIPT = `
import json, os, sys, tempfile
sys.path.insert(0, "/lib-of-it")
from steward import group, paths

folder = tempfile.mkdtemp()
paths.GROUP, paths.DATA = os.path.join(folder, "group.json"), folder
read = []
for raw in json.loads(sys.argv[1]):
    if raw is not None:
        with open(paths.GROUP, "w") as file:
            file.write(raw)
    found = group.read_membership()
    read.append([found.group, found.joined])
print("@@" + json.dumps(read))
`;

test("whatever a crash has left of a member's note of its group, the node starts, and never takes its data for nobody's", async () => {
  const { output } = await runToEnd(
    {
      Image: await machineImage(),
      Entrypoint: ["python3", "-c", SCRIPT, JSON.stringify(CASES.map(([, raw]) => raw))],
      HostConfig: {
        Binds: [`${STEWARD}:/lib-of-it/steward:ro`, `${SHARED}:/lib-of-it/portico_node:ro`],
        NetworkMode: "none",
      },
    },
    60_000,
  );
  const [line = ""] = output.split("\n").filter((text) => text.startsWith("@@"));
  const read = JSON.parse(line.slice(2) || "null") ?? assert.fail(output);
  for (const [index, [title, , expected]] of CASES.entries())
    assert.deepEqual(read[index], expected, title);
});
