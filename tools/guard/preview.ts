/** What the guard needs of a preview, and nothing else of it. */
export interface Preview {
  /** In the engine's order; one a resource, where a replacement shows several operations on it. */
  readonly steps: readonly Step[];
  /** What the preview itself failed on. It is cut off then: what it shows is true, but it isn't all. */
  readonly errors: readonly string[];
  /** The stack's config, values as text; secrets are hidden by the CLI. */
  readonly config: Readonly<Record<string, string>>;
}

export interface Step {
  readonly op: Op;
  readonly urn: string;
  /** Such as `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly old: State | undefined;
  readonly new: State | undefined;
  /** Properties that force a replacement. */
  readonly reasons: readonly string[];
  /** What the engine tells the program of it. Undefined: it is deleted. */
  readonly answer: Answer | undefined;
}

export interface State {
  /** False: a component, which is a name for what is below it. */
  readonly custom: boolean;
  readonly parent: string | undefined;
  readonly id: string | undefined;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  /** URN of the provider, without its id; empty for a component. */
  readonly provider: string;
  readonly inputs: Values;
  readonly outputs: Values;
  /** By input: the resources that it comes from. Known even where the value isn't yet. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
}

/** What the engine tells the program of a resource that it has registered. */
export interface Answer {
  /** Undefined: nobody can know it before the update. */
  readonly id: string | undefined;
  readonly outputs: Values;
}

export type Values = Readonly<Record<string, unknown>>;

export type Op = "same" | "create" | "update" | "replace" | "delete";
