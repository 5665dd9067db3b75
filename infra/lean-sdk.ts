// Pulumi's SDK does much that this program has no use for, and a large preview pays for it with each resource: a stack trace for each of the
// dozens of promises of a resource; three debug messages, which are sent to the engine one after the other; an output, which is twenty promises,
// for each property of each resource, of which hardly any is ever read. And it loads TypeScript and npm's own library, to send functions to a cloud.
// Traces and messages come back with PORTICO_DEBUG. Imported first, by the program and by the guard, which runs it too.
import type { Session } from "node:inspector";
import { createRequire, Module } from "node:module";

interface Debuggable {
  debuggablePromise<T>(promise: Promise<T>, context?: unknown): Promise<T>;
}
interface State {
  getStore(): { readonly leakCandidates: Set<Promise<unknown>> };
}
interface Log {
  debug(message: string): Promise<void>;
}
type Settle = (...outcome: unknown[]) => void;
interface Hooks {
  getSessionAsync(): Promise<Session>;
}
interface Rpc {
  /** Gives the resource an output for each of `props`, and returns how each is settled. */
  transferProperties(onto: object, label: string, props: object): Record<string, Settle>;
}

// The SDK's modules are CommonJS and call each other through their exports, which can be replaced.
const require = createRequire(import.meta.url);

loadedOnceUsed("automation/index.js");
loadedOnceUsed(
  "runtime/closure/serializeClosure.js",
  "serializeFunction",
  "serializeFunctionAsync",
);
loadedOnceUsed("runtime/closure/codePaths.js", "computeCodePaths");

if (!process.env.PORTICO_DEBUG) {
  // Pulumi's runner reads each stack trace through source maps. Node strips types in place, so that lines are right without.
  Reflect.deleteProperty(Error, "prepareStackTrace");
  withoutDebugMessages(require("@pulumi/pulumi/log/index.js"));
  withoutPositions(require("@pulumi/pulumi/resource.js"));
  withoutStackTraces(
    require("@pulumi/pulumi/runtime/debuggable.js"),
    require("@pulumi/pulumi/runtime/state.js"),
  );
}
outputsOnceRead(require("@pulumi/pulumi/runtime/rpc.js"));
await withoutDebugger(require.resolve("@pulumi/pulumi/runtime/closure/v8Hooks.js"));

/** Puts a stand-in for a module of the SDK in its place. `functions`: those of its exports that are read while the SDK loads. */
function loadedOnceUsed(name: string, ...functions: readonly string[]): void {
  const file = require.resolve(`@pulumi/pulumi/${name}`);
  if (file in require.cache) return;
  const load = () => {
    if (require.cache[file] === standIn) delete require.cache[file];
    return require(file);
  };
  const known = new Map<PropertyKey, unknown>([
    ["__esModule", true],
    ...functions.map((name) => [name, (...args: unknown[]) => load()[name](...args)] as const),
  ]);
  const standIn = Object.assign(new Module(file), {
    loaded: true,
    exports: new Proxy({}, { get: (_, key) => (known.has(key) ? known.get(key) : load()[key]) }),
  });
  require.cache[file] = standIn;
}

/** Pulumi's runner attaches V8's debugger, to know where a function that is to be sent stands. Every promise is slower under it. */
async function withoutDebugger(hooks: string): Promise<void> {
  if (!(hooks in require.cache)) return;
  const session = await (require(hooks) as Hooks).getSessionAsync();
  session.post("Debugger.disable");
}

function withoutDebugMessages(log: Log): void {
  log.debug = () => Promise.resolve();
}

/** Where in the program each resource is declared, with all its callers: the engine would keep that, and show it to nobody. */
function withoutPositions({ Resource }: { readonly Resource: { stackTrace(): unknown[] } }): void {
  Resource.stackTrace = () => [];
}

/** Keeps the check at the program's end for promises that never settled: a resource that waits for itself would be left out in silence. */
function withoutStackTraces(debuggable: Debuggable, state: State): void {
  // The original installs that check when it is first called.
  void debuggable.debuggablePromise(Promise.resolve());
  debuggable.debuggablePromise = (promise) => {
    const open = state.getStore().leakCandidates;
    open.add(promise);
    const settled = () => open.delete(promise);
    promise.then(settled, settled);
    return promise;
  };
}

/** The SDK makes a property's output when somebody reads it, and settles it with what was known by then or comes later. */
function outputsOnceRead(rpc: Rpc): void {
  const original = rpc.transferProperties;
  rpc.transferProperties = (onto, label, props) => {
    const names = Object.keys(props).filter((name) => name !== "id" && name !== "urn");
    // The original refuses these.
    if (names.some((name) => Object.hasOwn(onto, name))) return original(onto, label, props);
    return Object.fromEntries(names.map((name) => [name, outputOnceRead(name)]));

    function outputOnceRead(name: string): Settle {
      let outcome: unknown[] | undefined;
      let settle: Settle | undefined;
      const make = (): unknown => {
        Reflect.deleteProperty(onto, name);
        settle = original(onto, label, { [name]: Reflect.get(props, name) })[name];
        if (outcome !== undefined) settle?.(...outcome);
        return Reflect.get(onto, name);
      };
      Object.defineProperty(onto, name, { configurable: true, enumerable: true, get: make });
      return (...given) => {
        outcome = given;
        settle?.(...given);
      };
    }
  };
}
