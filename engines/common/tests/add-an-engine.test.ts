import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { BASE_IMAGE } from "../../../infra/model/stack.ts";

const PROJECT = resolve(import.meta.dirname, "../../..");
const PARTS = [
  "package.json",
  "tsconfig.json",
  "engines",
  "infra",
  "proxy-image/src",
  "tools/clients",
];
const run = promisify(execFile);

/** A block of the page: the whole of a new file, or what an old one gets, after lines that it has. */
interface Block {
  readonly file: string;
  readonly isChange: boolean;
  readonly lines: readonly string[];
}

async function blocksOf(page: string): Promise<readonly Block[]> {
  const text = await readFile(page, "utf8");
  const blocks = text.matchAll(/^`([^`\n]+)`( gets[^\n]*)?:\n\n```(\w+)\n(.*?)^```$/gms);
  return [...blocks].map(([, file = "", gets, language, content = ""]) => {
    assert.equal(language === "diff", gets !== undefined, file);
    return { file, isChange: gets !== undefined, lines: content.trimEnd().split("\n") };
  });
}

async function carryOut({ file, isChange, lines }: Block, folder: string): Promise<void> {
  const path = join(folder, file);
  if (!isChange) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${lines.join("\n")}\n`, { flag: "wx" });
    return;
  }
  const old = (await readFile(path, "utf8")).split("\n");
  let at = 0;
  for (const [sign, line] of lines.map((line) => [line[0], line.slice(1)] as const)) {
    if (sign === "+") old.splice(at, 0, line);
    else assert.ok(old.indexOf(line) >= 0, `${file} has no line "${line}"`);
    at = sign === "+" ? at + 1 : old.indexOf(line) + 1;
  }
  await writeFile(path, old.join("\n"));
}

/** Asks the copy, in which the toy is. */
const PROBE = `
import { parseConfig } from "./infra/config.ts";
import { documentOf } from "./infra/model/document.ts";
import { catalogue, endpointsOf, formsOf, nodeNames } from "./engines/table.ts";
import { parseDocument } from "./proxy-image/src/contract.ts";
import { renderConfig } from "./proxy-image/src/plan/render.ts";
import { clientsDocument } from "./tools/clients/document.ts";

const { stack } = parseConfig({ target: "local", deployments: { it: { engine: "toy" } } }, new Date());
const [deployment] = stack.deployments;
if (deployment === undefined) throw new Error("no deployment");
const document = documentOf(deployment, nodeNames(deployment).map((name, n) => ({ name, address: "10.87.16." + n })));
const parsed = parseDocument(JSON.stringify(document));
process.stdout.write(JSON.stringify({
  parsed: parsed.kind,
  endpoints: endpointsOf(deployment).map(({ name }) => name),
  haproxy: renderConfig(document),
  title: catalogue.toy.title,
  forms: Object.keys(formsOf("toy", { hosts: [], user: "it", password: "", database: "", ca: "", caFile: "", route: "any", deployment: "it", patience: 40 })),
  documented: clientsDocument().includes("## Toy"),
}));
`;

let folder = "";
let blocks: readonly Block[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-engine-"));
  // What is built for images is no source, and tests of other engines say nothing of this one.
  const filter = (path: string) => !/\/(node-image|tests|dist)$/.test(path);
  for (const part of PARTS)
    await cp(join(PROJECT, part), join(folder, part), { recursive: true, filter });
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  blocks = await blocksOf(join(PROJECT, "docs/add-an-engine.md"));
  for (const block of blocks) await carryOut(block, folder);
  await writeFile(join(folder, "probe.ts"), PROBE);
});
after(() => rm(folder, { recursive: true, force: true }));

test("the page adds an engine in two folders and one line, with its import, in each table", () => {
  const added = blocks.filter(({ isChange }) => !isChange).map(({ file }) => dirname(file));
  for (const where of added) assert.match(where, /^(engines|proxy-image\/src\/engines)\/toy(\/|$)/);
  const changed = blocks.filter(({ isChange }) => isChange);
  assert.deepEqual(changed.map(({ file }) => file).sort(), [
    "engines/table.ts",
    "proxy-image/src/engines/table.ts",
    "proxy-image/src/evidence.ts",
  ]);
  for (const { file, lines } of changed)
    assert.equal(lines.filter((line) => /^\+ {2}toy[:,]/.test(line)).length, 1, file);
  const dockerfile = blocks.find(({ file }) => file.endsWith("/Dockerfile"));
  assert.equal(dockerfile?.lines[0], `ARG BASE=${BASE_IMAGE}`);
});

test("with what the page says, types are right", async () => {
  const tsconfig = join(folder, "tsconfig.json");
  const { compilerOptions } = JSON.parse(await readFile(tsconfig, "utf8"));
  await writeFile(
    tsconfig,
    JSON.stringify({
      compilerOptions,
      files: ["probe.ts", "proxy-image/src/engines/table.ts"],
    }),
  );
  const tsc = join(PROJECT, "node_modules/.bin/tsc");
  const { stdout } = await run(tsc, ["-p", folder]).catch((error) => error);
  assert.equal(stdout, "");
});

test("a deployment of the new engine is taken from a config, told to its portals, and rendered for HAProxy", async () => {
  const { stdout } = await run(process.execPath, [join(folder, "probe.ts")]);
  const { haproxy, ...rest } = JSON.parse(stdout);
  assert.deepEqual(rest, {
    parsed: "document",
    endpoints: ["any"],
    title: "Toy",
    forms: ["toy-cli"],
    documented: true,
  });
  assert.match(haproxy, /^frontend in_any$/m);
  assert.match(haproxy, /^ {4}bind .*:4000 .*ssl crt/m);
  assert.match(haproxy, /^ {4}tcp-check send PING\\n$/m);
  for (const node of ["it-1", "it-2", "it-3"])
    assert.match(haproxy, new RegExp(`^ {4}server ${node} .*:4000 `, "m"));
});
