export type Negotiated =
  | { readonly kind: "open" }
  | { readonly kind: "other"; readonly why: string };

/**
 * GSSENCRequest: the first message of a client that would like GSSAPI encryption. PostgreSQL answers it with one byte,
 * before any authentication, whatever state it is in; and when the client then leaves, it logs nothing. (After the like
 * SSLRequest it logs "could not accept SSL connection" for each.)
 */
export const NEGOTIATION_REQUEST: Uint8Array = Buffer.from("0000000804d21630", "hex");

/** Reads the answer so far; undefined until there is one. `E`: an error, which only a living server sends. */
export function decodeNegotiation(reply: Uint8Array): Negotiated | undefined {
  const [first] = reply;
  if (first === undefined) return undefined;
  if (ANSWERS.has(first)) return { kind: "open" };
  return { kind: "other", why: "something answers that is not PostgreSQL" };
}

const ANSWERS: ReadonlySet<number> = new Set(Buffer.from("GNE"));
