import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { execa } from "execa";
import { saveTrustStore } from "../../engines/client-form.ts";
import type { Engine } from "../../engines/table.ts";
import { catalogue } from "../../engines/table.ts";
import { Authority } from "../support/authority.ts";
import type { Outputs } from "../support/cluster.ts";
import type { Language, Program, Snippet } from "./installed.ts";
import { programFor } from "./installed.ts";
import { withoutTimeOuts } from "./time-outs.ts";

/** Who runs which clients. Those that no program here runs are told in docs/clients.md. */
const RUN_BY: Readonly<Record<Language, readonly string[]>> = {
  python: [
    ...["psycopg", "psycopg-pool", "sqlalchemy", "sqlalchemy-asyncpg", "asyncpg", "redis-py"],
    ...["celery", "pymysql", "sqlalchemy-pymysql", "pika", "pymongo", "elasticsearch-py"],
    ...["cassandra-driver-py", "rethinkdb-py"],
  ],
  node: [
    ...["node-postgres", "postgres.js", "ioredis", "node-redis", "bullmq", "mysql2", "amqplib"],
    ...["mongodb-node", "elasticsearch-js", "cassandra-driver-js", "rethinkdb-ts"],
  ],
  go: [
    ...["pgx", "lib-pq", "go-redis", "go-sql-driver", "amqp091-go", "mongo-go"],
    ...["go-elasticsearch", "gocql"],
  ],
  rust: ["sqlx", "tokio-postgres"],
  java: ["pgjdbc", "hikaricp", "jedis", "lettuce", "connector-j", "rabbitmq-java"],
};

export const isRun = (client: string): boolean =>
  Object.values(RUN_BY).some((names) => names.includes(client));

/** The form as it is, the same with another authority's certificate in it, and the same without its time-outs. */
export type Label = "right" | "wrong" | "plain";

export interface Checked {
  readonly client: string;
  readonly ok: boolean;
  /** Until the first row was acknowledged. */
  readonly ms: number;
  readonly error: string;
  /** When it was told. */
  readonly at: number;
}

export interface Written {
  readonly client: string;
  readonly acks: readonly number[];
  /** Begun, failed, and with what. */
  readonly errors: readonly (readonly [number, number, string])[];
  /** Acknowledged and not there. */
  readonly missing: readonly string[];
  /** Rows that are there more than once. */
  readonly twice: number;
  /** Why the rows couldn't be read back; empty otherwise. */
  readonly unread: string;
}

/** All clients of an endpoint, each with the form of the outputs, by label. */
export class Clients {
  readonly names: readonly string[];
  /** The file of another authority's certificate. */
  readonly stranger: string;
  readonly #programs: readonly Program[];
  readonly #forms: Readonly<Record<Label, Readonly<Record<string, string>>>>;
  readonly #database: string;
  readonly #folder: string;

  private constructor(
    programs: readonly Program[],
    forms: Clients["forms"],
    { database }: Pick<Outputs, "database">,
    folder: string,
  ) {
    this.#programs = programs;
    this.#forms = forms;
    this.#database = database;
    this.#folder = folder;
    this.names = Object.keys(forms.right);
    this.stranger = strangerIn(folder);
  }

  get forms() {
    return this.#forms;
  }

