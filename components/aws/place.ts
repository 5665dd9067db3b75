import type { AwsPlan } from "../../infra/model/aws/plan.ts";
import type { AwsDeployment, AwsTarget } from "../../infra/model/stack.ts";
import type { Authority } from "../authority.ts";
import type { Passwords } from "../passwords.ts";
import type { ImageIds } from "./images.ts";
import type { Network } from "./network.ts";
import type { Store } from "./store.ts";

/** What all machines of a deployment on AWS have in common. */
export interface Place {
  readonly target: AwsTarget;
  readonly deployment: AwsDeployment;
  readonly plan: AwsPlan;
  readonly store: Store;
  /** `machine/user-data.sh`. */
  readonly userData: string;
  readonly images: ImageIds;
  readonly network: Network;
  readonly authority: Authority;
  readonly passwords: Passwords;
}
