import { join } from "node:path";

import type { Pems } from "../plan/plan.ts";
import type { CertificateSet, Done } from "./results.ts";
import { abortCertificate, commitCertificate, setCertificate } from "./runtime-commands.ts";
import { sendOnce } from "./runtime-socket.ts";

const DEADLINE_MS = 2_000;
/** HAProxy reads command and payload into one buffer: 2.6 fails silently above it, 3.2.0 aborts. */
const LONGEST_PEM = 15_000;

export interface Certificates {
  /** What the running process is known to have. */
  inUse(): Partial<Pems>;
  /** Puts one into the running process. Tells of it unless HAProxy had it before, or has no use for it. */
  set(what: keyof Pems, pem: string): Promise<readonly CertificateSet[]>;
  /** Another process serves: it may have read the files a moment before they were renewed. */
  doubt(): void;
}

/** The certificates of one portal. `folder` is where haproxy.cfg finds them. */
export function createCertificates(socket: string, folder: string): Certificates {
  let processes = 0;
  const known = new Map<keyof Pems, { readonly pem: string; readonly process: number }>();
  return {
    inUse: () =>
      Object.fromEntries(
        [...known]
          .filter(([, { process }]) => process === processes)
          .map(([what, { pem }]) => [what, pem]),
      ),
    set: async (what, pem) => {
      const [before, process] = [known.get(what), processes];
      const done = await replaceCertificate(socket, join(folder, `${what}.crt`), pem);
      const unused = done.kind === "failed" && UNUSED.test(done.why);
      if (done.kind === "failed" && !unused) return [{ what, done }];
      known.set(what, { pem, process });
      return unused || before?.pem === pem ? [] : [{ what, done }];
    },
    doubt: () => {
      processes++;
    },
  };
}

/** What HAProxy answers for a certificate that its config doesn't name: a later config reads it from disk. */
const UNUSED = /not referenced/;

/** Replaces a certificate with its key in the running process. One that doesn't fit leaves the old one serving. */
export async function replaceCertificate(socket: string, file: string, pem: string): Promise<Done> {
  if (Buffer.byteLength(pem) > LONGEST_PEM) {
    return { kind: "failed", why: `the PEM is over ${LONGEST_PEM} bytes` };
  }
  // A connection each: an interactive one would answer every line of the payload with a "+".
  const set = await sendExpecting(
    socket,
    setCertificate(file, pem),
    /^Transaction (created|updated)/,
  );
  if (set.kind === "failed") return set;
  const committed = await sendExpecting(socket, commitCertificate(file), /^Success!/m);
  if (committed.kind === "done") return committed;
  await sendOnce(socket, [abortCertificate(file)], { deadlineMs: DEADLINE_MS });
  return committed;
}

/** Only the text of HAProxy's answer shows whether one of these commands succeeded. */
async function sendExpecting(socket: string, command: string, success: RegExp): Promise<Done> {
  const reply = await sendOnce(socket, [command], { deadlineMs: DEADLINE_MS });
  if (reply.kind === "failed") return reply;
  const answer = reply.blocks[0]?.trim() ?? "";
  return success.test(answer) ? { kind: "done" } : { kind: "failed", why: answer };
}
