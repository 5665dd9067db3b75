/** Kinds of RethinkDB's ql2.proto: type of the response, type of the error. */
const KIND = {
  logic: [18, 3_000_000],
  missing: [18, 3_100_000],
  operation: [18, 4_100_000],
  indeterminate: [18, 4_200_000],
  user: [18, 5_000_000],
  permission: [18, 6_000_000],
} as const;

/** What a query is refused with. */
export class ReqlError extends Error {
  readonly kind: keyof typeof KIND;

  constructor(kind: keyof typeof KIND, message: string) {
    super(message);
    this.kind = kind;
  }

  response(): object {
    const [t, e] = KIND[this.kind];
    return { t, e, r: [this.message], b: [] };
  }
}
