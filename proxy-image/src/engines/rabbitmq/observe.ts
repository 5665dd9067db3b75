import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import { renewedLine } from "../../observe/renewed-line.ts";
import type { AmqpEvidence } from "./evidence.ts";
import { decodeGreeting, PROTOCOL_HEADER } from "./greeting.ts";
import { viewOf } from "./view-of.ts";

const QUESTION = { request: PROTOCOL_HEADER, decode: decodeGreeting };

/**
 * Greets every node, without logging in. RabbitMQ ends a connection that says no more after 10 s and logs it as an error: each
 * is given up for the next one long before.
 */
export function observeAmqp({ document, clock, onChange, log }: ObserverArgs): Observer {
  const { cluster, amqp } = document.evidence as AmqpEvidence;
  const lines = Object.entries(document.nodes).map(
    ([name, { address }]) =>
      [
        name,
        (askNow: () => void) =>
          renewedLine({ address, port: amqp, question: () => QUESTION, onClosed: askNow }),
      ] as const,
  );
  return observePolled({
    lines: Object.fromEntries(lines),
    viewOf: (polled, now) => viewOf(cluster, polled, now),
    ...{ clock, onChange, log },
  });
}
