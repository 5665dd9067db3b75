import { connect } from "node:net";

/**
 * A CLI that was killed can't stop its plugins: a plugin whose parent has gone ends itself. The connection made once to the engine
 * (an address, the last argument of every plugin) proves that the parent is the CLI and not already whoever takes orphans.
 */
export function exitWithParent(onExit: () => void = () => {}): void {
  const parent = process.ppid;
  const exit = () => {
    onExit();
    process.exit(0);
  };
  setInterval(() => {
    if (process.ppid !== parent) exit();
  }, 500).unref();
  const [host, port] = (process.argv.at(-1) ?? "").split(":");
  if (!host || !port) return;
  const engine = connect({ host, port: Number(port) }, () => engine.destroy());
  engine.once("error", exit);
}
