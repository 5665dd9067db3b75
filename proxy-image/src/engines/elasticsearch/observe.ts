import type { Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import { renewedLine } from "../../observe/renewed-line.ts";
import type { ElasticsearchEvidence } from "./evidence.ts";
import { decodeHealth, HEALTH_REQUEST } from "./health.ts";
import { viewOf } from "./view-of.ts";

const QUESTION = { request: HEALTH_REQUEST, decode: decodeHealth };

/** Asks every node for the cluster's health, as that node sees it. */
export function observeElasticsearch(args: ObserverArgs): Observer {
  const { document, clock, onChange, log } = args;
  const { cluster, http } = document.evidence as ElasticsearchEvidence;
  const lines = Object.entries(document.nodes).map(
    ([name, { address }]) =>
      [
        name,
        (askNow: () => void) =>
          renewedLine({ address, port: http, question: () => QUESTION, onClosed: askNow }),
      ] as const,
  );
  return observePolled({
    lines: Object.fromEntries(lines),
    viewOf: (polled, now) => viewOf(cluster, polled, now),
    ...{ clock, onChange, log },
  });
}
