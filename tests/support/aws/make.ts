import { createHash } from "node:crypto";

import type { State } from "../../../tools/airgap/plugin/kind.ts";
import { UNKNOWN } from "../../../tools/airgap/plugin/kind.ts";
import { DEFAULTS } from "./inputs.ts";
import type { Made, Making, Table } from "./table.ts";

/** A new resource: its id and what AWS adds to the inputs. */
export function made(table: Table, making: Making): { id: string; outputs: State } {
  const id = table.id(making);
  return { id, outputs: outputs(table, { ...making, id }, {}) };
}

/** After an update: what was made once stays, except what an update renews. */
export function remade(table: Table, made: Made, state: State): State {
  const kept = Object.fromEntries(
    Object.entries(state).filter(([name]) => !table.renewed?.includes(name)),
  );
  return outputs(table, made, kept);
}

export function unknownOutputs(table: Table, inputs: State): State {
  return Object.fromEntries(computed(table, inputs).map((name) => [name, UNKNOWN]));
}

/** What a preview of an update knows of the outputs. */
export function expectedOutputs(table: Table, inputs: State, state: State): State {
  return Object.fromEntries(
    computed(table, inputs).map((name) => [
      name,
      table.renewed?.includes(name) ? UNKNOWN : state[name],
    ]),
  );
}

/**
 * `digest` is of the resource's place in the program and of its inputs, not of the stack: every stack of a program has the same ids, a
 * replaced resource has another.
 */
export function making(urn: string, inputs: State): Making {
  const [, , ...tail] = urn.split("::");
  const digest = JSON.stringify([tail, sorted({ ...inputs, [DEFAULTS]: undefined })]);
  return {
    name: nameOf(urn),
    region: String(inputs.region ?? "us-east-1"),
    inputs,
    hex: (length, of = "") =>
      createHash("sha256").update(`${of} ${digest}`).digest("hex").slice(0, length),
  };
}

export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function outputs(table: Table, made: Made, kept: State): State {
  return Object.fromEntries(
    computed(table, made.inputs).map((name) => [name, kept[name] ?? table.outputs?.[name]?.(made)]),
  );
}

function computed({ outputs = {} }: Table, inputs: State): string[] {
  return Object.keys(outputs).filter((name) => inputs[name] === undefined);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
