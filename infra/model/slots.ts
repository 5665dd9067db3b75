/**
 * A slot for every deployment: the one that it had, otherwise the lowest that nobody has or had. A deployment that is gone
 * keeps its slot for as long as it is listed, since its volumes may still be there.
 */
export function assignSlots(
  names: readonly string[],
  kept: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const used = new Set(Object.values(kept));
  const assigned: Record<string, number> = {};
  for (const name of [...names].sort()) {
    const slot = kept[name] ?? lowestFree(used);
    used.add(slot);
    assigned[name] = slot;
  }
  return assigned;
}

function lowestFree(used: ReadonlySet<number>): number {
  let slot = 0;
  while (used.has(slot)) slot++;
  return slot;
}
