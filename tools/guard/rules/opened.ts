import { breadthOf } from "../../../infra/model/breadth.ts";
import { type Content, cidrsIn } from "../document.ts";
import type { Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import type { State } from "../preview.ts";

const EVERYBODY: readonly unknown[] = ["0.0.0.0/0", "::/0"];
/** Two lines of half an address family each are the same as one of all of it. */
const HALF = 0.5;

/** What lets in the whole internet, and didn't before, is a decision of its own. */
export const notOpened: Rule = ({ changes, documents }) => [
  ...documents.flatMap(({ deployment, before, after }) =>
    doors(after)
      .filter((door) => !doors(before).includes(door))
      .map(
        (door) =>
          `${deployment} would be open to the whole internet by its document (${door}), which it wasn't before.`,
      ),
  ),
  ...changes.flatMap((step) => {
    if (kindOf(step) !== "ingress rule" || step.op === "delete") return [];
    const had = sources(step.old);
    return sources(step.new)
      .filter((cidr) => EVERYBODY.includes(cidr) && !had.includes(cidr))
      .map((cidr) => `${title(step)} would open ${cidr}, which wasn't open before.`);
  }),
];

function doors(content: Content): readonly string[] {
  if (content.kind !== "document") return [];
  return [
    ...(content.open ? ["open: true"] : []),
    ...[...content.whitelist.keys()].filter((cidr) => EVERYBODY.includes(cidr)),
    ...halves(cidrsIn(content).filter((cidr) => !EVERYBODY.includes(cidr))),
  ];
}

function halves(cidrs: readonly string[]): readonly string[] {
  const { v4, v6 } = breadthOf(cidrs);
  return [
    ...(v4 >= HALF ? ["its entries together are half of IPv4 or more"] : []),
    ...(v6 >= HALF ? ["its entries together are half of IPv6 or more"] : []),
  ];
}

function sources(state: State | undefined): readonly unknown[] {
  return [state?.inputs.cidrIpv4, state?.inputs.cidrIpv6];
}
