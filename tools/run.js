// Every npm script starts here. Plain JavaScript without dependencies, for the Node ≥ 20 of a fresh machine: it gets a Node that
// runs TypeScript and the packages, then hands over to `command/<name>.ts`.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST = [22, 18];
const WANTED = "24.21.0";

const project = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "portico");
const [command = "", ...args] = process.argv.slice(2);
/** By 1 the guard refuses; that it couldn't run is something else. */
const FAILED = command === "portico" ? 2 : 1;

try {
  const node = runsTypeScript() ? process.execPath : fetchedNode();
  if (!packagesAreCurrent()) installPackages();
  handOver(node);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = FAILED;
}

function runsTypeScript() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function fetchedNode() {
  const folder = join(cache, `node-${WANTED}`);
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const node = join(folder, "node_modules", name, "bin", "node");
  if (existsSync(node)) return node;
  timed(
    `Node ${WANTED} (this one is ${process.versions.node}, TypeScript needs ${OLDEST.join(".")})`,
    () => {
      const unfinished = `${folder}.${process.pid}`;
      mkdirSync(unfinished, { recursive: true });
      npm(["install", "--prefix", unfinished, `${name}@${WANTED}`], cache);
      rmSync(folder, { recursive: true, force: true });
      renameSync(unfinished, folder);
    },
  );
  return node;
}

/** npm writes its own list of what it installed last of all, so that an interrupted install has none. */
function packagesAreCurrent() {
  const wanted = lockedVersions(join(project, "package-lock.json"));
  const installed = lockedVersions(join(project, "node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    const found = installed[path];
    return found ? found.version === version : Boolean(path === "" || optional || devOptional);
  });
}

function lockedVersions(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return {};
  }
}

function installPackages() {
  timed("npm packages", () => npm(["ci"], project));
}

function npm(what, cwd) {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const cli = process.env.npm_execpath;
  const [file, before] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
  const { status, signal, error } = spawnSync(file, [...before, ...what, ...quiet], {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status === 0) return;
  throw new Error(`npm ${what.join(" ")}: ${error?.message ?? signal ?? `exit code ${status}`}`);
}

function timed(what, act) {
  const start = Date.now();
  console.error(`· ${what} …`);
  act();
  console.error(`✓ ${what}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

function handOver(node) {
  const file = join(project, "tools", "command", `${command}.ts`);
  if (!existsSync(file)) throw new Error(`there is no command "${command}"`);
  const child = spawn(node, [file, ...args], {
    stdio: "inherit",
    env: { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter) },
  });
  process.on("SIGINT", () => {}); // the terminal sends it to the child as well
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => {
    process.exitCode = code ?? FAILED;
  });
}
