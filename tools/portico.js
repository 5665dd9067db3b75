#!/usr/bin/env node
// `npx portico …`: plain JavaScript for the Node of a fresh machine, like run.js, which finds the Node and the packages for it.
process.argv.splice(2, 0, "portico");
await import("./run.js");
