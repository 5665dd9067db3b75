import type { Deployed } from "../support/cli.ts";

export const LEAF = "tls:index/locallySignedCert:LocallySignedCert";

/**
 * The state in which all certificates of the type end at `end`. It is by this line of the state, not by the certificate itself, that the
 * plugin tells whether one is due, so that a test needs neither a year nor another clock.
 */
export function certificatesAt(state: Deployed, type: string, end: Date): Deployed {
  const validityEndTime = end.toISOString();
  return {
    ...state,
    resources: (state.resources ?? []).map((resource) =>
      resource.type === type
        ? { ...resource, outputs: { ...resource.outputs, validityEndTime } }
        : resource,
    ),
  };
}
