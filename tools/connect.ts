// `portico connect`: the forms in which clients connect to a deployment.
import type { Command } from "commander";
import { execa } from "execa";
import { z } from "zod";
import { catalogue, type Engine } from "../engines/table.ts";
import { cli } from "./local/cli.ts";
import { STACK } from "./local/state.ts";
import { setUpPulumi } from "./setup/set-up.ts";
import { SetupError } from "./setup/step.ts";

const EXPLAINED = `
Without a deployment it lists them, without --client the clients of the deployment's engine. The form has the password in it. What each client does at a
switchover, at the leader's death and while there is none: docs/clients.md.

Exit codes:
  0  printed
  2  wrong arguments, or no such deployment, endpoint or client`;

interface Options {
  readonly client?: string;
  readonly endpoint?: string;
  readonly stack: string;
}

export function connectCommand(program: Command): void {
  program
    .command("connect")
    .argument("[deployment]", "its name in the config")
    .description("prints what to paste into a client library")
    .option("--client <name>", "the client library, such as psycopg")
    .option("--endpoint <name>", "primary, replica, any …; otherwise the first")
    .option("-s, --stack <name>", "the stack", STACK)
    .addHelpText("after", EXPLAINED)
    .exitOverride()
    .action(async (deployment: string | undefined, { client, endpoint, stack }: Options) => {
      try {
        const asked = { deployment, client, endpoint };
        const { notes, text } = connectText(await outputsOf(stack), asked);
        for (const note of notes) console.error(note);
        console.log(text);
      } catch (error) {
        if (!(error instanceof SetupError) && (error as Error).name !== "ExecaError") throw error;
        console.error(`✗ ${(error as Error).message}`);
        process.exitCode = 2;
      }
    });
}

/** Backend and passphrase are known for the local stack; any other is the person's own business. */
async function outputsOf(stack: string): Promise<unknown> {
  const args = ["stack", "output", "deployments", "--json", "--show-secrets"];
  const setup = await setUpPulumi();
  if (stack === STACK) return JSON.parse(await cli(setup)(...args));
  const { stdout } = await execa("pulumi", [...args, "-s", stack, "--non-interactive"], {
    env: setup.env,
  });
  return JSON.parse(stdout);
}

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
  /** For a person at the terminal. */
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
    throw new SetupError(
      "The stack's outputs are of an older version: npm start (or pulumi up) first",
    );
  const table = catalogue[found.engine as Engine].clients.forms;
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
