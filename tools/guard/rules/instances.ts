import type { Rule } from "../facts.ts";
import { title } from "../kind.ts";
import type { Values } from "../preview.ts";
import { at, isUnknown, told } from "../value.ts";

/** What a disk is told to be can't be changed later, so it must be known now. */
export const encrypted: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.op === "delete" || step.new === undefined) return [];
    const { inputs } = step.new;
    const must = (where: string, value: unknown): readonly string[] =>
      value === true ? [] : [`${title(step)} must be encrypted: ${where} ${told(value)}.`];
    if (step.type === "aws:ebs/volume:Volume") return must("encrypted", inputs.encrypted);
    if (step.type !== "aws:ec2/instance:Instance") return [];
    return [
      ...must("rootBlockDevice.encrypted", at(inputs, "rootBlockDevice", "encrypted")),
      ...disksOf(inputs).flatMap((disk) =>
        must("ebsBlockDevices.encrypted", at(disk, "encrypted")),
      ),
    ];
  });

/** A process that can be talked into a request must not get the machine's credentials by it. */
export const metadataGuarded: Rule = ({ preview: { steps } }) =>
  steps.flatMap((step) => {
    if (step.type !== "aws:ec2/instance:Instance" || step.op === "delete" || !step.new) return [];
    const options = at(step.new.inputs, "metadataOptions");
    const [tokens, hops] = [at(options, "httpTokens"), at(options, "httpPutResponseHopLimit")];
    return [
      ...(tokens === "required"
        ? []
        : [`${title(step)} must require IMDSv2: metadataOptions.httpTokens ${told(tokens)}.`]),
      ...(hops === 1
        ? []
        : [
            `${title(step)} must have a metadata hop limit of 1: metadataOptions.httpPutResponseHopLimit ${told(hops)}.`,
          ]),
    ];
  });

function disksOf({ ebsBlockDevices }: Values): readonly unknown[] {
  if (isUnknown(ebsBlockDevices)) return [ebsBlockDevices];
  return Array.isArray(ebsBlockDevices) ? ebsBlockDevices : [];
}
