import { join } from "node:path";

import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { Deployment } from "../../components/aws/deployment.ts";
import { type ImageIds, Images } from "../../components/aws/images.ts";
import { Snapshots } from "../../components/aws/snapshots.ts";
import { Service, Store } from "../../components/aws/store.ts";
import { endpointsOf, SSH, STATUS, trustStoreFor } from "../../engines/table.ts";
import { addressMapsOf, isPerNode } from "../model/address-map.ts";
import type { AwsPlan } from "../model/aws-plan.ts";
import { planOnAws } from "../model/aws-plan.ts";
import { architectureIn } from "../model/collisions.ts";
import { connectionOf, endpointOutput, identityOf, sshOutput } from "../model/outputs.ts";
import type { AwsStack, AwsDeployment as Model } from "../model/stack.ts";
import { declareEach } from "./declare-each.ts";
import { fillImageFolders } from "./image-folders.ts";
import { machineService } from "./machine-service.ts";

/** Declares a stack on AWS. What it returns becomes the output `deployments`. */
export async function deployOnAws(stack: AwsStack): Promise<pulumi.Inputs> {
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
    await declareEach(deployments, (deployment, noted) => {
      const plan = planOnAws(deployment, target);
      const built = new Deployment(
        deployment.name,
        { target, deployment, plan, images, store, snapshots, service, userData },
        { ...opts, ...noted },
      );
      return [deployment.name, outputsOf(deployment, plan, built)];
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
  fillImageFolders(project, engines);
  return new Images("images", { store, region, project, architecture, engines }, opts);
}

function outputsOf(
  deployment: Model,
  { nodes }: AwsPlan,
  { authority, password, portals, hostKeys }: Deployment,
): pulumi.Inputs {
  const { name } = deployment;
  const addresses = pulumi.all(portals.map(({ ipv4 }) => ipv4));
  const caFile = `${name}-ca.pem`;
  const maps = addresses.apply((all) =>
    addressMapsOf(deployment, nodes, ({ port }) => all.map((host) => ({ host, port }))),
  );
  return {
    ...identityOf(deployment),
    endpoints: Object.fromEntries(
      endpointsOf(deployment).map((endpoint) => {
        const { port } = endpoint;
        const hosts = addresses.apply((all) => all.map((host) => ({ host, port })));
        const output = pulumi
          .all([hosts, password, authority, maps])
          .apply(([hosts, password, ca, { addressMap }]) => {
            const known = connectionOf(deployment, hosts, endpoint, caFile);
            const map = isPerNode(deployment) ? addressMap : undefined;
            return endpointOutput(deployment, { ...known, password, ca }, map);
          });
        return [endpoint.name, output];
      }),
    ),
    password,
    ca: authority,
    ...trustStoreFor(deployment.engine, caFile),
    ...(isPerNode(deployment) && {
      addressMap: maps.addressMap,
      addressMaps: maps.addressMaps,
    }),
    saveCa: `pulumi stack output deployments --json --show-secrets | jq -r '.["${name}"].ca' > ${caFile}`,
    ...sshOutput(
      deployment,
      portals.flatMap(({ ipv4: host }, index) => {
        const hostKey = hostKeys[index];
        return hostKey === undefined ? [] : [{ host, port: SSH, hostKey }];
      }),
    ),
    portals: portals.map(({ ipv4, ipv6 }, index) => ({
      name: `${name}-portal-${index + 1}`,
      address: ipv4,
      addressV6: ipv6,
      status: pulumi.interpolate`http://${ipv4}:${STATUS}/status`,
    })),
  };
}
