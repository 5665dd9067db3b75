// Exit code 0: this server answers as a portal's question wants it, and is with the majority.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

import { question } from "../../../proxy-image/src/engines/rethinkdb/handshake.ts";
import type { ServerAnswer } from "../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { viewOf } from "../../../proxy-image/src/engines/rethinkdb/queries.ts";
import { exchange } from "../../../proxy-image/src/observe/source-client.ts";
import type { SourceState } from "../../../proxy-image/src/observe/source-state.ts";

const NODE = "/etc/portico/node";
const DRIVER = 28_015;

const { name, members } = JSON.parse(readFileSync(`${NODE}/node.json`, "utf8"));
const { portal } = JSON.parse(readFileSync(`${NODE}/secrets.json`, "utf8"));

const asked = question({ user: "portal", password: portal }, randomBytes(18).toString("base64"));
const result = await exchange(connect({ host: "127.0.0.1", port: DRIVER }), asked, 2500);
const state: SourceState<ServerAnswer> =
  result.kind === "answer" ? { answer: { askedAt: 0, content: result.answer } } : {};
const sources = {
  ...Object.fromEntries(Object.keys(members).map((node) => [node, {}])),
  [name]: state,
};
const role = viewOf({ awakeSince: 0, sources }, 0).nodes[name]?.role;
if (role?.kind !== "serving") {
  process.stdout.write(`${role && "why" in role ? role.why : "no answer"}\n`);
  process.exitCode = 1;
}
