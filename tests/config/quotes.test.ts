import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

import { execa } from "execa";

import { ConfigError, parseConfig } from "../../infra/config.ts";

const PROJECT = resolve(import.meta.dirname, "../..");
const NOW = new Date("2026-06-01T12:00:00Z");
const OFFICE = "203.0.113.0/24";

/** What the real CLI hands to a program: the file as a person wrote it, and the same after `config set` has written it anew. */
async function handedOver(
  yaml: string,
  ...settings: readonly (readonly string[])[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const folder = await mkdtemp(join(tmpdir(), "portico-"));
  const env = {
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "x",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const cli = async (...args: readonly string[]) =>
    (await execa("pulumi", [...args, "--non-interactive"], { cwd: folder, env, timeout: 120_000 }))
      .stdout;
  const read = async (): Promise<Readonly<Record<string, unknown>>> => {
    const entries = Object.entries(JSON.parse(await cli("config", "--json")));
    return Object.fromEntries(
      entries.map(([key, entry]) => {
        const { objectValue, value } = entry as { objectValue?: unknown; value?: unknown };
        return [key.replace("portico:", ""), objectValue ?? value];
      }),
    );
  };
  try {
    await mkdir(join(folder, "state"));
    await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "Pulumi.yaml"), "name: portico\nruntime: nodejs\n");
    await writeFile(join(folder, "Pulumi.quotes.yaml"), yaml);
    await cli("stack", "init", "quotes");
    const written = await read();
    for (const setting of settings) await cli("config", "set", ...setting);
    await cli("config", "set", "--path", "portico:deployments.audit.engine", "redis");
    return [written, await read()];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function problemsIn(raw: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    parseConfig({ target: "local", ...raw }, NOW);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  return [];
}

const QUOTED = /write it in quotes/;
const AT = "deployments.orders";

/** A line of one deployment's config without its quotes, and what is said of it. */
const unquoted: readonly (readonly [line: string, path: string, why: RegExp])[] = [
  ...["2027-01-31", "2027-01-31T00:00:00Z", "2027-01-31T00:00:00+00:00", "2027-1-31"].map(
    (until) =>
      [
        `whitelist: { ${OFFICE}: { until: ${until} } }`,
        `${AT}.whitelist["${OFFICE}"].until`,
        /write it in quotes: "2027-01-31" for the whole day, "2027-01-31T00:00:00Z" for the instant/,
      ] as const,
  ),
  ...["2027-01-31", "2027-01-31T18:00:00+02:00"].flatMap((note) => [
    [`whitelist: { ${OFFICE}: ${note} }`, `${AT}.whitelist["${OFFICE}"]`, QUOTED] as const,
    [
      `whitelist: { ${OFFICE}: { note: ${note} } }`,
      `${AT}.whitelist["${OFFICE}"].note`,
      QUOTED,
    ] as const,
  ]),
  ...["017", "0x1F", "17.10", "12345678901234567890123", "1_000", "1e3", "True"].flatMap((note) => [
    [`whitelist: { ${OFFICE}: ${note} }`, `${AT}.whitelist["${OFFICE}"]`, QUOTED] as const,
    [
      `whitelist: { ${OFFICE}: { note: ${note} } }`,
      `${AT}.whitelist["${OFFICE}"].note`,
      QUOTED,
    ] as const,
    [`version: ${note}`, `${AT}.version`, QUOTED] as const,
    [`database: ${note}`, `${AT}.database`, QUOTED] as const,
    [`user: ${note}`, `${AT}.user`, QUOTED] as const,
    [`network: ${note}`, `${AT}.network`, QUOTED] as const,
    [`endpoints: [primary, ${note}]`, `${AT}.endpoints[1]`, QUOTED] as const,
  ]),
  ["database: ~", `${AT}.database`, QUOTED],
  ["version:", `${AT}.version`, QUOTED],
  ["database: 2027-01-31", `${AT}.database`, /must be 1 to 63 lower-case letters/],
  ["hold: 30", `${AT}.hold`, /must be a duration .* such as "30s", not 30/],
  ["hold: [30s]", `${AT}.hold`, /must be a duration .* such as "30s"/],
  ["silence: 0x10", `${AT}.silence`, /must be a duration .*, not 16/],
  ["drain: ~", `${AT}.drain`, /must be a duration .*, not null/],
  ["memory: 5_12", `${AT}.memory`, /must be a size .*, not 512/],
  ["maxLag: 1e6", `${AT}.maxLag`, /must be a size .*, not 1000000/],
  ["generation: 1.5", `${AT}.generation`, /whole number/],
  ["nodes: ~", `${AT}.nodes`, /whole number/],
  ["open: yes", `${AT}.open`, /must be true or false/],
  ["ssh: { keys: { 010: x } }", `${AT}.ssh.keys["8"]`, /begins with a letter/],
  ["ssh: { keys: { 1.10: x } }", `${AT}.ssh.keys["1.1"]`, /begins with a letter/],
  ["ssh: { keys: { True: x } }", `${AT}.ssh.keys.true`, /begins with a letter/],
];

const engineOf = (line: string) => `engine: postgresql, ${line}`;

test("what Pulumi makes another value of without quotes is refused, with a word on quotes where they help", async (t) => {
  const names = unquoted.map((_, index) => `case-${index}`);
  const yaml = [
    "config:",
    "  portico:deployments:",
    ...unquoted.map(([line], index) => `    case-${index}: { ${engineOf(line)} }`),
  ].join("\n");
  const [written, rewritten] = await handedOver(yaml);
  for (const [how, config] of Object.entries({ written, rewritten })) {
    const deployments = config?.deployments as Readonly<Record<string, unknown>>;
    for (const [index, [line, path, why]] of unquoted.entries())
      await t.test(`${line} (${how})`, () => {
        const problems = problemsIn({ deployments: { orders: deployments[names[index] ?? ""] } });
        const found = problems.find((problem) => problem.startsWith(`${path}: `));
        assert.ok(found, `nothing of ${path} in ${JSON.stringify(problems)}`);
        assert.match(found, why);
      });
  }
});

test("a deployment's name that YAML takes for a truth value is refused", async () => {
  for (const config of await handedOver(
    "config:\n  portico:deployments:\n    True: { engine: postgresql }",
  ))
    assert.match(problemsIn(config).join(), /^deployments\.true: is ambiguous/);
});

test("what stands in quotes, or is set by the CLI, arrives as it was written", async () => {
  const at = `portico:deployments.orders.whitelist["${OFFICE}"]`;
  const configs = await handedOver(
    [
      "config:",
      "  portico:deployments:",
      "    orders:",
      "      engine: postgresql",
      '      version: "17"',
      "      whitelist:",
      '        198.51.100.7/32: { note: "017", until: "2027-01-31" }',
      '        198.51.100.8/32: { note: "17.10", until: "2027-01-31T00:00:00Z" }',
      '        198.51.100.9/32: "~"',
    ].join("\n"),
    ["--path", `${at}.note`, "017"],
    ["--path", `${at}.until`, "2027-01-31"],
    ["--path", "--type", "string", 'portico:deployments.orders.whitelist["192.0.2.0/24"]', "4711"],
  );
  const whitelists = configs.map((config) => {
    const { stack } = parseConfig({ target: "local", ...config }, NOW);
    return stack.deployments.find(({ name }) => name === "orders")?.whitelist ?? [];
  });
  const written = [
    { cidr: "198.51.100.7/32", note: "017", until: "2027-02-01T00:00:00.000Z" },
    { cidr: "198.51.100.8/32", note: "17.10", until: "2027-01-31T00:00:00.000Z" },
    { cidr: "198.51.100.9/32", note: "~" },
  ];
  const set = [
    { cidr: "192.0.2.0/24", note: "4711" },
    { cidr: OFFICE, note: "017", until: "2027-02-01T00:00:00.000Z" },
  ];
  const byBlock = (a: { cidr: string }, b: { cidr: string }) => (a.cidr < b.cidr ? -1 : 1);
  assert.deepEqual(whitelists[0]?.toSorted(byBlock), written.toSorted(byBlock));
  assert.deepEqual(whitelists[1]?.toSorted(byBlock), [...written, ...set].toSorted(byBlock));
});
