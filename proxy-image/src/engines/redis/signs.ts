import type { Socket } from "node:net";
import { connect } from "node:net";

import type { Reply } from "./resp.ts";
import { decodeReply, encodeCommand } from "./resp.ts";
import { LOGIN } from "./said.ts";

export interface SignsArgs {
  readonly address: string;
  readonly port: number;
  /** The name by which the Sentinel watches the cluster's leader. */
  readonly master: string;
  /** It published something of this cluster. What exactly is asked, not believed. */
  readonly onSign: () => void;
}

/** All that a node's image lets a portal listen to. */
const SIGNS = [
  "+switch-master",
  "+config-update-from",
  "+sdown",
  "-sdown",
  "+odown",
  "-odown",
  "+try-failover",
  "+elected-leader",
  "+promoted-slave",
  "+failover-end",
  "-failover-abort-no-good-slave",
  "-failover-abort-not-elected",
  "-failover-abort-slave-timeout",
];

const PING_MS = 2000;
const SILENCE_MS = 5000;
const SHORTEST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

/** Listens to what a Sentinel publishes, and listens anew when the connection ends. Silence proves nothing: it only hastens. */
export function hearSigns({ address, port, master, onSign }: SignsArgs): { stop(): void } {
  let socket: Socket | undefined;
  let timer: NodeJS.Timeout | undefined;
  let wait = SHORTEST_WAIT_MS;
  let stopped = false;

  const listen = (): void => {
    const mine = connect({ host: address, port, noDelay: true });
    socket = mine;
    let rest: Buffer = Buffer.alloc(0);
    const ping = setInterval(() => mine.write(encodeCommand(["PING"])), PING_MS);
    mine.setTimeout(SILENCE_MS, () => mine.destroy());
    mine.on("error", () => {});
    mine.on("end", () => mine.destroy());
    mine.on("close", () => {
      clearInterval(ping);
      if (stopped) return;
      timer = setTimeout(listen, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    });
    mine.on("data", (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const decoded = decodeReply(rest);
        if (decoded.kind === "broken") mine.destroy();
        if (decoded.kind !== "reply") return;
        rest = rest.subarray(decoded.end);
        wait = SHORTEST_WAIT_MS;
        if (isSign(decoded.reply, master)) onSign();
      }
    });
    mine.write([LOGIN, ["SUBSCRIBE", ...SIGNS]].map(encodeCommand).join(""));
  };

  listen();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      socket?.destroy();
    },
  };
}

/** `message`, the channel, and a text with the leader's name among its words. */
export function isSign(reply: Reply, master: string): boolean {
  if (reply.kind !== "list") return false;
  const [kind, , text] = reply.items;
  return (
    kind?.kind === "text" &&
    kind.text === "message" &&
    text?.kind === "text" &&
    text.text.split(" ").includes(master)
  );
}
