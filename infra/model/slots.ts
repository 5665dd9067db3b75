/**
 * A slot for every deployment: the one that it had, otherwise the lowest that nobody has or had. A deployment that is gone
 * keeps its slot for as long as it is listed, since its volumes may still be there.
 */
export function assignSlots(
  names: readonly string[],
  kept: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const had = new Map(Object.entries(kept));
  const used = new Set(had.values());
  const assigned = [...names].sort().map((name) => {
    const slot = had.get(name) ?? lowestFree(used);
    used.add(slot);
    return [name, slot] as const;
  });
  return Object.fromEntries(assigned);
}

function lowestFree(used: ReadonlySet<number>): number {
  let slot = 0;
  while (used.has(slot)) slot++;
  return slot;
}
