import { z } from "zod";

import type { Engine } from "../../infra/model/catalogue.ts";
import { clients } from "../../infra/model/clients/table.ts";
import { SetupError } from "../setup/setup-error.ts";

const Deployments = z.record(
  z.string(),
  z.object({
    engine: z.string(),
    saveCa: z.string().optional(),
    saveTrustStore: z.string().optional(),
    endpoints: z.record(
      z.string(),
      z.object({ clients: z.record(z.string(), z.string()).optional() }),
    ),
  }),
);

export interface Asked {
  readonly deployment?: string | undefined;
  readonly client?: string | undefined;
  readonly endpoint?: string | undefined;
}

export interface Connect {
  /** For the person who reads along. */
  readonly notes: readonly string[];
  /** What is asked for, and nothing else: a script may take it as it is. */
  readonly text: string;
}

/** What `portico connect` prints: the deployments, the clients of one's engine, or the form of a client. Throws a SetupError for what isn't there. */
export function connectText(outputs: unknown, { deployment, client, endpoint }: Asked): Connect {
  const all = Deployments.parse(outputs);
  if (deployment === undefined)
    return {
      notes: [],
      text: Object.entries(all)
        .map(([name, { engine }]) => `portico connect ${name.padEnd(20)} ${engine}`)
        .join("\n"),
    };
  const found = oneOf(all, deployment, "deployment");
  const [usual = ""] = Object.keys(found.endpoints);
  const { clients: forms } = oneOf(found.endpoints, endpoint ?? usual, "endpoint");
  if (forms === undefined)
    throw new SetupError("These outputs are older than the forms: npm start (or pulumi up) first");
  const table = clients[found.engine as Engine];
  if (client === undefined)
    return {
      notes: [],
      text: [
        `portico connect ${deployment} --client …`,
        ...table.map(({ client: name, title }) => `  ${name.padEnd(20)} ${title}`),
        `Endpoints: ${Object.keys(found.endpoints).join(", ")} (--endpoint)`,
      ].join("\n"),
    };
  const form = oneOf(forms, client, "client");
  const { takes, imports, trustStore } = table.find((row) => row.client === client) ?? {};
  const notes = [
    ...(found.saveCa === undefined ? [] : [`Once: ${found.saveCa}`]),
    ...(trustStore && found.saveTrustStore ? [`Once: ${found.saveTrustStore}`] : []),
    ...(takes === undefined ? [] : [`Taken as: ${takes}`]),
    ...(imports === undefined ? [] : [`Imports: ${imports.join(", ")}`]),
  ];
  return { notes: notes.map((note) => `# ${note}`), text: form };
}

function oneOf<T>(from: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = Object.hasOwn(from, name) ? from[name] : undefined;
  if (found !== undefined) return found;
  throw new SetupError(
    `There is no ${what} ${name}: it can be ${Object.keys(from).join(", ") || "none"}`,
  );
}
