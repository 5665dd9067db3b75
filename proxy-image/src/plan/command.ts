import type { Whitelist } from "../judge/whitelist.ts";

/** One step towards what is wanted. Data: the plan makes it, `apply/` says it in HAProxy's words. */
export type Command =
  /** Park new connections of an endpoint. Ends by itself unless it is renewed. */
  | { readonly kind: "hold"; readonly endpoint: string }
  | { readonly kind: "release"; readonly endpoint: string }
  /** Take a slot out that has no session left: on a write endpoint this ends those that it has. */
  | { readonly kind: "maint"; readonly endpoint: string; readonly node: string }
  /** End every session on a slot, also those that HAProxy gave the node while the agent was silent. */
  | { readonly kind: "shutdownSessions"; readonly endpoint: string; readonly node: string }
  /** No new session, the old ones go on. */
  | { readonly kind: "drain"; readonly endpoint: string; readonly node: string }
  | {
      readonly kind: "open";
      readonly endpoint: string;
      readonly node: string;
      /** `ready` does nothing on a slot that is DOWN: such a slot goes through `maint`, which a live one must not. */
      readonly through: "ready" | "maint";
    }
  /** End every session that a worker from before a reload still has on a slot. */
  | {
      readonly kind: "cutOldWorker";
      readonly pid: number;
      readonly endpoint: string;
      readonly node: string;
      readonly sessions: number;
    }
  /** Swap the whitelist in one transaction, then end the sessions of sources that are no longer on it. */
  | {
      readonly kind: "setWhitelist";
      readonly list: Whitelist;
      readonly digest: string;
    };
