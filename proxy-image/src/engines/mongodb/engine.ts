import type { Socket } from "node:net";
import { connect } from "node:net";

import type { ReplicaSetEvidence } from "../../evidence.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import type { PolledNode } from "../../observe/polled.ts";
import { observeNodes } from "../../observe/polled.ts";
import type { SourceClient } from "../../observe/source-client.ts";
import { createPersistentClient } from "../../observe/source-client.ts";
import type { HelloReply } from "./hello.ts";
import { decodeHello, encodeHello } from "./hello.ts";
import { viewOf } from "./view.ts";

export const mongodb: Engine = {
  observe: observeReplicaSet,
  roleCheck: helloCheck,
  // The server's own limit is 65,536 or what the descriptors allow; a portal's frontend has 10,000.
  limits: { sessions: 5000, idle: "24h" },
  // A message's header.
  opening: "req.len ge 16",
};

/** The role that each member reports itself. BSON's boolean: its type, its name, and 1. */
function helloCheck({ route }: RoleCheckArgs): RoleCheck {
  const leads = Buffer.concat([
    Buffer.from([8]),
    Buffer.from("isWritablePrimary\0"),
    Buffer.from([1]),
  ]);
  const expected = route === "primary" ? leads : Buffer.from("setName\0");
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${encodeHello(1).toString("hex")}`,
      `tcp-check expect binary ${expected.toString("hex")}`,
    ],
  };
}

/** Observes a replica set: each member is asked again and again, and reports changes of its own accord. */
function observeReplicaSet(args: ObserverArgs): Observer {
  const { nodes, evidence } = args.document;
  const { set } = evidence as ReplicaSetEvidence;
  const hosts = Object.fromEntries(
    Object.entries(nodes).map(([name, { address, port }]) => [name, `${address}:${port}`]),
  );
  return observeNodes<HelloReply>(args, {
    client: createMemberClient,
    viewOf: (polled, now) => viewOf({ set, hosts }, polled, now),
  });
}

function createMemberClient(
  { address, port }: PolledNode,
  askNow: () => void,
): SourceClient<HelloReply> {
  const open = () => connect({ host: address, port });
  let requests = 0;
  const client = createPersistentClient({
    open,
    request: () => encodeHello(++requests),
    decode: decodeHello,
    onClosed: askNow,
  });
  const changes = awaitChanges(open, askNow);
  return {
    ask: async (deadlineMs) => {
      const result = await client.ask(deadlineMs);
      if (result.kind === "answer" && result.answer.kind === "hello")
        changes.after(result.answer.hello.topologyVersion);
      return result;
    },
    stop() {
      client.stop();
      changes.stop();
    },
  };
}

/** How long a member may wait with its answer when nothing changes: the server's own default. */
const MAX_AWAIT_MS = 10_000;
/** A member that answers at once again and again must not keep two processes busy. */
const LEAST_MS = 50;

export interface Changes {
  /** Waits for the member's next change after this version, unless it waits already. */
  after(topologyVersion: unknown): void;
  stop(): void;
}

/**
 * A connection of its own on which a member answers once its view of the set has changed. It only hastens: `onChange` asks anew, and
 * what is missed here is found by asking.
 */
function awaitChanges(open: () => Socket, onChange: () => void): Changes {
  let socket: Socket | undefined;
  let restAt = 0;

  const stop = (): void => {
    const was = socket;
    socket = undefined;
    was?.destroy();
  };

  return {
    after(topologyVersion) {
      if (socket || topologyVersion === undefined || performance.now() < restAt) return;
      restAt = performance.now() + LEAST_MS;
      let received = Buffer.alloc(0);
      const made = open();
      socket = made;
      made.setKeepAlive(true, 10_000);
      made.on("error", () => {});
      made.on("close", () => {
        if (socket !== made) return;
        socket = undefined;
        onChange();
      });
      made.on("data", (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (decodeHello(received) !== undefined) made.destroy();
      });
      made.write(encodeHello(1, { topologyVersion, maxAwaitMs: MAX_AWAIT_MS }));
    },
    stop,
  };
}
