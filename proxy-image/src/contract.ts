import { z } from "zod";

import { canonicalCidr } from "./cidr.ts";
import { ENGINE_NAMES, EVIDENCE, Port } from "./evidence.ts";
import { readPublicKey } from "./ssh/public-key.ts";

/**
 * The portal's desired state, as the infra writes it and the agent reads it. The reader owns the contract: others import
 * this file, and of the agent beside it only the rules for CIDR blocks and SSH keys. Keys of maps are identities, so that a diff of two documents names what
 * changed. No secret is ever in it.
 */
export const CONTRACT = 1;

/** The longest document that the agent reads: 100,000 whitelist entries with a note take about 10 MB. */
export const LONGEST_DOCUMENT = 32 * 1024 * 1024;

const Name = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,61}[a-z0-9]$/,
    "must be lower-case letters, digits and dashes, 2 to 63 long",
  );

/** Whose key it is: the name stands in the log, and in a file that sshd reads. */
export const KEY_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

const Cidr = z
  .string()
  .refine((cidr) => canonicalCidr(cidr) === cidr, "must be a canonical CIDR block");

const Entry = z.union([
  z.string(),
  z.strictObject({
    note: z.string(),
    /** The first instant at which the entry lets nobody in. */
    until: z.iso.datetime(),
  }),
]);

const Node = z.strictObject({ address: z.union([z.ipv4(), z.ipv6()]), port: Port });

const Endpoint = z.strictObject({
  port: Port,
  /**
   * `primary` follows the leader and can be held; `replica` spreads over healthy replicas, the leader as a last resort; `any`
   * spreads over every node that serves; `node` is one node's alone.
   */
  route: z.enum(["primary", "replica", "any", "node"]),
  /** The node of a route `node`. */
  node: Name.optional(),
  /** True: the portal ends TLS here, with its own server certificate. Otherwise bytes pass as they are. */
  tls: z.boolean().optional(),
});

const Evidence = z.discriminatedUnion("kind", Object.values(EVIDENCE) as Schemas);
type Schemas = [(typeof EVIDENCE)[keyof typeof EVIDENCE]];

const KeyName = z
  .string()
  .regex(KEY_NAME, "must be 1 to 63 letters, digits, dots, dashes, underscores and @");

/** The agent writes it where sshd reads it: nothing but a whole key may pass. */
const PublicKey = z.string().superRefine((line, context) => {
  const read = readPublicKey(line);
  if (read.kind === "refused") context.addIssue(read.why);
  else if (read.line !== line) context.addIssue("must be a type and a base64, without a comment");
});

const Ssh = z.strictObject({
  /** The portal's public port. */
  port: Port,
  /** Who may open tunnels to the endpoints, by name: a type and a base64 each. */
  keys: z.record(KeyName, PublicKey),
});

const Timing = z.strictObject({
  /** Longest time, in seconds, that new connections wait for a leader before they are refused. 0: never hold. */
  hold: z.number().min(0).max(120),
  /** Seconds of the agent's silence after which HAProxy goes on without it. */
  silence: z.number().min(4).max(60),
  /** Seconds that read sessions may go on on a node that no longer serves reads. */
  drain: z.number().min(0).max(86_400),
});

const Contract = z
  .strictObject({
    contract: z.literal(CONTRACT),
    deployment: Name,
    engine: z.enum(ENGINE_NAMES),
    /** Rises when the cluster is created anew, so that its epochs may start again. Never falls. */
    generation: z.int().min(1),
    nodes: z.record(Name, Node),
    evidence: Evidence,
    endpoints: z.record(Name, Endpoint),
    /** Port of the portal's status page. */
    status: Port,
    /**
     * Clients' sessions that one portal may have on one node at a time; more wait in its queue. Without it the engine's own
     * usual number holds.
     */
    sessions: z.int().min(1).optional(),
    /** A replica that is further behind than this, in bytes of WAL, gets no new readers. */
    maxLag: z.int().min(0),
    timing: Timing,
    /** What HAProxy does when the agent has been silent for `timing.silence`. */
    fallback: z.enum(["role-check", "off"]),
    /** True: everybody may connect, whatever the whitelist says. */
    open: z.boolean(),
    whitelist: z.record(Cidr, Entry),
    /** Absent: no SSH portal. */
    ssh: Ssh.optional(),
  })
  .superRefine(({ engine, evidence, endpoints, nodes }, context) => {
    const own = EVIDENCE[engine].shape.kind.value;
    if (evidence.kind !== own)
      context.addIssue({
        code: "custom",
        path: ["evidence", "kind"],
        message: `must be ${own} for ${engine}`,
      });
    for (const [name, { route, node }] of Object.entries(endpoints)) {
      const isNode = node !== undefined && Object.hasOwn(nodes, node);
      const fits = route === "node" ? isNode : node === undefined;
      if (!fits)
        context.addIssue({
          code: "custom",
          path: ["endpoints", name, "node"],
          message: "must name a node of the document, for the route node alone",
        });
    }
  });

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type PortalDocument = DeepReadonly<z.infer<typeof Contract>>;

export type Parsed =
  | { readonly kind: "document"; readonly document: PortalDocument }
  | { readonly kind: "refused"; readonly why: string };

/** Reads a document. Never throws: what can't be used is refused, with every mistake named. */
export function parseDocument(text: string): Parsed {
  const refused = (why: string): Parsed => ({ kind: "refused", why });
  if (text.length > LONGEST_DOCUMENT) return refused(`is over ${LONGEST_DOCUMENT} characters`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    return refused(`is not JSON: ${(error as Error).message}`);
  }
  const version = (raw as { contract?: unknown } | null)?.contract;
  if (typeof version === "number" && version !== CONTRACT)
    return refused(`has contract ${version}, this portal reads contract ${CONTRACT}`);
  const result = Contract.safeParse(raw);
  if (result.success) return { kind: "document", document: result.data };
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join(".") || "document"}: ${reason(issue)}`,
  );
  return refused(problems.slice(0, 20).join("; "));
}

// Zod keeps a bad key's own reason one level down.
function reason(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_key"
    ? issue.issues.map(({ message }) => message).join(", ")
    : issue.message;
}

/** The text of a document: keys sorted, two spaces, so that a preview shows one line for one change. */
export function formatDocument(document: PortalDocument): string {
  return `${JSON.stringify(sorted(document), null, 2)}\n`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
