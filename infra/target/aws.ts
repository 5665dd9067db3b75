import { join } from "node:path";

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Deployment } from "../../components/aws/deployment.ts";
import { type ImageIds, Images } from "../../components/aws/images.ts";
import { Service } from "../../components/aws/service.ts";
import { Snapshots } from "../../components/aws/snapshots.ts";
import { Store } from "../../components/aws/store.ts";
import { architectureIn } from "../model/aws/architectures.ts";
import { planOnAws } from "../model/aws/plan.ts";
import { catalogue, endpointsOf, STATUS } from "../model/catalogue.ts";
import { connectionOf } from "../model/outputs.ts";
import type { AwsStack, AwsDeployment as Model } from "../model/stack.ts";
import { uriOf, urisOf } from "../model/uri.ts";
import { machineService } from "./machine-service.ts";

/** Declares a stack on AWS. What it returns becomes the output `deployments`. */
export function deployOnAws(stack: AwsStack): pulumi.Inputs {
  const { aws: target, deployments } = stack;
  const provider = new aws.Provider("aws", {
    region: target.region as aws.Region,
    // Nothing that changes from one run to the next: every resource would show it.
    defaultTags: { tags: { "portico:stack": target.name } },
  });
  const opts = { providers: { aws: provider } };

  const store = new Store("store", { stack: target.name }, opts);
  const snapshots = new Snapshots("snapshots", { stack: target.name }, opts);
  const images = imagesOf(stack, store, opts);
  const { template: userData, archive } = machineService();
  const service = new Service("service", { store, archive }, opts);
  return Object.fromEntries(
    deployments.map((deployment) => {
      const plan = planOnAws(deployment, target);
      const built = new Deployment(
        deployment.name,
        { target, deployment, plan, images, store, snapshots, service, userData },
        opts,
      );
      return [deployment.name, outputsOf(deployment, built)];
    }),
  );
}

function imagesOf(stack: AwsStack, store: Store, opts: pulumi.ComponentResourceOptions): ImageIds {
  const { build, region, images } = stack.aws;
  const architecture = architectureIn(stack);
  if (!build || architecture === undefined) {
    const { portal = "", ...nodes } = images;
    return { portal, nodes };
  }
  const engines = [...new Set(stack.deployments.map(({ engine }) => engine))];
  const project = join(import.meta.dirname, "../..");
  return new Images("images", { store, region, project, architecture, engines }, opts);
}

function outputsOf(deployment: Model, { authority, password, portals }: Deployment): pulumi.Inputs {
  const { name, engine, version, user, database } = deployment;
  const row = catalogue[engine];
  const addresses = pulumi.all(portals.map(({ ipv4 }) => ipv4));
  const caFile = `${name}-ca.pem`;
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
    saveCa: `pulumi stack output deployments --json --show-secrets | jq -r '.["${name}"].ca' > ${caFile}`,
    portals: portals.map(({ ipv4, ipv6 }, index) => ({
      name: `${name}-portal-${index + 1}`,
      address: ipv4,
      addressV6: ipv6,
      status: pulumi.interpolate`http://${ipv4}:${STATUS}/status`,
    })),
  };
}
