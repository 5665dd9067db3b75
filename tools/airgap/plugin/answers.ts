import type { CheckRequest } from "@pulumi/pulumi/proto/provider_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";

import type { Failure } from "./check.ts";
import type { Change } from "./diff.ts";

/** The type token at the end of a URN. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

export function checked(request: CheckRequest, failures: readonly Failure[]) {
  return new messages.CheckResponse()
    .setInputs(request.getNews())
    .setFailuresList(
      failures.map(({ property, reason }) =>
        new messages.CheckFailure().setProperty(property).setReason(reason),
      ),
    );
}

/** A change's `property` may be a path; what the engine calls a replacement's reason is the name that the path begins with. */
export function different(changes: readonly Change[], deleteBeforeReplace: boolean) {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const names = (some: readonly Change[]) => [...new Set(some.map(firstName))];
  const response = new messages.DiffResponse()
    .setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(names(changes.filter(({ replaces }) => replaces)))
    .setDiffsList(names(changes))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const change of changes) response.getDetaileddiffMap().set(change.property, detail(change));
  return response;
}

function firstName({ property }: Change): string {
  return property.split(/[.[]/, 1)[0] ?? property;
}

function detail({ kind, replaces }: Change) {
  const { Kind: Kinds } = messages.PropertyDiff;
  const [inPlace, replacing] = {
    add: [Kinds.ADD, Kinds.ADD_REPLACE],
    delete: [Kinds.DELETE, Kinds.DELETE_REPLACE],
    update: [Kinds.UPDATE, Kinds.UPDATE_REPLACE],
  }[kind];
  return new messages.PropertyDiff()
    .setKind((replaces ? replacing : inPlace) ?? Kinds.UPDATE)
    .setInputdiff(true);
}
