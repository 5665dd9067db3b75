import { canonicalCidr } from "../../../proxy-image/src/cidr.ts";
import { blockOf, contains, overlaps } from "../block.ts";

/** RFC 1918, and RFC 6598's shared addresses, which a VPC may have too. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Every machine has this one inside: what is sent there never leaves it. */
const DOCKER = "172.17.0.0/16";

/** Why a deployment on AWS can't have its network there. Undefined: it can. */
export function unusableNetwork(cidr: string): string | undefined {
  if (canonicalCidr(cidr) !== cidr || cidr.includes(":"))
    return 'must be a block such as "10.64.0.0/10"';
  const block = blockOf(cidr);
  if (!PRIVATE.some((range) => contains(blockOf(range), block)))
    return `${cidr} holds public addresses, and clients there could not be answered; private ones are in ${PRIVATE.join(", ")}`;
  if (overlaps(blockOf(DOCKER), block))
    return `${cidr} overlaps ${DOCKER}, Docker's own on each machine`;
  return undefined;
}
