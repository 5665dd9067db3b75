import { z } from "zod";

export const Labels = z.array(z.strictObject({ label: z.string(), value: z.string() })).optional();

export function labelMap(labels: z.infer<typeof Labels>): Record<string, string> {
  return Object.fromEntries((labels ?? []).map(({ label, value }) => [label, value]));
}
