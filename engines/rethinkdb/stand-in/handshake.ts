import type { Scram } from "../../common/stand-in/scram.ts";

/** A driver's first four bytes, little-endian. */
const V1_0 = "c3bdc234";
const LONGEST = 2048;

export type Step =
  | { readonly kind: "more" }
  /** Goes on, or has let somebody in. */
  | { readonly kind: "reply"; readonly text: string; readonly rest: Buffer; readonly user?: string }
  | { readonly kind: "refuse"; readonly text: string };

/** The server's side of the handshake of version 1.0, on one connection: takes one message at a time off what has come. */
export function handshake(login: Scram): (received: Buffer) => Step {
  let step: (received: Buffer) => Step;

  const magic = (received: Buffer): Step => {
    if (received.length < 4) return MORE;
    if (received.toString("hex", 0, 4) !== V1_0) return { kind: "refuse", text: UNSUPPORTED };
    step = first;
    return reply(VERSION, received.subarray(4));
  };

  const first = (received: Buffer): Step =>
    message(received, (content, rest) => {
      if (content.protocol_version !== 0) return refuse(2, "Unsupported `protocol_version`.");
      if (content.authentication_method !== "SCRAM-SHA-256")
        return refuse(4, "Unsupported `authentication_method`.");
      step = final;
      return reply({ authentication: login.first(String(content.authentication)) }, rest);
    });

  const final = (received: Buffer): Step =>
    message(received, (content, rest) => {
      const entered = login.final(String(content.authentication));
      if (entered === undefined) return refuse(12, "Wrong password");
      return { ...reply({ authentication: entered.proof }, rest), user: entered.user };
    });

  step = magic;
  return (received) => step(received);
}

const VERSION = {
  max_protocol_version: 0,
  min_protocol_version: 0,
  server_version: "2.4-stand-in",
};
const UNSUPPORTED = "ERROR: Received an unsupported protocol version.\n\0";
const MORE: Step = { kind: "more" };

function message(
  received: Buffer,
  then: (content: Readonly<Record<string, unknown>>, rest: Buffer) => Step,
): Step {
  const end = received.indexOf(0);
  if (end < 0) return received.length < LONGEST ? MORE : refuse(7, "Limited read buffer size.");
  try {
    return then(JSON.parse(received.toString("utf8", 0, end)) ?? {}, received.subarray(end + 1));
  } catch {
    return refuse(8, "Invalid JSON object.");
  }
}

function reply(content: object, rest: Buffer) {
  return {
    kind: "reply",
    text: `${JSON.stringify({ ...content, success: true })}\0`,
    rest,
  } as const;
}

function refuse(error_code: number, error: string): Step {
  return { kind: "refuse", text: `${JSON.stringify({ error, error_code, success: false })}\0` };
}
