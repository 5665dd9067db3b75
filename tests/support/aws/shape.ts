/** What a property may hold. In a set the order doesn't count, as in the provider. */
export type Shape =
  | { readonly kind: "string" | "number" | "boolean" | "asset" }
  | { readonly kind: "list" | "set"; readonly of: Shape }
  | { readonly kind: "map"; readonly of: Shape }
  | { readonly kind: "object"; readonly of: Properties };

/** The provider marks none of those in the tables as sensitive: only what comes in as a secret is one. */
export type Property = Shape & {
  readonly required?: boolean;
  /** Of a string: what AWS takes. */
  readonly takes?: RegExp;
  /** A change of it replaces the resource ("forces new" in the provider). */
  readonly replaces?: boolean;
};

export type Properties = Readonly<Record<string, Property>>;

export const string: Property = { kind: "string" };
export const number: Property = { kind: "number" };
export const boolean: Property = { kind: "boolean" };
export const asset: Property = { kind: "asset" };

export const list = (of: Shape): Property => ({ kind: "list", of });
export const set = (of: Shape): Property => ({ kind: "set", of });
export const map = (of: Shape): Property => ({ kind: "map", of });
export const object = (of: Properties): Property => ({ kind: "object", of });

export const required = (property: Property): Property => ({ ...property, required: true });
export const replacing = (property: Property): Property => ({ ...property, replaces: true });
