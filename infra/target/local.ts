import { join, resolve } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { paths } from "../../components/local/container.ts";
import { Deployment } from "../../components/local/deployment.ts";
import { Images } from "../../components/local/images.ts";
import { PublicNetwork } from "../../components/local/networks.ts";
import { endpointsOf, trustStoreFor } from "../../engines/table.ts";
import { addressMapsOf, isPerNode } from "../model/address-map.ts";
import {
  connectionOf,
  endpointHosts,
  endpointOutput,
  identityOf,
  portalOutputs,
  sshOutput,
} from "../model/outputs.ts";
import type { LocalPlan } from "../model/plan.ts";
import { planDeployment, planPublicNetwork } from "../model/plan.ts";
import type { LocalStack, LocalDeployment as Model } from "../model/stack.ts";
import { declareEach } from "./declare-each.ts";
import { fillImageFolders } from "./image-folders.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

/** Declares a stack of containers on this machine. What it returns becomes the output `deployments`. */
export async function deployLocally({ local, deployments }: LocalStack): Promise<pulumi.Inputs> {
  const engines = [...new Set(deployments.map(({ engine }) => engine))];
  fillImageFolders(PROJECT, engines);
  const images = new Images("images", {
    stack: local.name,
    base: local.base,
    project: PROJECT,
    engines,
  });
  const publicNetwork = new PublicNetwork("public", {
    plan: planPublicNetwork(local),
    stack: local.name,
  });
  return Object.fromEntries(
    await declareEach(deployments, (deployment, noted) => {
      const { name } = deployment;
      const plan = planDeployment(deployment, local);
      const path = join(PROJECT, ".portico", pulumi.getStack(), name);
      const built = new Deployment(
        name,
        { stack: local.name, deployment, plan, path, images, publicNetwork },
        noted,
      );
      return [name, outputsOf(deployment, plan, built, paths.authority(path))];
    }),
  );
}

function outputsOf(
  deployment: Model,
  plan: LocalPlan,
  { authority, password, hostKeys }: Deployment,
  caFile: string,
): pulumi.Inputs {
  const maps = isPerNode(deployment)
    ? addressMapsOf(deployment, plan.nodes, ({ name }) => endpointHosts(plan, name))
    : undefined;
  return {
    ...identityOf(deployment),
    endpoints: Object.fromEntries(
      endpointsOf(deployment).map((endpoint) => {
        const hosts = endpointHosts(plan, endpoint.name);
        const known = connectionOf(deployment, hosts, endpoint, caFile);
        const output = pulumi
          .all([password, authority])
          .apply(([password, ca]) =>
            endpointOutput(deployment, { ...known, password, ca }, maps?.addressMap),
          );
        return [endpoint.name, output];
      }),
    ),
    password,
    ca: authority,
    ...trustStoreFor(deployment.engine, caFile),
    ...sshOutput(
      deployment,
      endpointHosts(plan, "ssh").flatMap((at, index) => {
        const hostKey = hostKeys[index];
        return hostKey === undefined ? [] : [{ ...at, hostKey }];
      }),
    ),
    ...maps,
    portals: portalOutputs(plan),
  };
}
