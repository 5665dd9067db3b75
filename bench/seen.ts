/** What the measuring client saw. Times are milliseconds of the monotonic clock that all its processes share. */
export interface Ack {
  readonly worker: number;
  readonly id: string;
  readonly begun: number;
  readonly at: number;
  /** Address of the node that acknowledged. */
  readonly server: string;
}

export interface Failure {
  readonly worker: number;
  /** `connect`: no session came about. `write`: a session was lost, or a statement failed on it. */
  readonly during: "connect" | "write";
  readonly begun: number;
  readonly at: number;
  /** SQLSTATE, where the server said one. 25006: it was read-only. */
  readonly code: string | null;
  readonly message: string;
}

/** One contender during one event. */
export interface Seen {
  readonly workers: number;
  readonly acks: readonly Ack[];
  readonly failures: readonly Failure[];
  /** When each attempt began that had neither succeeded nor failed at the end. */
  readonly hanging: readonly number[];
}

/** What the nodes themselves said about one change of leader. */
export interface Change {
  readonly oldLeader: string;
  readonly newLeader: string;
  /** The old leader's process closed its connections. Null: the connection never told. */
  readonly gone: number | null;
  /** PostgreSQL on the new leader said that recovery has ended. */
  readonly promoted: number;
  /** A row written straight to the new leader was acknowledged. */
  readonly accepts: number;
  /** Most sessions of each contender seen at once on the old leader, from 100 ms after `accepts`. Null: it was down. */
  readonly onOldLeader: Readonly<Record<string, number>> | null;
}

export type EventKind = "switchover" | "kill";

/** One change of leader with what all contenders saw of it. */
export interface Event extends Change {
  readonly kind: EventKind;
  readonly number: number;
  readonly seen: Readonly<Record<string, Seen>>;
}
