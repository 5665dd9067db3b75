/**
 * Size of a node's /dev/shm, in MiB: where PostgreSQL's parallel queries meet. Docker's own 64 MiB is less than one hash join of theirs
 * takes. What is in it counts as the container's memory, so that half is the bound: a query that wants more fails alone, before
 * the kernel ends somebody else. The machine's service has the same rule (machine/portico_machine/container.py).
 */
export function sharedMemory(memory: number): number {
  return Math.max(512, Math.floor(memory / 2));
}
