import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { test } from "node:test";
import pino from "pino";

import { observeReql } from "../../../../proxy-image/src/engines/rethinkdb/engine.ts";
import { until } from "../../../../tests/observe/support/until.ts";
import { stopwatch } from "../../../../tests/support/stopwatch.ts";
import { scramFor } from "../../../common/stand-in/scram.ts";
import { serve } from "../../stand-in/session.ts";

/** One server, the stand-in's own side of the protocol, and a portal's observer of it. `says`: what it answers by now. */
async function start(t: TestContext, password: string) {
  const sockets = new Set<Socket>();
  const says = { name: "chats-1", connected: ["chats-1"] as readonly string[], firsts: [""] };
  const login = scramFor(() => ({ portal: "s3cret" }));
  const server = createServer((socket) => {
    sockets.add(socket);
    const scram = login();
    const first = (message: string) => {
      says.firsts.push(message);
      return scram.first(message);
    };
    serve(socket, { ...scram, first }, async (_, [type]) =>
      type === 5 ? { t: 5, r: [{ name: says.name }] } : { t: 1, r: [says.connected] },
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { readonly port: number };
  const identityWith = (secret: string) => ({
    ...{ ca: "", cert: "", key: "" },
    logins: { reql: { user: "portal", password: secret } },
  });
  let changes = 0;
  const observer = observeReql({
    document: {
      engine: "rethinkdb",
      evidence: { kind: "reql", port },
      nodes: { "chats-1": { address: "127.0.0.1", port } },
    },
    identity: identityWith(password),
    clock: () => performance.now(),
    onChange: () => changes++,
    log: pino({ enabled: false }),
  });
  const end = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    observer.stop();
    end();
  });
  const role = () => {
    const content = observer.view(performance.now()).nodes["chats-1"]?.role;
    return content && ("why" in content ? `${content.kind}: ${content.why}` : content.kind);
  };
  return { says, end, role, renew: (to: string) => observer.refreshIdentity(identityWith(to)) };
}

test("a server of RethinkDB serves as long as it says so", async (t) => {
  const { says, role } = await start(t, "s3cret");
  await until("it serves", () => role() === "serving");

  says.connected = [];
  await until("it is alone", () => role()?.startsWith("neither: sees 0 of 1 servers") ?? false);
  says.connected = ["chats-1"];
  says.name = "other-1";
  await until(
    "it is another",
    () => role()?.startsWith('neither: answers as the server "other-1"') ?? false,
  );
});

test("every question to RethinkDB has a nonce of its own, so that no old answer is good again", async (t) => {
  const { says } = await start(t, "s3cret");
  await until("a few questions", () => says.firsts.length > 4);

  assert.equal(new Set(says.firsts).size, says.firsts.length);
});

test("a portal with the wrong password says so, and gets in once it has the right one", async (t) => {
  const { role, renew } = await start(t, "wrong");
  await until("a refusal", () => role()?.includes("doesn't let the portal in: Wrong") ?? false);

  renew("s3cret");
  await until("it serves", () => role() === "serving");
});

test("a server of RethinkDB that ends is noticed at once, by the connection that is kept", async (t) => {
  const { role, end } = await start(t, "s3cret");
  await until("it serves", () => role() === "serving");
  // Between two questions.
  await new Promise((done) => setTimeout(done, 60));

  end();
  const since = stopwatch();
  await until("it is silent", () => role()?.startsWith("silent") ?? false);
  assert.ok(since() < 150, `after ${since()} ms`);
});
