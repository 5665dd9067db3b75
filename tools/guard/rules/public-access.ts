import type { Rule } from "../facts.ts";
import { kindOf, title } from "../kind.ts";
import { networkOf } from "../network.ts";
import { told } from "../value.ts";

const BLOCKS = [
  "blockPublicAcls",
  "blockPublicPolicy",
  "ignorePublicAcls",
  "restrictPublicBuckets",
];

/** The bucket holds every deployment's secrets: nobody outside the account, by no policy and no list. */
export const bucketsClosed: Rule = (facts) => {
  const { shown, sourcesOf } = networkOf(facts);
  const blocks = shown.filter(
    ({ type }) => type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  );
  const blocked = new Set(blocks.flatMap((step) => sourcesOf(step, "bucket")));
  return [
    ...blocks.flatMap((step) =>
      BLOCKS.filter((key) => step.new.inputs[key] !== true).map(
        (key) =>
          `${title(step)} must block all public access: ${key} ${told(step.new.inputs[key])}.`,
      ),
    ),
    ...shown
      .filter((step) => kindOf(step) === "bucket" && !blocked.has(step.urn))
      .map(
        (step) =>
          `${title(step)} has no public access block in the preview; without --show-sames it may only be hidden.`,
      ),
    ...facts.changes
      .filter(
        ({ op, type }) =>
          op === "delete" && type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      )
      .map((step) => `${title(step)} would be deleted, and public access is what it blocks.`),
  ];
};
