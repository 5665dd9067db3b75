import type { Rule } from "../facts.ts";
import { title } from "../kind.ts";

/** Rules in two places fight each other, and an inline list hides what an edit opens. */
export const noInlineRules: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.op === "delete" || step.new === undefined) return [];
    if (step.type === "aws:ec2/securityGroupRule:SecurityGroupRule")
      return [
        `${title(step)} is of the old type of rule; each source is a SecurityGroupIngressRule.`,
      ];
    if (step.type !== "aws:ec2/securityGroup:SecurityGroup") return [];
    const { inputs } = step.new;
    return ["ingress", "egress"]
      .filter((side) => !isEmpty(inputs[side]))
      .map(
        (side) =>
          `${title(step)} has rules of its own (${side}); each rule is a resource, so that an edit shows.`,
      );
  });

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
