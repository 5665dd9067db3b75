import type Docker from "dockerode";

/** A session of SSH takes several processes, and HAProxy a thread a core; of a node's, a session of PostgreSQL is one. */
const PIDS = { portal: 1024, node: 4096 } as const;

/**
 * Limits how many processes each container of the stack may have. Pulumi's docker provider has no word for it; the engine keeps it with the
 * container, and applies it at once.
 */
export async function limitProcesses(docker: Docker, stack: string): Promise<void> {
  const filters = { label: [`portico.stack=${stack}`] };
  for (const { Id, Names } of await docker.listContainers({ all: true, filters })) {
    const role = Names.some((name) => name.includes("-portal-")) ? "portal" : "node";
    await docker.getContainer(Id).update({ PidsLimit: PIDS[role] });
  }
}
