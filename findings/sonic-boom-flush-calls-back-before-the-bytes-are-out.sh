#!/usr/bin/env bash
# Guess: the callback of SonicBoom's flush() comes when all that was written before is with the file descriptor, so that a
# program may end then without losing a line.
# What happens: with the default minLength of 0 it comes at once, with all of it still in memory. Only end() waits.
# Version: sonic-boom 4.2.1 (what pino writes with). Source: its flush(), which returns early where minLength is 0 or less.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . sonic-boom@4.2.1
mkfifo pipe
cat > try.cjs <<'JS'
const fs = require("node:fs");
const { SonicBoom } = require("sonic-boom");
const fd = fs.openSync("pipe", fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
// Nobody reads: a pipe takes 64 KiB, the rest has to wait.
const stream = new SonicBoom({ fd, sync: false });
let out = 0;
stream.on("write", (bytes) => { out += bytes; });
const size = 1 << 20;
stream.write("x".repeat(size));
const deadline = setTimeout(() => end("not called within 10 s"), 10_000);
stream.flush((error) => end(error ? `failed: ${error.message}` : "called, without an error"));
function end(how) {
  clearTimeout(deadline);
  console.log(`sonic-boom ${require("sonic-boom/package.json").version}, Node ${process.version}`);
  console.log(`flush's callback: ${how}; written then: ${out} of ${size} bytes`);
  process.exit(how.startsWith("called") && out < size ? 0 : 1);
}
JS
timeout 30 node try.cjs
