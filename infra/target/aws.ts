import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Deployment } from "../../components/aws/deployment.ts";
import { Service } from "../../components/aws/service.ts";
import { Snapshots } from "../../components/aws/snapshots.ts";
import { Store } from "../../components/aws/store.ts";
import { addressMapsOf, isPerNode } from "../model/address-map.ts";
import type { AwsPlan } from "../model/aws/plan.ts";
import { planOnAws } from "../model/aws/plan.ts";
import { catalogue, endpointsOf, STATUS } from "../model/catalogue.ts";
import { connectionOf } from "../model/outputs.ts";
import type { AwsStack, AwsDeployment as Model } from "../model/stack.ts";
import { uriOf, urisOf } from "../model/uri.ts";
import { machineService } from "./machine-service.ts";

/** Declares a stack on AWS. What it returns becomes the output `deployments`. */
export function deployOnAws({ aws: target, deployments }: AwsStack): pulumi.Inputs {
  const provider = new aws.Provider("aws", {
    region: target.region as aws.Region,
    // Nothing that changes from one run to the next: every resource would show it.
    defaultTags: { tags: { "portico:stack": target.name } },
  });
  const opts = { providers: { aws: provider } };

  const store = new Store("store", { stack: target.name }, opts);
  const snapshots = new Snapshots("snapshots", { stack: target.name }, opts);
  const { template: userData, archive } = machineService();
  const service = new Service("service", { store, archive }, opts);
  return Object.fromEntries(
    deployments.map((deployment) => {
      const plan = planOnAws(deployment, target);
      const built = new Deployment(
        deployment.name,
        { target, deployment, plan, store, snapshots, service, userData },
        opts,
      );
      return [deployment.name, outputsOf(deployment, plan, built)];
    }),
  );
}

function outputsOf(
  deployment: Model,
  { nodes }: AwsPlan,
  { authority, password, portals }: Deployment,
): pulumi.Inputs {
  const { name, engine, version, user, database } = deployment;
  const row = catalogue[engine];
  const addresses = pulumi.all(portals.map(({ ipv4 }) => ipv4));
  const caFile = `${name}-ca.pem`;
  const maps = addresses.apply((all) =>
    addressMapsOf(deployment, nodes, ({ port }) => all.map((host) => ({ host, port }))),
  );
  return {
    engine,
    version,
    endpoints: Object.fromEntries(
      endpointsOf(deployment).map((endpoint) => {
        const { port } = endpoint;
        const hosts = addresses.apply((all) => all.map((host) => ({ host, port })));
        const connection = pulumi.all([hosts, password]).apply(([hosts, password]) => ({
          ...connectionOf(deployment, hosts, endpoint, caFile),
          password,
        }));
        const uri = connection.apply((connection) => uriOf(row, connection));
        const uris = connection.apply((connection) => urisOf(row, connection));
        return [endpoint.name, { uri, uris, hosts }];
      }),
    ),
    user,
    password,
    database,
    ca: authority,
    ...(isPerNode(deployment) && {
      addressMap: maps.addressMap,
      addressMaps: maps.addressMaps,
    }),
    saveCa: `pulumi stack output deployments --json --show-secrets | jq -r '.["${name}"].ca' > ${caFile}`,
    portals: portals.map(({ ipv4, ipv6 }, index) => ({
      name: `${name}-portal-${index + 1}`,
      address: ipv4,
      addressV6: ipv6,
      status: pulumi.interpolate`http://${ipv4}:${STATUS}/status`,
    })),
  };
}
