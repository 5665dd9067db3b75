import { randomInt } from "node:crypto";

import { planPublicNetwork } from "../infra/model/plan.ts";
import { freePlace, withStack } from "../tests/support/cli.ts";
import { setUp } from "../tools/setup/set-up.ts";
import { type Facts, factsOf } from "./facts.ts";

const DEPLOYMENT = "orders";

/** Brings up a stack that is measured and nothing else, and takes it away afterwards. */
export async function withOwnStack(use: (facts: Facts) => Promise<void>): Promise<void> {
  const { env, baseImage } = await setUp();
  Object.assign(process.env, env, { PORTICO_BASE_IMAGE: baseImage });
  const place = await freePlace(`bench${randomInt(36 ** 3).toString(36)}`);
  const name = String(place.name);
  const { cidr } = planPublicNetwork({ ...place, name, range: String(place.range) } as never);
  const config = {
    "portico:target": "local",
    "portico:local": place,
    "portico:deployments": {
      [DEPLOYMENT]: { engine: "postgresql", whitelist: { [cidr]: "the measuring client" } },
    },
  };
  await withStack({ config }, async (stack) => {
    await stack.up();
    await use(await factsOf(name, DEPLOYMENT));
  });
}
