import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { execa } from "execa";
import type { ClientForm } from "../../engines/client-form.ts";
import type { Engine } from "../../engines/table.ts";
import { CACHE } from "../../tools/setup/paths.ts";

const LANGUAGES = ["python", "node", "go", "java", "rust"] as const;
export type Language = (typeof LANGUAGES)[number];

const SOURCES = import.meta.dirname;

/** The files that name the versions, and what fetches these into a folder that has the files. */
const PINNED: Readonly<
  Record<Language, readonly [readonly string[], readonly (readonly string[])[]]>
> = {
  python: [
    ["requirements.txt"],
    [
      ["python3", "-m", "venv", "venv"],
      ["venv/bin/pip", "install", "--quiet", "--requirement", "requirements.txt"],
    ],
  ],
  node: [["package.json"], [["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]]],
  go: [["go.mod", "go.sum"], [["go", "mod", "download"]]],
  rust: [
    ["Cargo.toml", "Cargo.lock"],
    // In the sources, since Cargo reads no manifest without a program beside it.
    [["cargo", "fetch", "--locked", "--manifest-path", join(SOURCES, "rust/Cargo.toml")]],
  ],
  java: [
    ["pom.xml"],
    [["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]],
  ],
};

const INSTALL_MS = 600_000;

/** A command that runs a language's program, ready for the mode and the job. */
export interface Program {
  readonly command: readonly string[];
  readonly cwd: string;
}

/** Installs a language's clients once for each set of versions, and returns their folder. */
export async function installed(language: Language): Promise<string> {
  const [pins, steps] = PINNED[language];
  const texts = await Promise.all(
    pins.map((file) => readFile(join(SOURCES, language, file), "utf8")),
  );
  const digest = createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12);
  const folder = join(CACHE, "clients", `${language}-${digest}`);
  if (existsSync(join(folder, "whole"))) return folder;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of pins) await cp(join(SOURCES, language, file), join(folder, file));
  for (const [file = "", ...args] of steps)
    await execa(file.startsWith("venv") ? join(folder, file) : file, args, {
      cwd: folder,
      timeout: INSTALL_MS,
    });
  await writeFile(join(folder, "whole"), "");
  return folder;
}

/** A form as it goes into a program that is compiled: what it is called, what its code is, what the code makes. */
export interface Snippet {
  readonly key: string;
  readonly form: ClientForm;
  readonly code: string;
}

/** What a compiled snippet leaves behind. */
const MADE: Readonly<Record<string, string>> = {
  "go-redis": "client",
  "go-sql-driver": "db",
  "go-elasticsearch": "client",
  gocql: "cluster",
  hikaricp: "pool",
  jedis: "client",
  lettuce: "connection",
  "rabbitmq-java": "connection",
  sqlx: "crate::Opened::Pool(pool)",
  "tokio-postgres": "crate::Opened::Connection(client)",
};

/** Makes a language's program; in `folder` lies what is written for it. Snippets are compiled in as they are. */
export async function programFor(
  language: Language,
  engine: Engine,
  snippets: readonly Snippet[],
  folder: string,
): Promise<Program> {
  const packages = await installed(language);
  const source = join(SOURCES, language);
  if (language === "python")
    return {
      command: [join(packages, "venv/bin/python3"), join(source, "clients.py")],
      cwd: folder,
    };
  if (language === "node")
    return { command: [process.execPath, join(source, "clients.mjs")], cwd: packages };
  const built = join(folder, language);
  await mkdir(built, { recursive: true });
  const mine = snippets.filter(({ form }) => form.language === language);
  const run = (file: string, ...args: readonly string[]) =>
    execa(file, args, { cwd: built, timeout: INSTALL_MS });
  if (language === "rust") {
    await cp(source, built, { recursive: true });
    await writeFile(join(built, "src/forms.rs"), inRust(mine), { mode: 0o600 });
    // What the clients need is compiled once.
    const target = join(packages, "target");
    await run("cargo", "build", "--quiet", "--locked", "--target-dir", target);
    await cp(join(target, "debug/clients"), join(built, "clients"));
    return { command: [join(built, "clients")], cwd: built };
  }
  if (language === "go") {
    for (const file of ["main.go", "sql.go", `${engine}.go`, "go.mod", "go.sum"])
      await cp(join(source, file), join(built, file));
    for (const [index, snippet] of mine.entries())
      await writeFile(join(built, `form${index}.go`), inGo(snippet, index), { mode: 0o600 });
    await run("go", "build", "-o", "clients", ".");
    return { command: [join(built, "clients")], cwd: built };
  }
  const files = mine.map((snippet, index) => ({
    name: `Form${index}`,
    key: snippet.key,
    text: inJava(snippet, `Form${index}`),
  }));
  await cp(join(source, "Clients.java"), join(built, "Clients.java"));
  const all = files.map(({ key, name }) => `ALL.put(${JSON.stringify(key)}, new ${name}());`);
  const table = `class Forms { static final java.util.Map<String, Clients.Pasted> ALL = new java.util.HashMap<>(); static { ${all.join(" ")} } }`;
  for (const { name, text } of [...files, { name: "Forms", text: table }])
    await writeFile(join(built, `${name}.java`), text, { mode: 0o600 });
  const path = `${built}:${join(packages, "lib")}/*`;
  const sources = ["Clients", "Forms", ...files.map(({ name }) => name)];
  await run("javac", "-cp", path, "-d", built, ...sources.map((name) => `${name}.java`));
  return { command: ["java", "-cp", path, "Clients"], cwd: built };
}

/** Each in a file of its own, since packages of two clients may share their names; a type of the form's gets one of its own. */
function inGo({ key, form, code }: Snippet, index: number): string {
  const imports = (form.imports ?? []).map((name) => JSON.stringify(name)).join("\n");
  const unused = /, err :=/.test(code) ? "_ = err\n" : "";
  const [, type] = /^type (\w+)/.exec(code) ?? [];
  const own = type ? code.replaceAll(new RegExp(`\\b${type}\\b`, "g"), `${type}${index}`) : code;
  const lines = own.split("\n");
  const outside = lines.filter((line) => /^(type|func) /.test(line)).join("\n");
  const inside = lines.filter((line) => !/^(type|func) /.test(line)).join("\n");
  return `package main\nimport (\n${imports}\n)\n${outside}\nfunc init() {\npasted[${JSON.stringify(key)}] = func() any {\n${inside}\n${unused}return ${MADE[form.client]}\n}\n}\n`;
}

function inRust(snippets: readonly Snippet[]): string {
  const opened = "Result<crate::Opened, crate::Failure>";
  const each = snippets.map(
    ({ form, code }, index) =>
      `async fn form${index}() -> ${opened} {\n${code}\nOk(${MADE[form.client]})\n}\n`,
  );
  const choices = snippets.map(
    ({ key }, index) => `${JSON.stringify(key)} => form${index}().await,`,
  );
  const unknown = '_ => Err(format!("no form {key}").into()),';
  return `${each.join("")}pub async fn pasted(key: &str) -> ${opened} {\nmatch key {\n${choices.join("\n")}\n${unknown}\n}\n}\n`;
}

function inJava({ form, code }: Snippet, name: string): string {
  const imports = (form.imports ?? []).map((name) => `import ${name};`).join("\n");
  return `${imports}\nclass ${name} implements Clients.Pasted {\npublic Object open() throws Exception {\n${code}\nreturn ${MADE[form.client]};\n}\n}\n`;
}
