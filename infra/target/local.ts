import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { Deployment } from "../../components/local/deployment.ts";
import { Images } from "../../components/local/images.ts";
import { paths } from "../../components/local/placement.ts";
import { PublicNetwork } from "../../components/local/public-network.ts";
import { bundleAgent } from "../../proxy-image/bundle.ts";
import { bundleStandIn } from "../../tools/airgap/engines/bundle.ts";
import { catalogue, endpointsOf } from "../model/catalogue.ts";
import { connectionOf, endpointHosts, portalOutputs } from "../model/outputs.ts";
import type { LocalPlan } from "../model/plan.ts";
import { planDeployment, planPublicNetwork } from "../model/plan.ts";
import type { LocalStack, LocalDeployment as Model } from "../model/stack.ts";
import { uriOf, urisOf } from "../model/uri.ts";
import { lendTrust } from "./trust.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

/** Declares a stack of containers on this machine. What it returns becomes the output `deployments`. */
export function deployLocally({ local, deployments }: LocalStack): pulumi.Inputs {
  // The portal's image takes the agent as one file.
  bundleAgent();
  const engines = [...new Set(deployments.map(({ engine }) => engine))];
  for (const engine of engines) {
    bundleStandIn(engine);
    const folder = join(PROJECT, "node-image", engine);
    if (existsSync(join(folder, "trust"))) lendTrust(folder);
  }
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
    deployments.map((deployment) => {
      const { name } = deployment;
      const plan = planDeployment(deployment, local);
      const path = join(PROJECT, ".portico", pulumi.getStack(), name);
      const built = new Deployment(name, {
        ...{ stack: local.name, deployment, plan, path, images, publicNetwork },
      });
      return [name, outputsOf(deployment, plan, built, paths.authority(path))];
    }),
  );
}

function outputsOf(
  deployment: Model,
  plan: LocalPlan,
  { authority, password }: Deployment,
  caFile: string,
): pulumi.Inputs {
  const { engine, version, user, database } = deployment;
  const row = catalogue[engine];
  return {
    engine,
    version,
    endpoints: Object.fromEntries(
      endpointsOf(deployment).map((endpoint) => {
        const hosts = endpointHosts(plan, endpoint.name);
        const known = connectionOf(deployment, hosts, endpoint, caFile);
        const uri = password.apply((secret) => uriOf(row, { ...known, password: secret }));
        const uris = password.apply((secret) => urisOf(row, { ...known, password: secret }));
        return [endpoint.name, { uri, uris, hosts }];
      }),
    ),
    user,
    password,
    database,
    ca: authority,
    portals: portalOutputs(plan),
  };
}
