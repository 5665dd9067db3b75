import type { Content } from "../document.ts";
import type { Rule } from "../facts.ts";

/** The last entry that goes takes every client with it: nobody can connect any more. */
export const notEmptied: Rule = ({ documents }) =>
  documents
    .filter(({ before, after }) => letsIn(before) && !letsIn(after))
    .map(
      ({ deployment }) =>
        `The whole whitelist of ${deployment} would be gone, so nobody could connect to it any more.`,
    );

/** What can't be read may let in somebody. */
function letsIn(content: Content): boolean {
  if (content.kind !== "document") return content.kind === "unreadable";
  return content.open || content.whitelist.size > 0;
}
