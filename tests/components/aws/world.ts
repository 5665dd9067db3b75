import type { ImageIds } from "../../../components/aws/images.ts";
import type { DeploymentContext } from "../../../components/aws/machine.ts";
import { Network } from "../../../components/aws/network.ts";
import { Store } from "../../../components/aws/store.ts";
import { Authority } from "../../../components/certificates.ts";
import { Passwords } from "../../../components/passwords.ts";
import { parseConfig } from "../../../infra/config.ts";
import { planOnAws } from "../../../infra/model/aws-plan.ts";
import type { AwsStack, AwsTarget } from "../../../infra/model/stack.ts";
import { awsConfig } from "../../aws/stack.ts";

/** The model of a stack with one deployment, `orders`, as its config says. */
export function awsStack(orders: Readonly<Record<string, unknown>> = {}): AwsStack {
  const config = awsConfig({ orders: { whitelist: { "203.0.113.0/24": "Berlin" }, ...orders } });
  const raw = Object.entries(config).map(([key, value]) => [key.replace("portico:", ""), value]);
  const { stack } = parseConfig(Object.fromEntries(raw), new Date());
  if (stack.target !== "aws") throw new Error("the config is for another target");
  return stack;
}

/** What the machines of a stack run whose config says it, instead of building it. */
export function imagesOf({ images: { portal = "", ...nodes } }: AwsTarget): ImageIds {
  return { portal, nodes };
}

/** All that a machine's component takes for granted. Only inside of `declare`. */
export function contextOf({ aws: target, deployments: [deployment] }: AwsStack): DeploymentContext {
  if (deployment === undefined) throw new Error("the stack has no deployment");
  const plan = planOnAws(deployment, target);
  const store = new Store("store", { stack: target.name });
  const { region } = target;
  return {
    images: imagesOf(target),
    ...{ target, deployment, plan, store, userData: "#!/bin/sh\necho @machine@ @bucket@" },
    network: new Network("orders", { plan, region, bucketArn: store.bucketArn }),
    authority: new Authority("orders"),
    passwords: new Passwords("orders", { rotate: 0 }),
  };
}
