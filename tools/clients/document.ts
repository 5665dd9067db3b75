import type { Access, ClientForm } from "../../engines/client-form.ts";
import { patienceOf, saveTrustStore } from "../../engines/client-form.ts";
import { catalogue, type Engine, engines } from "../../engines/table.ts";
import seen from "./seen.json" with { type: "json" };

const HEAD = `# Clients

Generated from \`engines/<engine>/clients.ts\` and \`tools/clients\` by \`npm run docs:clients\`, which takes what the last \`npm run test:clients\` has seen:
that brings up each engine in turn, and pastes the forms of the outputs into the real libraries. \`npm run test:all\` runs it too.

Your own forms, with addresses, names and passwords filled in:

\`\`\`
npx portico connect orders                        the clients of its engine
npx portico connect orders --client psycopg       the form, to paste as it is
npx portico connect orders --client psycopg -s staging --endpoint replica
\`\`\`

The outputs have them too: \`deployments.orders.endpoints.primary.clients\`. On this machine they name the file that \`up\` has written, with its
whole path; on AWS \`orders-ca.pem\` in the working directory, which the output \`saveCa\` makes. Java's clients that read no PEM take a trust
store beside it, which the output \`saveTrustStore\` makes:

\`\`\`
${saveTrustStore("orders-ca.pem")}
\`\`\`

Every form verifies the server's certificate. Where a client can name both portals the form does. Time-outs are ten seconds above the
deployment's \`hold\`: a client that gives up sooner sees errors that the portal would have spared it.

* **As pasted**: whether the form works as it is; what the same form does with another authority's certificate.
* **Switchover** and **kill** of the leader's container (where any node serves: of a node): errors of three workers that go on writing / the
  longest time without an acknowledged row, in seconds. Seen on 30 November 2026, all clients of an engine at once on a machine with two cores.
  Nobody lost an acknowledged row. What a portal adds is in the README; the rest is the engine's failover and the client's own retries.
* **Hold**: a fresh connection while there is no leader for 15 s. Beside it a test has every client wait at a portal that is silent for 120 s, the
  longest hold that a deployment may have.
* A client that doesn't repeat sees an error for every session that was open. Whether the statement behind it was done it can't know: make
  writes repeatable (a key of your own), whoever repeats them.
`;

const FENCE: Readonly<Record<ClientForm["language"], string>> = {
  shell: "sh",
  "connection string": "",
  python: "python",
  javascript: "js",
  go: "go",
  java: "java",
  csharp: "csharp",
  rust: "rust",
};

/** The whole of docs/clients.md. */
export function clientsDocument(): string {
  return [HEAD, ...engines.map(section)].join("\n");
}

function section(engine: Engine): string {
  const { title, clients } = catalogue[engine];
  const { about, forms, notes = {} } = clients;
  const rows = forms.map(({ client, title }) => {
    const seen = seenOf(engine, client);
    if (seen === undefined) {
      const { typed, untried = NOT_RUN } = notes[client] ?? {};
      return `| ${title} | | ${typed ?? `not tried: ${untried}`} | | | |`;
    }
    const { version, pasted, switchover, kill, hold } = seen;
    return `| ${title} | ${version} | ${pasted} | ${switchover} | ${kill} | ${hold} |`;
  });
  return [
    `## ${title}\n`,
    ...(about === undefined ? [] : [`${about}\n`]),
    "| client | version | as pasted; other authority | switchover | kill | hold |",
    "| --- | --- | --- | --- | --- | --- |",
    `${rows.join("\n")}\n`,
    ...forms.map((form) => paragraph(engine, form)),
  ].join("\n");
}

function paragraph(engine: Engine, form: ClientForm): string {
  const { title, language, takes, imports, trustStore, allPortals } = form;
  const facts = [
    ...(takes === undefined ? [] : [`Taken as \`${takes}\`.`]),
    ...(imports === undefined
      ? []
      : [`Imports: ${imports.map((name) => `\`${name}\``).join(", ")}.`]),
    ...(trustStore ? ["Needs the trust store."] : []),
    ...(allPortals ? [] : ["One portal."]),
    ...(catalogue[engine].clients.notes?.[form.client]?.traps ?? []),
  ];
  return `### ${title}\n\n\`\`\`${FENCE[language]}\n${form.form(example(engine))}\n\`\`\`\n\n${facts.join(" ")}\n`;
}

const PORTALS = ["203.0.113.10", "203.0.113.11"];
const NO_ENDPOINT = { port: 0, route: "any" } as const;

function example(engine: Engine): Access {
  const [{ port, route } = NO_ENDPOINT] = catalogue[engine].endpoints(["orders-1"]);
  const hosts = PORTALS.map((host) => ({ host, port }));
  const portalOf = (ordinal: number) => `${PORTALS[ordinal % PORTALS.length]}:${port + ordinal}`;
  return {
    ...{ hosts, user: "orders", password: "secret", database: "orders", deployment: "orders" },
    route,
    ...{ caFile: "orders-ca.pem", ca: "-----BEGIN CERTIFICATE-----…", patience: patienceOf(30) },
    addressMap: Object.fromEntries(
      [0, 1, 2].map((ordinal) => [`10.0.1.${10 + ordinal}:9042`, portalOf(ordinal)]),
    ),
  };
}

/** What was seen of one client, as the document explains it. */
export interface Seen {
  readonly version: string;
  /** With the deployment's authority; with another one. */
  readonly pasted: string;
  readonly switchover: string;
  readonly kill: string;
  readonly hold: string;
}

export const seenOf = (engine: Engine, client: string): Seen | undefined =>
  (seen as Readonly<Record<string, Readonly<Record<string, Seen>>>>)[engine]?.[client];

/** Where neither a run nor a reason of its own is noted. */
const NOT_RUN = "no run yet";

interface Tried {
  readonly ok: boolean;
  readonly error: string;
}

interface Sight {
  readonly errors: number;
  /** Seconds. */
  readonly gap: number;
}

/** What a run of tests/clients keeps of one client, as far as it came. */
export interface Result {
  readonly client: string;
  readonly right?: Tried;
  readonly wrong?: Tried;
  readonly hold?: Tried;
  readonly switchover?: Sight;
  readonly kill?: Sight;
  /** Acknowledged rows that were not there in the end. */
  readonly lost?: number;
}

/** The same as in docs/clients.md. What a run didn't come to is listed as not tried. */
export function asSeen(
  { right, wrong, hold, switchover, kill, lost }: Result,
  version: string,
): Seen {
  const pasted = right === undefined ? "not tried" : right.ok ? "yes" : `no: ${right.error}`;
  const stranger = wrong && (wrong.ok ? "TAKEN" : "refused");
  const sight = (seen?: Sight) => (seen ? `${seen.errors} / ${seen.gap.toFixed(1)}` : "–");
  return {
    version,
    pasted: stranger ? `${pasted}; ${stranger}` : pasted,
    switchover: sight(switchover),
    kill: `${sight(kill)}${lost ? `, ${lost} lost` : ""}`,
    hold: hold === undefined ? "–" : hold.ok ? "waits" : hold.error,
  };
}
