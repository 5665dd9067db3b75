// A stand-in for a Pulumi plugin: serves resource types over gRPC, with the engine's own messages.
import { createRequire } from "node:module";

import grpc from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

import { exitWithParent } from "../../../infra/provider/orphan.ts";
import type { Change, Failure, Kind, State } from "./kind.ts";
import { changes, mistakes, readProperties, UNKNOWN, writeProperties } from "./kind.ts";

const require = createRequire(import.meta.url);

/** Serves `kinds`, by type token, as the plugin of `packageName`, whose SDK says which version it stands in for. */
export function serveProvider(packageName: string, kinds: Readonly<Record<string, Kind>>): void {
  const version: string = require(`${packageName}/package.json`).version;
  const cancelled = new AbortController();
  const kindOf = (urn: string): Kind => {
    const type = typeOf(urn);
    const kind = kinds[type];
    if (!kind) throw new Error(`this stand-in for ${packageName} has no ${type}`);
    return kind;
  };
  serve(services.ResourceProviderService, {
    getPluginInfo: method(async () => new plugins.PluginInfo().setVersion(version)),
    checkConfig: method(async (request: CheckRequest) => {
      const { values } = readProperties(request.getNews());
      const failures = Object.keys(values).filter((name) => name !== "version");
      return checked(
        request,
        failures.map((property) => ({ property, reason: "not understood" })),
      );
    }),
    diffConfig: method(async () =>
      new messages.DiffResponse().setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE),
    ),
    configure: method(async () =>
      new messages.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true),
    ),
    check: method((request: CheckRequest) => check(kindOf(request.getUrn()), request)),
    diff: method(async (request: DiffRequest) => diff(kindOf(request.getUrn()), request)),
    create: method((request: CreateRequest) =>
      create(kindOf(request.getUrn()), request, cancelled.signal),
    ),
    read: method((request: ReadRequest) => read(kindOf(request.getUrn()), request)),
    update: method((request: UpdateRequest) => update(kindOf(request.getUrn()), request)),
    delete: method(async (request: DeleteRequest) => {
      const { values } = readProperties(request.getProperties());
      await kindOf(request.getUrn()).remove(request.getId(), values);
      return new empty.Empty();
    }),
    cancel: method(async () => {
      cancelled.abort(new Error("the run was cancelled"));
      return new empty.Empty();
    }),
  });
}

async function check(kind: Kind, request: CheckRequest) {
  const { values, secrets } = readProperties(request.getNews());
  const failures = mistakes(kind.inputs, values);
  if (failures.length > 0 || !kind.normalise) return checked(request, failures);
  const inputs = writeProperties({ values: await kind.normalise(values), secrets });
  return new messages.CheckResponse().setInputs(inputs);
}

function diff(kind: Kind, request: DiffRequest) {
  const found = changes(
    kind,
    {
      before: readProperties(request.getOldInputs()).values,
      after: readProperties(request.getNews()).values,
      state: readProperties(request.getOlds()).values,
    },
    new Date(),
  );
  return different(found, kind.deleteBeforeReplace ?? false);
}

async function create(kind: Kind, request: CreateRequest, cancelled: AbortSignal) {
  const { values, secrets } = readProperties(request.getProperties());
  const write = (outputs: State) =>
    writeProperties({
      values: { ...values, ...outputs },
      secrets: new Set([...secrets, ...(kind.secrets ?? [])]),
    });
  if (request.getPreview()) {
    return new messages.CreateResponse().setProperties(write(unknownOutputs(kind)));
  }
  const { id, outputs } = await kind.create(kind.inputs.parse(values), cancelled);
  return new messages.CreateResponse().setId(id).setProperties(write(outputs));
}

async function read(kind: Kind, request: ReadRequest) {
  const { values, secrets } = readProperties(request.getProperties());
  const found = await kind.read(request.getId(), values);
  if (!found) return new messages.ReadResponse();
  return new messages.ReadResponse()
    .setId(request.getId())
    .setInputs(request.getInputs())
    .setProperties(writeProperties({ values: { ...values, ...found }, secrets }));
}

async function update(kind: Kind, request: UpdateRequest) {
  const wanted = readProperties(request.getNews());
  const old = readProperties(request.getOlds());
  const secrets = new Set([...wanted.secrets, ...(kind.secrets ?? [])]);
  const kept = Object.fromEntries(
    kind.computed.filter((name) => name in old.values).map((name) => [name, old.values[name]]),
  );
  if (request.getPreview()) {
    const outputs = kind.updateComputes ? unknownOutputs(kind) : kept;
    return new messages.UpdateResponse().setProperties(
      writeProperties({ values: { ...wanted.values, ...outputs }, secrets }),
    );
  }
  const inputs = kind.inputs.parse(wanted.values);
  const outputs = await kind.update(request.getId(), inputs, old.values);
  return new messages.UpdateResponse().setProperties(
    writeProperties({ values: { ...kept, ...wanted.values, ...outputs }, secrets }),
  );
}

function unknownOutputs(kind: Kind): State {
  return Object.fromEntries(kind.computed.map((name) => [name, UNKNOWN]));
}

/** The type token at the end of a URN. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

export function checked(request: CheckRequest, failures: readonly Failure[]) {
  return new messages.CheckResponse()
    .setInputs(request.getNews())
    .setFailuresList(
      failures.map(({ property, reason }) =>
        new messages.CheckFailure().setProperty(property).setReason(reason),
      ),
    );
}

/** A change's `property` may be a path; what the engine calls a replacement's reason is the name that the path begins with. */
export function different(changes: readonly Change[], deleteBeforeReplace: boolean) {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const names = (some: readonly Change[]) => [...new Set(some.map(firstName))];
  const response = new messages.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(names(changes.filter(({ replaces }) => replaces)))
    .setDiffsList(names(changes))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const change of changes) response.getDetaileddiffMap().set(change.property, detail(change));
  return response;
}

function firstName({ property }: Change): string {
  return property.split(/[.[]/, 1)[0] ?? property;
}

function detail({ kind, replaces }: Change) {
  const { Kind: Kinds } = messages.PropertyDiff;
  const [inPlace, replacing] = {
    add: [Kinds.ADD, Kinds.ADD_REPLACE],
    delete: [Kinds.DELETE, Kinds.DELETE_REPLACE],
    update: [Kinds.UPDATE, Kinds.UPDATE_REPLACE],
  }[kind];
  return new messages.PropertyDiff()
    .setKind((replaces ? replacing : inPlace) ?? Kinds.UPDATE)
    .setInputdiff(true);
}

const LARGEST_MESSAGE = 400 * 1024 * 1024;

/** Serves one of Pulumi's gRPC services and prints the port, which is how the CLI finds a plugin. */
export function serve(
  service: grpc.ServiceDefinition,
  methods: grpc.UntypedServiceImplementation,
): void {
  const server = new grpc.Server({ "grpc.max_receive_message_length": LARGEST_MESSAGE });
  server.addService(service, methods);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
  process.on("SIGINT", () => process.exit(0)); // the CLI's farewell; a person's Ctrl-C reaches the CLI alone
  exitWithParent();
}

/** A gRPC method from an async function; what it throws reaches the person as one message. */
export function method<Request, Response>(answer: (request: Request) => Promise<Response>) {
  return (
    call: grpc.ServerUnaryCall<Request, Response>,
    reply: grpc.sendUnaryData<Response>,
  ): void => {
    answer(call.request).then(
      (response) => reply(null, response),
      (error: unknown) =>
        reply({
          code: grpc.status.UNKNOWN,
          details: error instanceof Error ? error.message : String(error),
        }),
    );
  };
}
