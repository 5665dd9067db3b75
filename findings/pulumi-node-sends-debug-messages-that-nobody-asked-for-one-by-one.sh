#!/usr/bin/env bash
# Guess: Pulumi's Node SDK drops its debug messages unless the CLI was called with --debug, or at most hands them over beside the real work.
# What happens: each resource costs three calls of the engine's Log service besides its registration, whatever the CLI's flags are; a message
# is sent once the one before has been answered, and the program doesn't end before the last. With an engine that takes 5 ms for a
# message, a hundred resources take over two seconds, of which their registration is a few hundredths.
# Why it matters: a preview of thousands of resources spends much of its time and memory on messages that are thrown away. Setting
# `pulumi.log.debug` to a function that does nothing ends it.
# Versions: @pulumi/pulumi 3.259.0. Source: log/index.js (`lastLog`, `rpcKeepAlive`), runtime/resource.js (`log.debug`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @pulumi/pulumi@3.259.0 @grpc/grpc-js@1.14.7 >/dev/null 2>&1
cat >program.cjs <<'JS'
const grpc = require("@grpc/grpc-js");
const engine = require("@pulumi/pulumi/proto/engine_grpc_pb.js");
const engineMessages = require("@pulumi/pulumi/proto/engine_pb.js");
const monitor = require("@pulumi/pulumi/proto/resource_grpc_pb.js");
const monitorMessages = require("@pulumi/pulumi/proto/resource_pb.js");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js");
const pulumi = require("@pulumi/pulumi");

const RESOURCES = 100;
const LOG_MS = 5;
const quiet = process.argv[2] === "quiet";

let logs = 0, atOnce = 0, mostAtOnce = 0, registrations = 0, registered = 0;
const server = new grpc.Server();
const unary = (answer) => (call, done) => answer(call.request, (reply) => done(null, reply));
server.addService(engine.EngineService, {
  log: unary((request, done) => {
    if (request.getSeverity() === engineMessages.LogSeverity.DEBUG) logs += 1;
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    setTimeout(() => { atOnce -= 1; done(new Empty()); }, LOG_MS);
  }),
  getRootResource: unary((_, done) => done(new engineMessages.GetRootResourceResponse())),
  setRootResource: unary((_, done) => done(new engineMessages.SetRootResourceResponse())),
});
server.addService(monitor.ResourceMonitorService, {
  supportsFeature: unary((_, done) => done(new monitorMessages.SupportsFeatureResponse())),
  registerResource: unary((request, done) => {
    registrations += 1;
    if (registrations === RESOURCES) registered = performance.now();
    const reply = new monitorMessages.RegisterResourceResponse();
    reply.setUrn(`urn:pulumi:stack::project::${request.getType()}::${request.getName()}`);
    reply.setId(request.getName());
    done(reply);
  }),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), async (error, port) => {
  if (error) throw error;
  const address = `127.0.0.1:${port}`;
  pulumi.runtime.resetOptions("project", "stack", 16, address, address, true, "");
  if (quiet) pulumi.log.debug = () => Promise.resolve();
  const begun = performance.now();
  for (let i = 0; i < RESOURCES; i++) new pulumi.CustomResource("test:index:Thing", `thing-${i}`, { size: i });
  await pulumi.runtime.disconnect();
  const ms = Math.round(performance.now() - begun);
  console.log(JSON.stringify({ registrations, registeredAfterMs: Math.round(registered - begun), debugMessages: logs, mostAtOnce, endedAfterMs: ms }));
  process.exit(0);
});
JS
echo "@pulumi/pulumi $(node -p 'require("@pulumi/pulumi/package.json").version'), Node $(node -v)"
loud=$(node program.cjs)
quiet=$(node program.cjs quiet)
echo "as it comes:             $loud"
echo "log.debug does nothing:  $quiet"
node -e '
const [loud, quiet] = process.argv.slice(1).map((text) => JSON.parse(text));
const holds =
  loud.registrations === 100 && quiet.registrations === 100 &&
  loud.debugMessages >= 300 && loud.mostAtOnce === 1 &&
  loud.endedAfterMs >= 5 * loud.debugMessages && quiet.debugMessages === 0 && quiet.endedAfterMs * 2 < loud.endedAfterMs;
if (!holds) { console.error("it behaves otherwise now"); process.exit(1); }
' "$loud" "$quiet"
