#!/usr/bin/env bash
# Guess: dockerode's demuxStream() takes what the engine's API answers for a container's log, in whatever chunks it comes: without
# `follow`, dockerode gives the whole log as one Buffer.
# What happens: it calls itself twice for each line of a chunk, so that a chunk of 10,000 short lines ends in "Maximum call stack size
# exceeded". The error comes out of the stream's write, not as an error of the stream, and what was read before it is all that is given.
# Version: docker-modem 5.0.7 (dockerode's), Node 20. Source: processData() in its lib/modem.js, read and tried.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . docker-modem@5.0.7
cat > try.cjs <<'JS'
const Modem = require("docker-modem");
const { PassThrough } = require("node:stream");
console.log(`docker-modem ${require("docker-modem/package.json").version}, Node ${process.version}`);

// As the API's "stream format" has it: 1 is standard output, then four bytes of length.
const piece = (text) => {
  const header = Buffer.alloc(8);
  header.writeUInt8(1, 0);
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

function linesRead(lines) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let read = 0;
  output.on("data", (chunk) => { read += chunk.toString().split("\n").length - 1; });
  new Modem({ socketPath: "/nowhere" }).demuxStream(input, output, output);
  return new Promise((resolve) => {
    process.once("uncaughtException", (error) => resolve(`${error.message}, after ${read} lines`));
    input.once("end", () => setImmediate(() => resolve(`${read} lines`)));
    try {
      input.end(Buffer.concat(Array.from({ length: lines }, (_, n) => piece(`line ${n}\n`))));
    } catch (error) {
      resolve(`${error.message}, after ${read} lines`);
    }
  });
}

(async () => {
  const [few, many] = [await linesRead(1000), await linesRead(10000)];
  console.log(`1000 lines in one chunk: ${few}`);
  console.log(`10000 lines in one chunk: ${many}`);
  process.exit(few === "1000 lines" && /^Maximum call stack/.test(many) ? 0 : 1);
})();
JS
timeout 60 node try.cjs
