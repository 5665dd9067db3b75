// Reads Patroni's keys by etcd's quorum, with the portal's login.

import type { Gateway, Member, Posted } from "./etcd-gateway.ts";
import type { Key, RangeReply } from "./etcd-replies.ts";
import { decodeLogin, decodeRange } from "./etcd-replies.ts";

export interface QuorumReader {
  /** Asks for all keys that begin with the prefix. Never rejects. */
  read(deadlineMs: number): Promise<QuorumRead>;
}

export type QuorumRead =
  | {
      readonly kind: "keys";
      readonly member: Member;
      readonly clusterId: string;
      readonly revision: number;
      readonly keys: readonly Key[];
    }
  | { readonly kind: "failed"; readonly why: string };

export interface QuorumReaderArgs {
  readonly members: readonly Member[];
  readonly prefix: string;
  readonly gateway: () => Gateway;
  readonly login: Login;
}

/** A member that hasn't answered by then is not waited for alone. */
const HEDGE_MS = 250;

/**
 * Reads by quorum: etcd's range is linearizable unless told otherwise, so an answer proves that a majority was there when it
 * was asked. One member is asked, and the next as soon as that one fails or is slow. The first answer wins.
 */
export function createQuorumReader(args: QuorumReaderArgs): QuorumReader {
  let members = args.members;
  return {
    async read(deadlineMs) {
      const read = await race(members, deadlineMs, (member, signal) => ask(args, member, signal));
      if (read.kind === "keys") {
        members = [read.member, ...members.filter(({ name }) => name !== read.member.name)];
      }
      return read;
    },
  };
}

type Ask = (member: Member, signal: AbortSignal) => Promise<QuorumRead>;

function race(members: readonly Member[], deadlineMs: number, ask: Ask): Promise<QuorumRead> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const waiting = [...members];
    const failures: string[] = [];
    let hedge: NodeJS.Timeout | undefined;
    let settled = false;
    const settle = (read: QuorumRead): void => {
      if (settled) return;
      settled = true;
      clearTimeout(deadline);
      clearTimeout(hedge);
      resolve(read);
      abort.abort();
    };
    const fail = (): void => {
      const silent = `no member answered in ${deadlineMs} ms`;
      settle({ kind: "failed", why: failures.join("; ") || silent });
    };
    const deadline = setTimeout(fail, deadlineMs);
    const next = (): void => {
      clearTimeout(hedge);
      const member = waiting.shift();
      if (!member) return;
      hedge = setTimeout(next, HEDGE_MS);
      void ask(member, abort.signal).then((read) => {
        if (settled) return;
        if (read.kind === "keys") return settle(read);
        failures.push(`${member.name}: ${read.why}`);
        if (failures.length === members.length) return fail();
        next();
      });
    };
    next();
  });
}

async function ask(
  { prefix, gateway, login }: QuorumReaderArgs,
  member: Member,
  signal: AbortSignal,
): Promise<QuorumRead> {
  const range = async () => {
    const call = { path: "/v3/kv/range", body: rangeOf(prefix), token: tokenOf(login) } as const;
    const posted = await gateway().post(member, call, signal);
    return posted.kind === "failed" ? posted : decodeRange(posted.status, posted.body);
  };
  const asked = login.pass.kind === "none" ? undefined : await range();
  const needsLogin = asked?.kind === "refused" && (asked.login || login.pass.kind === "needless");
  if (asked && !needsLogin) return resultOf(asked, member);
  const why = await logIn(login, gateway(), member, signal);
  return why === undefined ? resultOf(await range(), member) : { kind: "failed", why };
}

function resultOf(
  reply: RangeReply | Extract<Posted, { kind: "failed" }>,
  member: Member,
): QuorumRead {
  if (reply.kind === "keys") return { ...reply, member };
  return { kind: "failed", why: reply.why };
}

/** All keys that begin with the prefix: the range ends before the prefix with its last byte raised. */
export function rangeOf(prefix: string): { readonly key: string; readonly range_end: string } {
  const end = Buffer.from(prefix);
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return { key: Buffer.from(prefix).toString("base64"), range_end: end.toString("base64") };
}

/** The portal's account in etcd. A token is good for every member until it isn't, which etcd's error shows. */
export interface Login {
  readonly name: string;
  readonly password: string;
  pass:
    | { readonly kind: "none" }
    | { readonly kind: "token"; readonly token: string }
    /** etcd asks nobody: its users are still being made. */
    | { readonly kind: "needless" };
  /** A login that was refused is not tried again before this time: etcd spends 70 ms of CPU on each password. */
  notBefore: number;
}

const RETRY_MS = 3000;

export function newLogin(name: string, password: string): Login {
  return { name, password, pass: { kind: "none" }, notBefore: 0 };
}

export function tokenOf({ pass }: Login): string | undefined {
  return pass.kind === "token" ? pass.token : undefined;
}

/** Logs in at this member. Never rejects: returns why it failed, or nothing. */
async function logIn(
  login: Login,
  gateway: Gateway,
  member: Member,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name, password } = login;
  if (performance.now() < login.notBefore) return `the login as ${name} was refused`;
  const body = { name, password };
  const posted = await gateway.post(member, { path: "/v3/auth/authenticate", body }, signal);
  if (posted.kind === "failed") return posted.why;
  const reply = decodeLogin(posted.status, posted.body);
  switch (reply.kind) {
    case "token":
      login.pass = reply;
      return undefined;
    case "open":
      login.pass = { kind: "needless" };
      return undefined;
    case "refused":
    case "unreadable":
      login.notBefore = performance.now() + RETRY_MS;
      return `the login as ${name} failed: ${reply.why}`;
  }
}
