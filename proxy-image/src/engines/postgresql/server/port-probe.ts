import { connect } from "node:net";

import type { Exchanged } from "../../../observe/exchange.ts";
import { exchange } from "../../../observe/exchange.ts";
import type { Negotiated } from "./negotiation.ts";
import { decodeNegotiation, NEGOTIATION_REQUEST } from "./negotiation.ts";

export interface Address {
  readonly address: string;
  readonly port: number;
}

/** Asks whether PostgreSQL answers on its port. The kernel of a frozen node still accepts, so only a byte counts. */
export function probePort(
  { address, port }: Address,
  deadlineMs: number,
): Promise<Exchanged<Negotiated>> {
  return exchange(connect({ host: address, port, noDelay: true }), QUESTION, deadlineMs);
}

const QUESTION = { request: NEGOTIATION_REQUEST, decode: decodeNegotiation };