  /** `forms`: by client. `caFile`: where `up` wrote the authority's certificate. */
  static async make(
    engine: Engine,
    forms: Readonly<Record<string, string>>,
    outputs: Pick<Outputs, "ca" | "database">,
    caFile: string,
  ): Promise<Clients> {
    const folder = await mkdtemp(join(tmpdir(), "portico-clients-"));
    const other = strangerIn(folder);
    const stranger = (await Authority.create()).pem;
    await writeFile(other, stranger);
    for (const file of [caFile, other]) await execa("sh", ["-c", saveTrustStore(file)]);
    const known = Object.entries(forms).filter(([client]) => isRun(client));
    const inUri = (ca: string) => encodeURIComponent(JSON.stringify(ca));
    const right = Object.fromEntries(known);
    const wrong = Object.fromEntries(
      known.map(([client, form]) => [
        client,
        form
          .replaceAll(caFile.replace(/\.pem$/, "."), other.replace(/\.pem$/, "."))
          .replaceAll(inUri(outputs.ca), inUri(stranger)),
      ]),
    );
    const plain = Object.fromEntries(
      known.map(([client, form]) => [client, withoutTimeOuts(form)]),
    );
    const labelled = { right, wrong, plain };
    const snippets = catalogue[engine].clients.forms.flatMap((form): Snippet[] =>
      Object.entries(labelled).flatMap(([label, all]) => {
        const code = all[form.client];
        return code === undefined ? [] : [{ key: `${form.client}/${label}`, form, code }];
      }),
    );
    const languages = (Object.keys(RUN_BY) as Language[]).filter((language) =>
      known.some(([client]) => RUN_BY[language].includes(client)),
    );
    const programs: Program[] = [];
    for (const language of languages)
      programs.push(await programFor(language, engine, snippets, folder));
    return new Clients(programs, labelled, outputs, folder);
  }

  /** Each client opens its form, writes a row and reads it back; all at once. One that takes longer than `seconds` has failed. */
  async check(label: Label, seconds = 60): Promise<readonly Checked[]> {
    const job = await this.#job(label, label, seconds);
    const answers = this.#programs.map(async ({ command: [file = "", ...args], cwd }) => {
      // Some open their form and write a row, each within that time.
      const timeout = 120_000 + 2000 * seconds;
      const run = execa(file, [...args, "check", job], { cwd, timeout, stderr: "ignore" });
      const checked: Checked[] = [];
      for await (const line of run)
        for (const one of linesOf(line))
          checked.push({ ...(one as unknown as Checked), at: Date.now() });
      return checked;
    });
    return (await Promise.all(answers)).flat();
  }

  /** Starts writers; resolves once every client has written a row. */
  async write(): Promise<{ stop(): Promise<readonly Written[]> }> {
    const job = await this.#job("write", "right");
    const lines: Record<string, unknown>[] = [];
    const children = this.#programs.map(({ command: [file = "", ...args], cwd }): ChildProcess => {
      const child = spawn(file, [...args, "write", job], {
        cwd,
        stdio: ["pipe", "pipe", "ignore"],
      });
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
        lines.push(...linesOf(line)),
      );
      return child;
    });
    const ended = children.map((child) => new Promise((done) => child.once("close", done)));
    const kill = () => {
      for (const child of children) child.kill("SIGKILL");
    };
    process.once("exit", kill);
    const deadline = Date.now() + 120_000;
    while (lines.length < this.names.length) {
      if (Date.now() > deadline) {
        kill();
        const ready = lines.map(({ client }) => client);
        throw new Error(
          `no row by ${this.names.filter((name) => !ready.includes(name)).join(", ")}`,
        );
      }
      await new Promise((done) => setTimeout(done, 100));
    }
    return {
      stop: async () => {
        for (const child of children) child.stdin?.end();
        const late = setTimeout(kill, 180_000);
        await Promise.all(ended);
        clearTimeout(late);
        return lines.filter((line) => "acks" in line) as unknown as Written[];
      },
    };
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }

  async #job(name: string, label: Label, seconds = 0): Promise<string> {
    const file = join(this.#folder, `${name}.json`);
    const forms = Object.entries(this.#forms[label]).map(([client, form]) => [
      client,
      { [label]: form },
    ]);
    const job = { database: this.#database, seconds, clients: Object.fromEntries(forms) };
    await writeFile(file, JSON.stringify(job), { mode: 0o600 });
    return file;
  }
}

const strangerIn = (folder: string): string => join(folder, "other.pem");

function linesOf(text: string): Record<string, unknown>[] {
  return text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
}
