import { ReqlError } from "./reql-error.ts";
import type { Tables } from "./tables.ts";

/** What a term is read with. */
export interface Env {
  readonly tables: Tables;
  /** The only database beside RethinkDB's own. */
  readonly database: string;
  /** The database that a query means where it names none. */
  readonly usual: string;
  readonly user: string;
  /** What `rethinkdb.server_status` has. */
  readonly servers: readonly object[];
  /** A key for a document that has none. */
  readonly newKey: () => string;
}

export const PORTAL = "portal";
const SYSTEM = "rethinkdb";

/** Numbers of RethinkDB's ql2.proto. */
const TERM = {
  makeArray: 2,
  error: 12,
  db: 14,
  table: 15,
  get: 16,
  getField: 31,
  count: 43,
  coerceTo: 51,
  insert: 56,
  dbCreate: 57,
  dbList: 59,
  tableCreate: 60,
  tableList: 62,
  limit: 71,
  http: 153,
  bracket: 170,
  grant: 188,
} as const;

const WRITES: readonly unknown[] = [TERM.insert, TERM.tableCreate];

/** True where a term, or one that it is made of, changes something. */
export function writes(term: unknown): boolean {
  if (!Array.isArray(term)) return isObject(term) && Object.values(term).some(writes);
  return WRITES.includes(term[0]) || term.slice(1).flat().some(writes);
}

/** The documents of a table, or of a part of one. */
export class Rows {
  readonly documents: readonly object[];
  readonly table: string | undefined;

  constructor(documents: readonly object[], table?: string) {
    this.documents = documents;
    this.table = table;
  }
}

/** The value of a term: JSON, or rows. Throws a ReqlError, also for terms that the stand-in doesn't know. */
export function evaluate(term: unknown, env: Env): unknown {
  if (!Array.isArray(term)) return isObject(term) ? objectOf(term, env) : term;
  const [type, terms = [], options = {}] = term as [number, unknown[]?, Record<string, unknown>?];
  const values = terms.map((each) => evaluate(each, env));
  const [first, second] = values;
  switch (type) {
    case TERM.makeArray:
      return values;
    case TERM.error:
      throw new ReqlError("user", String(first));
    case TERM.db:
      return new Database(String(first));
    case TERM.dbList:
      return [SYSTEM, env.database];
    case TERM.table:
      return table(databaseOf(first, env), String(values.at(-1)), env);
    case TERM.tableCreate:
      return createTable(databaseOf(first, env), String(values.at(-1)), env);
    case TERM.tableList:
      return allowed(databaseOf(first, env), env) && env.tables.names();
    case TERM.insert:
      return insert(first, second, options.conflict, env);
    case TERM.get:
      return rows(first).documents.find((document) => keyOf(document) === keyText(second)) ?? null;
    case TERM.getField:
    case TERM.bracket:
      return field(first, String(second));
    case TERM.count:
      return list(first).length;
    case TERM.limit:
      return new Rows(rows(first).documents.slice(0, Number(second)));
    case TERM.dbCreate:
    case TERM.grant:
    case TERM.http:
      throw lacking(env);
    case TERM.coerceTo:
      if (String(second).toLowerCase() === "array") return list(first);
  }
  throw new ReqlError("logic", `this stand-in has no term ${type} like that`);
}

class Database {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function databaseOf(first: unknown, { usual }: Env): string {
  return first instanceof Database ? first.name : usual;
}

/** The portal reads one table; everybody else has the deployment's database, and no more. */
function allowed(database: string, { user, database: ours }: Env, table?: string): true {
  if (database !== SYSTEM && database !== ours)
    throw new ReqlError("operation", `Database \`${database}\` does not exist.`);
  const isPortal = database === SYSTEM && table === "server_status";
  if (user === PORTAL ? isPortal : database === ours) return true;
  throw lacking({ user });
}

function lacking({ user }: Pick<Env, "user">): ReqlError {
  return new ReqlError("permission", `User \`${user}\` does not have the required permission`);
}

function table(database: string, name: string, env: Env): Rows {
  allowed(database, env, name);
  if (database === SYSTEM) return new Rows(env.servers);
  return new Rows(documentsOf(name, env), name);
}

function documentsOf(name: string, { tables, database }: Env): readonly object[] {
  const documents = tables.documents(name);
  if (documents) return documents;
  throw new ReqlError("operation", `Table \`${database}.${name}\` does not exist.`);
}

function createTable(database: string, name: string, env: Env): object {
  allowed(database, env);
  if (env.tables.create(name)) return { tables_created: 1 };
  throw new ReqlError("operation", `Table \`${database}.${name}\` already exists.`);
}

function insert(into: unknown, given: unknown, conflict: unknown, env: Env): object {
  const name = rows(into).table;
  if (name === undefined) throw new ReqlError("logic", "Expected a table.");
  if (conflict !== undefined && conflict !== "error")
    throw new ReqlError("logic", "this stand-in inserts with conflict: error alone");
  const documents = (Array.isArray(given) ? given : [given]).map(asDocument);
  const keyed = documents.map((document) => ({ id: env.newKey(), ...document }));
  const inserted = keyed.filter((document) => env.tables.insert(name, keyOf(document), document));
  const errors = keyed.length - inserted.length;
  const generated = keyed.filter((_, index) => documents[index]?.id === undefined);
  return {
    ...{ deleted: 0, errors, inserted: inserted.length, replaced: 0, skipped: 0, unchanged: 0 },
    ...(errors > 0 && { first_error: `Duplicate primary key \`id\` in \`${name}\`.` }),
    ...(generated.length > 0 && { generated_keys: generated.map(({ id }) => id) }),
  };
}

function asDocument(value: unknown): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new ReqlError("logic", "Expected an object.");
}

function field(of: unknown, name: string): unknown {
  if (of instanceof Rows || Array.isArray(of))
    return list(of).flatMap((each) => (isObject(each) && name in each ? [each[name]] : []));
  if (isObject(of) && name in of) return of[name];
  throw new ReqlError("missing", `No attribute \`${name}\` in object.`);
}

function rows(value: unknown): Rows {
  if (value instanceof Rows) return value;
  throw new ReqlError("logic", "Expected a table.");
}

function list(value: unknown): readonly unknown[] {
  if (value instanceof Rows) return value.documents;
  if (Array.isArray(value)) return value;
  throw new ReqlError("logic", "Expected a sequence.");
}

function objectOf(term: Record<string, unknown>, env: Env): object {
  return Object.fromEntries(
    Object.entries(term).map(([key, value]) => [key, evaluate(value, env)]),
  );
}

const keyOf = (document: object): string => keyText((document as { id?: unknown }).id);
const keyText = (key: unknown): string => JSON.stringify(key) ?? "";

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
