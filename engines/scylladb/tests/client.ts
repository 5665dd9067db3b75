import { performance } from "node:perf_hooks";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, policies, types } from "cassandra-driver";

import type { Outputs } from "../../../tests/support/cluster.ts";

type AddressMap = Readonly<Record<string, string>>;

/** What nodes tell of each other, turned into where the portals are: all that a driver needs to know of Portico. */
export function translatorBy(map: AddressMap): policies.addressResolution.AddressTranslator {
  const translator = policies.defaultAddressTranslator();
  translator.translate = (address, port, callback) => {
    callback(map[`${address}:${port}`] ?? `${address}:${port}`);
  };
  return translator;
}

/** A client as the documentation shows it, which ends with the test. It has no keyspace of its own. */
export function cqlClient(
  t: TestContext,
  { user, password, ca }: Pick<Outputs, "user" | "password" | "ca">,
  map: AddressMap,
): Client {
  const client = new Client({
    contactPoints: Object.values(map),
    localDataCenter: "datacenter1",
    credentials: { username: user, password },
    sslOptions: { ca: [ca], rejectUnauthorized: true },
    policies: {
      addressResolution: translatorBy(map),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(1000),
    },
    // The machine may be busy: this is no test of its speed.
    socketOptions: { connectTimeout: 20_000, readTimeout: 20_000 },
    queryOptions: { consistency: types.consistencies.quorum, isIdempotent: true },
  });
  t.after(() => client.shutdown());
  return client;
}

export interface Written {
  readonly id: string;
  readonly at: number;
  /** The portal's address through which it went; empty where it failed. */
  readonly through: string;
  readonly failure?: string;
}

/** Writes unique ids one after the other, until stopped or until the test ends. */
export function writeRows(t: TestContext, client: Client, table: string) {
  const written: Written[] = [];
  let running = true;
  const work = async (): Promise<void> => {
    for (let row = 0; running; row++) {
      const id = `${row}-${Math.round(performance.now() * 1000)}`;
      try {
        const { info } = await client.execute(`INSERT INTO ${table} (id) VALUES (?)`, [id]);
        written.push({ id, at: performance.now(), through: info.queriedHost });
      } catch (error) {
        const failure = (error as Error).message;
        written.push({ id, at: performance.now(), through: "", failure });
      }
      // Leaves something of a small machine to what is tested.
      await sleep(20);
    }
  };
  const working = work();
  const stop = async (): Promise<readonly Written[]> => {
    running = false;
    await working;
    return written;
  };
  t.after(stop);
  return { written: () => [...written], stop };
}
