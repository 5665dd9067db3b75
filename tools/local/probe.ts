// Whether a portal serves this machine: one connection as a client makes it, the status page, and the log of refusals.
import type { Socket } from "node:net";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls } from "node:tls";

import type Docker from "dockerode";
import { z } from "zod";
import type { Engine } from "../../engines/table.ts";
import { catalogue } from "../../engines/table.ts";
import { blockOf, contains } from "../../infra/model/block.ts";
import { logOf } from "./containers.ts";

const PAGE_MS = 2_000;
const AGAIN_MS = 500;

/** How a portal answers this machine. */
export type Probed =
  | { readonly kind: "open" }
  /** It lets this machine in, and serves nobody at the moment. */
  | { readonly kind: "shut"; readonly why: string }
  /** Neither its endpoint nor its status page answers: it refuses this machine, or isn't there. */
  | { readonly kind: "silent"; readonly why: string };

const Page = z.object({
  endpoints: z.record(z.string(), z.object({ gate: z.string(), why: z.string() })),
});

export type Page = z.infer<typeof Page>;

/** Tries one endpoint of a portal until it serves, or the deadline has passed. `status`: the address of its status page. */
export async function probe(
  listener: Listener,
  endpoint: string,
  status: string,
  deadlineMs: number,
): Promise<Probed> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await connectOnce(listener, Math.max(deadline - Date.now(), AGAIN_MS));
    const found = judgeProbe(answer, await readPage(status), endpoint);
    if (found.kind !== "shut" || Date.now() + AGAIN_MS >= deadline) return found;
    await pause(AGAIN_MS);
  }
}

/** The status page shows more than the connection: where TLS ends at the portal, a client waits without a sign of it. */
export function judgeProbe(answer: Answer, page: Page | undefined, endpoint: string): Probed {
  const { gate, why } = page?.endpoints[endpoint] ?? {};
  if (gate === "held") return { kind: "shut", why: `new connections wait: ${why}` };
  if (gate === "closed") return { kind: "shut", why: `new connections are refused: ${why}` };
  if (answer.kind === "open") return answer;
  return { kind: page ? "shut" : "silent", why: answer.why };
}

/** Undefined: it doesn't answer this machine. */
async function readPage(status: string): Promise<Page | undefined> {
  try {
    const response = await fetch(status, { signal: AbortSignal.timeout(PAGE_MS) });
    return Page.parse(await response.json());
  } catch {
    return undefined;
  }
}

export type Answer = { readonly kind: "open" } | { readonly kind: "refused"; readonly why: string };

export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly engine: Engine;
  /** PEM of the deployment's authority. */
  readonly ca: string;
}

/** PostgreSQL's SSLRequest: length 8, code 80877103. A server that offers TLS answers "S". */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Connects once, as the engine's client does, and looks whether a database answers. */
export function connectOnce(listener: Listener, deadlineMs: number): Promise<Answer> {
  return new Promise((done) => {
    const { host, port, engine, ca } = listener;
    const endsTls = catalogue[engine].tls === "portal";
    const socket: Socket = endsTls ? connectTls({ host, port, ca }) : connect({ host, port });
    const answer = (found: Answer) => {
      clearTimeout(deadline);
      socket.destroy();
      done(found);
    };
    const refuse = (why: string) => answer({ kind: "refused", why });
    const deadline = setTimeout(
      () => refuse(`no answer within ${deadlineMs / 1000} s`),
      deadlineMs,
    );
    if (endsTls) socket.once("secureConnect", () => answer({ kind: "open" }));
    if (engine === "postgresql") socket.once("connect", () => socket.write(SSL_REQUEST));
    socket.once("data", (data) =>
      engine !== "postgresql" || data.toString() === "S"
        ? answer({ kind: "open" })
        : refuse("it offers no TLS"),
    );
    socket.once("end", () => refuse("it closed the connection"));
    socket.once("error", (error) => refuse(error.message));
  });
}

/** A portal's log has a refusal within a second. */
const LOGGED_MS = 3_000;
const LOOK_MS = 250;

/** How this machine comes to the portals. */
export interface Way {
  /** Of the portals' network: the source of what comes by a published port, where the engine runs on this machine itself. */
  readonly gateway: string;
  /** The portals' network, as a CIDR block: other containers come from there. */
  readonly network: string;
  /** The engine runs in a virtual machine, which may show an address of its own instead, and which nobody else reaches. */
  readonly virtual: boolean;
}

/** The address for which a portal has refused this machine since `began`, wall-clock milliseconds. Undefined: it refused others, or nobody. */
export async function refusedAs(
  docker: Docker,
  portal: string,
  way: Way,
  began: number,
): Promise<string | undefined> {
  const deadline = Date.now() + LOGGED_MS;
  for (;;) {
    const log = await logOf(docker, portal, Math.floor(began / 1000)).catch(() => "");
    const own = ownSource(sourcesIn(log, began), way);
    if (own !== undefined || Date.now() >= deadline) return own;
    await pause(LOOK_MS);
  }
}

const Refusal = z.object({ time: z.iso.datetime(), source: z.string(), reason: z.string() });

/** Whom a portal's log reports as refused since `began`. Lines that are anything else are passed over. */
export function sourcesIn(log: string, began: number): readonly string[] {
  const sources = log.split("\n").flatMap((line) => {
    const read = Refusal.safeParse(parse(line)).data;
    return read && Date.parse(read.time) >= began ? [read.source] : [];
  });
  return [...new Set(sources)];
}

/** Which of the refused sources is this machine. Containers in the portals' network may be refused too, and whoever is routed there. */
export function ownSource(
  refused: readonly string[],
  { gateway, network, virtual }: Way,
): string | undefined {
  if (refused.includes(gateway)) return gateway;
  const inside = blockOf(network);
  const outside = refused.filter((source) => !contains(inside, blockOf(hostCidr(source))));
  return virtual && outside.length === 1 ? outside[0] : undefined;
}

export const hostCidr = (address: string): string =>
  `${address}/${address.includes(":") ? 128 : 32}`;

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
