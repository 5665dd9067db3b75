// Keeps an eye on Patroni's keys: asks etcd's quorum, and listens to every member for a reason to ask at once.

import type { Identity } from "../../observe/observer.ts";
import { credentialsOf } from "../../observe/observer.ts";
import type { Gateway, Member } from "./etcd-gateway.ts";
import { createGateway } from "./etcd-gateway.ts";
import { decodeWatch, takeLines } from "./etcd-replies.ts";
import { isWatched, prefixOf, readClusterKeys } from "./patroni-replies.ts";
import type { Login, QuorumRead } from "./quorum-read.ts";
import { createQuorumReader, newLogin, rangeOf, tokenOf } from "./quorum-read.ts";
import type { QuorumAnswer } from "./view.ts";

export interface QuorumWatchArgs {
  readonly scope: string;
  readonly members: readonly Member[];
  readonly identity: Identity;
  readonly clock: () => number;
  /** From one question to the next. */
  readonly everyMs: () => number;
  readonly onAnswer: (answer: QuorumAnswer) => void;
  readonly onFailure: (why: string) => void;
  readonly onWatchLost: (member: string, why: string) => void;
}

export interface QuorumWatch {
  readNow(): void;
  refresh(identity: Identity): void;
  stop(): void;
}

const DEADLINE_MS = 1000;
/** What is under way with an old identity may end. */
const LINGER_MS = 2 * DEADLINE_MS;

/** Asks etcd by quorum again and again, and at once when any member's stream says that there is something new. */
export function watchQuorum(args: QuorumWatchArgs): QuorumWatch {
  const { scope, members, clock, onAnswer, onFailure } = args;
  const prefix = prefixOf(scope);
  let gateway: Gateway = createGateway(credentialsOf(args.identity));
  let login = loginOf(args.identity);
  let stopped = false;
  let reading = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  const newReader = () => createQuorumReader({ members, prefix, gateway: () => gateway, login });
  let reader = newReader();

  const report = (read: QuorumRead, askedAt: number): void => {
    if (read.kind === "failed") {
      onFailure(read.why);
      return;
    }
    const { member, clusterId, revision } = read;
    const keys = readClusterKeys(scope, read.keys);
    const source = `etcd (asked at ${member.address})`;
    onAnswer({ askedAt, at: clock(), source, clusterId, revision, keys });
  };

  const read = async (): Promise<void> => {
    clearTimeout(timer);
    reading = true;
    again = false;
    const askedAt = clock();
    const result = await reader.read(DEADLINE_MS);
    reading = false;
    if (stopped) return;
    report(result, askedAt);
    const rest = again ? 0 : args.everyMs() - (clock() - askedAt);
    timer = setTimeout(() => void read(), Math.max(0, rest));
  };

  const readNow = (): void => {
    if (stopped) return;
    // An answer that is on its way may be from before the change: ask once more.
    if (reading) again = true;
    else void read();
  };

  const watchAll = () =>
    members.map((member) =>
      watchMember({
        member,
        prefix,
        gateway: () => gateway,
        login,
        onChanged(names) {
          if (names === undefined || names.some((name) => isWatched(scope, name))) readNow();
        },
        onLost: (why) => args.onWatchLost(member.name, why),
      }),
    );
  let watches = watchAll();
  void read();

  return {
    readNow,
    refresh(identity) {
      const old = gateway;
      for (const watch of watches) watch.stop();
      gateway = createGateway(credentialsOf(identity));
      login = loginOf(identity);
      reader = newReader();
      watches = watchAll();
      setTimeout(() => old.close(), LINGER_MS).unref();
      readNow();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const watch of watches) watch.stop();
      gateway.close();
    },
  };
}

function loginOf({ logins }: Identity) {
  return newLogin(logins.etcd?.user ?? "", logins.etcd?.password ?? "");
}

export interface WatchArgs {
  readonly member: Member;
  readonly prefix: string;
  readonly gateway: () => Gateway;
  readonly login: Login;
  /** Called when keys of these names changed, and, without names, when changes may have been missed. */
  readonly onChanged: (names: readonly string[] | undefined) => void;
  readonly onLost: (why: string) => void;
}

const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;
const LONGEST_LINE = 1024 * 1024;

/**
 * Listens to one member's changes, and listens anew when the stream ends. What it says only hastens a question to the quorum:
 * a stream of a member that lost its quorum stays open and silent, so silence proves nothing.
 */
export function watchMember(args: WatchArgs): { stop(): void } {
  const { member, prefix, gateway, login, onChanged, onLost } = args;
  let stopped = false;
  let wait = SHORTEST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;
  let stream: { stop(): void } | undefined;

  const start = (): void => {
    // Logging in is the quorum reader's work.
    if (login.pass.kind === "none") {
      timer = setTimeout(start, SHORTEST_WAIT_MS);
      return;
    }
    let rest = "";
    let lost = false;
    const lose = (why: string): void => {
      if (lost || stopped) return;
      lost = true;
      stream?.stop();
      onLost(why);
      clearTimeout(timer);
      timer = setTimeout(start, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    };
    const read = (line: string): void => {
      if (lost || stopped) return;
      const reply = decodeWatch(line);
      if (reply.kind === "lost") {
        lose(reply.why);
        return;
      }
      wait = SHORTEST_WAIT_MS;
      onChanged(reply.kind === "events" ? reply.names : undefined);
    };
    const body = { create_request: rangeOf(prefix) };
    stream = gateway().stream(
      member,
      { path: "/v3/watch", body, token: tokenOf(login) },
      {
        onText(text) {
          const taken = takeLines(rest + text);
          rest = taken.rest;
          if (rest.length > LONGEST_LINE) lose("a line of the stream has no end");
          for (const line of taken.lines) read(line);
        },
        onEnd: lose,
      },
    );
  };

  start();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      stream?.stop();
    },
  };
}
