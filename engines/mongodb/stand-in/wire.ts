import { type Document, deserialize, serialize } from "bson";

/** One command as it came: by OP_MSG, or, the first hello of some drivers, by OP_QUERY. */
export interface Request {
  readonly id: number;
  readonly legacy: boolean;
  readonly body: Document;
}

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

/** Takes the first whole message off what has come. */
export function takeRequest(
  received: Buffer,
): { readonly request: Request; readonly rest: Buffer } | undefined {
  if (received.length < 16) return undefined;
  const length = received.readInt32LE(0);
  if (length < 16 || length > 48_000_000) throw new Error("no message of MongoDB's");
  if (received.length < length) return undefined;
  const message = received.subarray(0, length);
  const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
  const rest = received.subarray(length);
  if (code === OP_MSG) return { request: { id, legacy: false, body: readSections(message) }, rest };
  if (code !== OP_QUERY) throw new Error(`operation ${code} is not known here`);
  const name = message.indexOf(0, 20);
  return { request: { id, legacy: true, body: deserialize(message.subarray(name + 9)) }, rest };
}

/** The body, and the document sequences beside it under their names. */
function readSections(message: Buffer): Document {
  let body: Document = {};
  const hasChecksum = (message.readUInt32LE(16) & 1) === 1;
  const end = message.length - (hasChecksum ? 4 : 0);
  for (let at = 20; at < end; ) {
    const size = message.readInt32LE(at + 1);
    if (size < 5) throw new Error("a section without a size");
    if (message[at] === 0)
      body = { ...body, ...deserialize(message.subarray(at + 1, at + 1 + size)) };
    else {
      const name = message.indexOf(0, at + 5);
      const documents: Document[] = [];
      for (let from = name + 1; from < at + 1 + size; ) {
        const long = message.readInt32LE(from);
        documents.push(deserialize(message.subarray(from, from + long)));
        from += long;
      }
      body = { ...body, [message.toString("utf8", at + 5, name)]: documents };
    }
    at += 1 + size;
  }
  return body;
}

export function encodeReply({ id, legacy }: Request, reply: Document): Buffer {
  const body = serialize(reply);
  const before = legacy ? 36 : 21;
  const message = Buffer.alloc(before + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(id, 8);
  message.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12);
  if (legacy) message.writeInt32LE(1, 32);
  message.set(body, before);
  return message;
}
