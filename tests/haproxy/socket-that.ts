import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A runtime socket whose answers the test writes itself. */
export async function socketThat(t: TestContext, answer: (socket: Socket, line: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), "socket-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "admin.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => answer(socket, chunk.toString()));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}
