import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { until } from "../support/until.ts";

const PLUGIN = join(
  resolve(import.meta.dirname, "../.."),
  "infra/provider/pulumi-resource-portico",
);

test("our provider ends with the CLI that started it, even one that was killed", async (t) => {
  const engine = createServer((socket) => socket.destroy());
  engine.listen(0, "127.0.0.1");
  await once(engine, "listening");
  t.after(() => engine.close());
  const { port } = engine.address() as { port: number };

  // As the CLI: it starts the plugin with the engine's address, and reads the plugin's port.
  const cli = spawn("sh", ["-c", `"${PLUGIN}" 127.0.0.1:${port} & echo "pid $!"; wait`]);
  const lines = createInterface(cli.stdout)[Symbol.asyncIterator]();
  const plugin = Number((await lines.next()).value?.replace("pid ", ""));
  t.after(() => isAlive(plugin) && process.kill(plugin, "SIGKILL"));
  await lines.next();

  cli.kill("SIGKILL");

  await until("the plugin has ended", 60_000, () => !isAlive(plugin));
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
