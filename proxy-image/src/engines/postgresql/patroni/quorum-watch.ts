import { credentialsOf } from "../../../observe/identity.ts";
import type { Identity } from "../../../observe/observer.ts";
import type { Gateway, Member } from "../etcd/gateway.ts";
import { createGateway } from "../etcd/gateway.ts";
import { newLogin } from "../etcd/login.ts";
import type { QuorumRead } from "../etcd/quorum-read.ts";
import { createQuorumReader } from "../etcd/quorum-read.ts";
import { watchMember } from "../etcd/watch.ts";
import { isTelling, prefixOf, readClusterKeys } from "./cluster-keys.ts";
import type { QuorumAnswer } from "./observations.ts";

export interface QuorumWatchArgs {
  readonly scope: string;
  readonly members: readonly Member[];
  readonly identity: Identity;
  readonly clock: () => number;
  readonly onAnswer: (answer: QuorumAnswer) => void;
  readonly onFailure: (why: string) => void;
  readonly onWatchLost: (member: string, why: string) => void;
}

export interface QuorumWatch {
  readNow(): void;
  refresh(identity: Identity): void;
  stop(): void;
}

const EVERY_MS = 500;
const DEADLINE_MS = 1000;
/** What is under way with an old identity may end. */
const LINGER_MS = 2 * DEADLINE_MS;

/** Asks etcd by quorum twice a second, and at once when any member's stream says that there is something new. */
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
    const rest = again ? 0 : EVERY_MS - (clock() - askedAt);
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
          if (names === undefined || names.some((name) => isTelling(scope, name))) readNow();
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
