/** Reads CQL's notations from a body, one after the other. Throws a RangeError where the body ends before. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.take(1).readUInt8(0);
  }

  short(): number {
    return this.take(2).readUInt16BE(0);
  }

  int(): number {
    return this.take(4).readInt32BE(0);
  }

  string(): string {
    return this.take(this.short()).toString("utf8");
  }

  /** A negative length is null. */
  bytes(): Buffer | undefined {
    const length = this.int();
    return length < 0 ? undefined : this.take(length);
  }

  strings(): readonly string[] {
    return this.times(this.short(), () => this.string());
  }

  /** An address as Node writes it, and a port. */
  inet(): { readonly address: string; readonly port: number } {
    const length = this.byte();
    if (length !== 4 && length !== 16) throw new RangeError(`an address of ${length} bytes`);
    const address = this.take(length);
    return { address: length === 4 ? [...address].join(".") : ipv6(address), port: this.int() };
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new RangeError("the body is too short");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Every turn takes something off the body, so that no number in it makes this long. */
  times<T>(count: number, read: () => T): readonly T[] {
    if (count < 0 || count > this.#bytes.length) throw new RangeError(`a list of ${count}`);
    return Array.from({ length: count }, read);
  }
}

/** Uncompressed, each group without leading zeros. */
function ipv6(address: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => address.readUInt16BE(group * 2).toString(16)).join(
    ":",
  );
}
