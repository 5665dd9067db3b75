// Pulumi's SDK keeps much for debugging itself: a stack trace for each of the dozens of promises of a resource, and three debug messages for
// each resource, which are sent to the engine one after the other. Together they are two thirds of the program's time in a large preview.
// They are off here, unless PORTICO_DEBUG is set. Imported first, before any resource is declared.
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";

interface Debuggable {
  debuggablePromise<T>(promise: Promise<T>, context?: unknown): Promise<T>;
}
interface State {
  getStore(): { readonly leakCandidates: Set<Promise<unknown>> };
}
interface Log {
  debug(message: string): Promise<void>;
}

// The SDK's modules are CommonJS and call each other through their exports, which can be replaced.
const require = createRequire(import.meta.url);

if (!process.env.PORTICO_DEBUG) {
  // Pulumi's runner reads each stack trace through source maps. Node strips types in place, so that lines are right without.
  Reflect.deleteProperty(Error, "prepareStackTrace");
  withoutDebugMessages(require("@pulumi/pulumi/log/index.js"));
  withoutStackTraces(
    require("@pulumi/pulumi/runtime/debuggable.js"),
    require("@pulumi/pulumi/runtime/state.js"),
  );
}

// V8 lets a heap grow to three times of what lives in it before it collects the whole; here to 1.4 times.
setFlagsFromString("--heap-growing-percent=40");

function withoutDebugMessages(log: Log): void {
  log.debug = () => Promise.resolve();
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
