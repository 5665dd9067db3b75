import { EventEmitter, once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** Far more than the sockets of both ends hold: whoever sends so much waits for the other. */
export const MUCH = 24 * 2 ** 20;

/** What has gone by when a direction stops: a login is over, and an answer is under way. */
const FIRST = 2 ** 20;

/** Longer than an engine gives a slow client where nobody says otherwise: MySQL and Redis have a minute. */
const STOP_MS = 65_000;

/**
 * Begins `work`, which is to read much and, on another connection, to send much, by a port of this machine that leads to the node. In the
 * midst of each the node's peer stops: it acknowledges, as a portal does whose client is slow, and neither reads nor says anything for
 * more than a minute. Resolves when both stand still. `end`: of the work.
 */
export async function standingStill<T>(
  { address, port }: { readonly address: string; readonly port: number },
  work: (port: number) => Promise<T>,
): Promise<{ readonly end: Promise<T> }> {
  const still = new EventEmitter();
  const server = createServer((client) => {
    const node = connect(port, address);
    // The client sees its connection end, and says so.
    const pass = (from: Socket, to: Socket, what: string) =>
      pipeline(
        from,
        stoppingOnce(() => still.emit(what)),
        to,
      ).catch(() => client.destroy());
    pass(node, client, "reading");
    pass(client, node, "sending");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const both = Promise.all([once(still, "reading"), once(still, "sending")]);
  const end = work((server.address() as AddressInfo).port).finally(() => server.close());
  const tooEarly = end.then(() => Promise.reject(new Error("nothing stood still")));
  await Promise.race([both, tooEarly]);
  tooEarly.catch(() => {});
  return { end };
}

function stoppingOnce(stops: () => void) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    let passed = 0;
    for await (const chunk of chunks) {
      const before = passed;
      passed += chunk.length;
      if (before < FIRST && passed >= FIRST) {
        stops();
        await sleep(STOP_MS);
      }
      yield chunk;
    }
  };
}
