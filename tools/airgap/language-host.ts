// Stands in for Pulumi's Node language host where the real one can't be had: starts the program with Pulumi's own runner.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";

import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";

import { exitWithParent } from "../../infra/provider/orphan.ts";
import { method, serve } from "./plugin/provider.ts";

const require = createRequire(import.meta.url);
const version: string = require("@pulumi/pulumi/package.json").version;
const engine = process.argv.at(-1) ?? "";

/** What the runner exits with after an error that it has already shown. */
const SHOWN = 32;

const programs = new Set<ChildProcess>();
exitWithParent(() => {
  for (const program of programs) program.kill();
});

serve(services.LanguageRuntimeService, {
  handshake: method(async () => new messages.LanguageHandshakeResponse()),
  getPluginInfo: method(async () => new plugins.PluginInfo().setVersion(version)),
  getRequiredPackages: method(async () => new messages.GetRequiredPackagesResponse()),
  getRequiredPlugins: method(async () => new messages.GetRequiredPluginsResponse()),
  run,
});

function run(
  { request }: ServerUnaryCall<RunRequest, InstanceType<typeof messages.RunResponse>>,
  reply: sendUnaryData<InstanceType<typeof messages.RunResponse>>,
): void {
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const program = spawn(process.execPath, runnerArguments(request), {
    cwd: directory,
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      PULUMI_NODEJS_TYPESCRIPT: "false",
    },
    stdio: ["ignore", "inherit", "inherit"],
  });
  programs.add(program);
  program.on("error", (error) => reply(error));
  program.on("exit", (code, signal) => {
    programs.delete(program);
    const response = new messages.RunResponse();
    if (code === SHOWN) response.setBail(true);
    else if (code !== 0) response.setError(`The program ended with ${signal ?? `code ${code}`}`);
    reply(null, response);
  });
}

function runnerArguments(request: RunRequest): string[] {
  const info = request.getInfo();
  const options: Record<string, string | undefined> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    pwd: info?.getProgramDirectory(),
    "root-directory": info?.getRootDirectory(),
    parallel: request.getParallel() ? String(request.getParallel()) : undefined,
  };
  return [
    require.resolve("@pulumi/pulumi/cmd/run"),
    ...Object.entries(options).flatMap(([name, value]) => (value ? [`--${name}`, value] : [])),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() ?? ".",
  ];
}
