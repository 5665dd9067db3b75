import { randomBytes } from "node:crypto";

import type { Identity, Observer, ObserverArgs } from "../../observe/observer.ts";
import { observePolled } from "../../observe/polled.ts";
import { renewedLine } from "../../observe/renewed-line.ts";
import type { ReqlEvidence } from "./evidence.ts";
import { question } from "./handshake.ts";
import { viewOf } from "./view-of.ts";

/** Asks every node who it is and with whom it is connected, by a handshake of its own each time. */
export function observeReql({ document, identity, ...rest }: ObserverArgs): Observer {
  const { port } = document.evidence as ReqlEvidence;
  let known: Identity = identity;
  const ask = () =>
    question(known.logins.reql ?? NOBODY, randomBytes(NONCE_BYTES).toString("base64"));
  const lines = Object.fromEntries(
    Object.entries(document.nodes).map(([name, { address }]) => [
      name,
      (askNow: () => void) => renewedLine({ address, port, question: ask, onClosed: askNow }),
    ]),
  );
  return observePolled({
    ...rest,
    lines,
    viewOf,
    refresh: (renewed) => {
      known = renewed;
    },
  });
}

const NONCE_BYTES = 18;

/** Without a login the server's own refusal is the reason. */
const NOBODY = { user: "portal", password: "" };
