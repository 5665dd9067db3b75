import type { Gateway, Member } from "./gateway.ts";
import { decodeLogin } from "./reply.ts";

/** The portal's account in etcd. A token is good for every member until it isn't, which etcd's error tells. */
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
export async function logIn(
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
