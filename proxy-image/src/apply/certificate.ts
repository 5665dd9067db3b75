import type { Done } from "./answers.ts";
import { ask } from "./conversation.ts";
import { abortCertificate, commitCertificate, setCertificate } from "./runtime-commands.ts";

const DEADLINE_MS = 2_000;
/** HAProxy reads command and payload into one buffer: 2.6 fails silently above it, 3.2.0 aborts. */
const LONGEST_PEM = 15_000;

/** Replaces a certificate with its key in the running process. One that doesn't fit leaves the old one serving. */
export async function replaceCertificate(socket: string, file: string, pem: string): Promise<Done> {
  if (Buffer.byteLength(pem) > LONGEST_PEM) {
    return { kind: "failed", why: `the PEM is over ${LONGEST_PEM} bytes` };
  }
  // A connection each: an interactive one would answer every line of the payload with a "+".
  const set = await say(socket, setCertificate(file, pem), /^Transaction (created|updated)/);
  if (set.kind === "failed") return set;
  const committed = await say(socket, commitCertificate(file), /^Success!/m);
  if (committed.kind === "done") return committed;
  await ask(socket, [abortCertificate(file)], { deadlineMs: DEADLINE_MS });
  return committed;
}

/** HAProxy answers these commands with words, by which alone success is told. */
async function say(socket: string, command: string, success: RegExp): Promise<Done> {
  const reply = await ask(socket, [command], { deadlineMs: DEADLINE_MS });
  if (reply.kind === "failed") return reply;
  const said = reply.blocks[0]?.trim() ?? "";
  return success.test(said) ? { kind: "done" } : { kind: "failed", why: said };
}
