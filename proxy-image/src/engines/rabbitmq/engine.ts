import type { AmqpEvidence } from "../../evidence.ts";
import type { Engine, RoleCheck, RoleCheckArgs } from "../../observe/engine.ts";
import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observeNodes } from "../../observe/polled.ts";
import { createReconnectingClient } from "../../observe/source-client.ts";
import { decodeGreeting, PROTOCOL_HEADER, START, viewOf } from "./greeting.ts";

export const rabbitmq: Engine = {
  observe: observeAmqp,
  roleCheck: greetingCheck,
  // RabbitMQ has no limit of its own but memory, of which a connection takes 100 kB and more. Idle connections are ended by
  // AMQP's heartbeats, unless a client asked for none.
  limits: { sessions: 1000, idle: "24h" },
};

/** Whether a node greets as one of the cluster, by the same question as the agent's. */
function greetingCheck({ document }: RoleCheckArgs): RoleCheck {
  const { cluster, amqp } = document.evidence as AmqpEvidence;
  const hex = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("hex");
  const length = Buffer.byteLength(cluster).toString(16).padStart(8, "0");
  const name = `${hex("cluster_name")}${hex("S")}${length}${hex(cluster)}`;
  return {
    backend: [
      "option tcp-check",
      "tcp-check connect",
      `tcp-check send-binary ${hex(PROTOCOL_HEADER)}`,
      // HAProxy compares in upper case.
      `tcp-check expect rbinary ^${START.frame}.{8}${START.method}.*${name}`.replace(
        /[0-9a-f]{6,}/g,
        (digits) => digits.toUpperCase(),
      ),
    ],
    servers: `port ${amqp}`,
  };
}

const QUESTION = { request: PROTOCOL_HEADER, decode: decodeGreeting };

/**
 * Greets every node, without logging in. RabbitMQ ends a connection that sends no more after 10 s and logs it as an error: each
 * is given up for the next one long before.
 */
function observeAmqp(args: ObserverArgs): Observer {
  const { cluster, amqp } = args.document.evidence as AmqpEvidence;
  return observeNodes(args, {
    client: ({ address }, askNow) =>
      createReconnectingClient({ address, port: amqp, question: () => QUESTION, onClosed: askNow }),
    viewOf: (polled, now) => viewOf(cluster, polled, now),
  });
}
