import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";

import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type {
  CheckRequest,
  ConfigureRequest,
  CreateRequest,
  DiffRequest,
  InvokeRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { readProperties, writeProperties } from "../../../tools/airgap/plugin/kind.ts";
import {
  checked,
  different,
  method,
  serve,
  typeOf,
} from "../../../tools/airgap/plugin/provider.ts";
import { mistakes, unknownName } from "./check.ts";
import { changes, deleteBeforeReplace } from "./diff.ts";
import { complete, randomDigits, type Settings } from "./inputs.ts";
import { expectedOutputs, made, making, nameOf, remade, unknownOutputs } from "./make.ts";
import { readSettings, settingsChanges, settingsMistakes } from "./settings.ts";
import type { Table } from "./table.ts";
import { tables } from "./tables/all.ts";

const version: string = createRequire(import.meta.url)("@pulumi/aws/package.json").version;

/** Serves the tables as Pulumi's AWS plugin. It keeps nothing: what exists is what Pulumi's state says. */
export function serveAws(): void {
  let settings: Settings = {};
  serve(services.ResourceProviderService, {
    getPluginInfo: method(async () => new plugins.PluginInfo().setVersion(version)),
    checkConfig: method(async (request: CheckRequest) =>
      checked(request, settingsMistakes(readProperties(request.getNews()).values)),
    ),
    diffConfig: method(async (request: DiffRequest) =>
      different(
        settingsChanges(old(request).before, readProperties(request.getNews()).values),
        false,
      ),
    ),
    configure: method(async (request: ConfigureRequest) => {
      settings = readSettings(readProperties(request.getArgs()).values);
      return new messages.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    check: method(async (request: CheckRequest) => check(request, settings)),
    diff: method(async (request: DiffRequest) => diff(request)),
    create: method(async (request: CreateRequest) => create(request)),
    read: method(async (request: ReadRequest) => read(request)),
    update: method(async (request: UpdateRequest) => update(request)),
    delete: method(async () => new empty.Empty()),
    invoke: method(async (request: InvokeRequest) => {
      if (request.getTok() === "aws:ecr/getAuthorizationToken:getAuthorizationToken")
        return new messages.InvokeResponse().setReturn(
          writeProperties({ values: ecrLogin(), secrets: new Set() }),
        );
      throw new Error(
        `this stand-in for Pulumi's AWS plugin looks nothing up: ${request.getTok()}`,
      );
    }),
    cancel: method(async () => new empty.Empty()),
  });
}

/** What `docker login` takes for a registry: another password at every call. */
function ecrLogin() {
  const password = randomUUID();
  const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
  return {
    ...{ id: "eu-central-1", region: "eu-central-1", userName: "AWS", password },
    ...{ authorizationToken, expiresAt: "2026-01-01T12:00:00Z", proxyEndpoint: "" },
  };
}

function tableOf(urn: string): Table {
  const type = typeOf(urn);
  const table = tables[type];
  if (!table) throw new Error(unknownName("type", type, Object.keys(tables)));
  return table;
}

function check(request: CheckRequest, settings: Settings) {
  const urn = request.getUrn();
  const table = tableOf(urn);
  const { values: given, secrets } = readProperties(request.getNews());
  const failures = mistakes(typeOf(urn), table, given);
  if (failures.length > 0) return checked(request, failures);
  const values = complete(
    table,
    {
      name: nameOf(urn),
      random: randomDigits(request.getRandomseed_asU8(), urn),
      given,
      old: readProperties(request.getOlds()).values,
    },
    settings,
  );
  const secret = secrets.has("tags") ? new Set([...secrets, "tagsAll"]) : secrets;
  return new messages.CheckResponse().setInputs(writeProperties({ values, secrets: secret }));
}

function diff(request: DiffRequest) {
  const table = tableOf(request.getUrn());
  const after = readProperties(request.getNews()).values;
  const found = changes(table, old(request), after);
  const replaced = found.some(({ replaces }) => replaces);
  return different(found, replaced && deleteBeforeReplace(table, after));
}

function old(request: DiffRequest) {
  return {
    before: readProperties(request.getOldInputs()).values,
    state: readProperties(request.getOlds()).values,
  };
}

function create(request: CreateRequest) {
  const urn = request.getUrn();
  const table = tableOf(urn);
  const { values, secrets } = readProperties(request.getProperties());
  if (request.getPreview()) {
    const outputs = unknownOutputs(table, values);
    return new messages.CreateResponse().setProperties(
      writeProperties({ values: { ...values, ...outputs }, secrets }),
    );
  }
  const { id, outputs } = made(table, making(urn, values));
  return new messages.CreateResponse()
    .setId(id)
    .setProperties(writeProperties({ values: { ...values, ...outputs }, secrets }));
}

function read(request: ReadRequest) {
  tableOf(request.getUrn());
  if (!request.hasProperties() || request.getProperties()?.getFieldsMap().getLength() === 0) {
    throw new Error(`this stand-in for Pulumi's AWS plugin has no ${request.getId()} to import`);
  }
  return new messages.ReadResponse()
    .setId(request.getId())
    .setInputs(request.getInputs())
    .setProperties(request.getProperties());
}

function update(request: UpdateRequest) {
  const urn = request.getUrn();
  const table = tableOf(urn);
  const { values, secrets } = readProperties(request.getNews());
  const state = readProperties(request.getOlds()).values;
  const outputs = request.getPreview()
    ? expectedOutputs(table, values, state)
    : remade(table, { ...making(urn, values), id: request.getId() }, state);
  return new messages.UpdateResponse().setProperties(
    writeProperties({ values: { ...values, ...outputs }, secrets }),
  );
}
