import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import type Docker from "dockerode";

import { bundleAgent } from "../../proxy-image/bundle.ts";
import { formatDocument } from "../../proxy-image/src/contract.ts";
import { Authority } from "../node-image/authority.ts";
import { imageOf, runFor } from "../support/docker.ts";
import { execIn } from "../support/exec-in.ts";
import { until } from "../support/until.ts";

const PROJECT = resolve(import.meta.dirname, "../..");

interface Portal {
  readonly container: Docker.Container;
  readonly folder: string;
  /** Standard output of a shell line in the container. */
  sh(line: string, user?: string): Promise<string>;
}

/** A portal as the stack starts it, in front of nodes that don't exist. */
async function portal(t: TestContext, former?: Portal): Promise<Portal> {
  bundleAgent();
  const image = await imageOf("portal", join(PROJECT, "proxy-image"), [
    "Dockerfile",
    "image",
    "dist/agent.mjs",
    "dist/judge-document.mjs",
    "dist/s3-client.mjs",
  ]);
  mkdirSync(join(PROJECT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(PROJECT, ".cache", "portal-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await writeInputs(folder);
  const container = await runFor(t, {
    Image: image,
    HostConfig: {
      Binds: [
        `${folder}/document:/etc/portico/document:ro`,
        `${folder}/identity:/etc/portico/identity:ro`,
        `${folder}/report:/report`,
      ],
      // The state of a former portal, as a container that is made anew has it.
      ...(former && { VolumesFrom: [former.container.id] }),
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: ["SETUID", "SETGID"],
      Tmpfs: { "/run": "", "/tmp": "" },
    },
    Labels: { "portico.test": "image" },
  });
  const sh = async (line: string, user = ""): Promise<string> =>
    (await execIn(container, ["sh", "-c", line], user)).output;
  return { container, folder, sh };
}

async function writeInputs(folder: string): Promise<void> {
  const authority = await Authority.create();
  const { certificate, key } = await authority.issue(["orders-portal-1"]);
  const files: Readonly<Record<string, string>> = {
    "identity/portal.json": JSON.stringify({ name: "orders-portal-1" }),
    "identity/secrets.json": JSON.stringify({ etcd: { user: "portal", password: "secret" } }),
    "identity/ca.crt": authority.pem,
    "identity/client.crt": certificate,
    "identity/client.key": key,
    "document/document.json": formatDocument({
      contract: 1,
      deployment: "orders",
      engine: "postgresql",
      generation: 1,
      nodes: { "orders-1": { address: "127.0.9.1", port: 5432 } },
      evidence: { kind: "patroni", scope: "orders", patroni: 8008, etcd: 2379 },
      endpoints: { primary: { port: 5432, route: "primary" } },
      status: 8404,
      maxLag: 0,
      timing: { hold: 30, silence: 10, drain: 60 },
      fallback: "role-check",
      open: false,
      whitelist: { "127.0.0.0/8": "the test" },
    }),
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: 0o644 });
  }
  mkdirSync(join(folder, "report"));
  chmodSync(join(folder, "report"), 0o777);
  chmodSync(folder, 0o755);
}

/** The most connections that the write endpoint accepts: 0 while it is held. */
const frontendLimit = (sh: Portal["sh"]) =>
  sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show stat in_primary 1 -1" >&7; cat <&6' | cut -d, -f7 | tail -n +2`,
    "agent:steering",
  ).then((text) => text.trim());

const say = (sh: Portal["sh"], command: string) =>
  sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "${command}" >&7; cat <&6'`,
    "agent:steering",
  );

const healthOf = async ({ container }: Portal) => (await container.inspect()).State.Health?.Status;

test("a started portal has no process of root's, and no capability is left in any", async (t) => {
  const it = await portal(t);
  await until("HAProxy runs", 15_000, async () => (await frontendLimit(it.sh)) === "10000");

  const statuses = (await it.sh("cat /proc/[0-9]*/status")).split(/^(?=Name:)/m);
  const processes = statuses
    .map((status) => {
      const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
      return {
        name: field("Name"),
        user: field("Uid"),
        capabilities: [field("CapPrm"), field("CapEff"), field("CapInh"), field("CapAmb")],
        mayGain: field("NoNewPrivs") !== "1",
      };
    })
    // The shell that looks is Docker's, not the container's.
    .filter(({ name }) => name !== "sh" && name !== "cat");
  const names = processes.map(({ name }) => name);
  for (const name of ["s6-svscan", "s6-supervise", "haproxy", "node", "mawk"]) {
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  }
  for (const { name, user, capabilities, mayGain } of processes) {
    assert.notEqual(user, "0", `${name} runs as root`);
    assert.deepEqual(new Set(capabilities), new Set(["0000000000000000"]), `${name}`);
    assert.equal(mayGain, false, `${name}`);
  }
});

test("only the agent's user can steer HAProxy", async (t) => {
  const it = await portal(t);
  await until("HAProxy runs", 15_000, async () => (await frontendLimit(it.sh)) === "10000");
  const stranger = await it.sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show info" >&7; cat <&6' 2>&1`,
    "nobody",
  );
  assert.match(stranger, /Permission denied/);
});

test("a portal whose document is in force is healthy, and SIGTERM ends it promptly", async (t) => {
  const it = await portal(t);
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const since = performance.now();
  await it.container.stop({ t: 8 });
  assert.ok(performance.now() - since < 5_000);
});

test("HAProxy comes up with its last config when the agent can't, closed", async (t) => {
  const first = await portal(t);
  await until(
    "the config is written",
    15_000,
    async () => (await frontendLimit(first.sh)) === "10000",
  );
  await first.container.stop({ t: 5 });

  const second = await portal(t, first);
  rmSync(join(second.folder, "identity/portal.json"));
  await second.container.restart({ t: 5 });

  await until("HAProxy runs", 15_000, async () => (await frontendLimit(second.sh)) === "10000");
  assert.match(await say(second.sh, "show servers state primary"), / orders-1 127\.0\.9\.1 0 /);
});

test("a hold that its agent left behind ends with the agent, though no other one starts", async (t) => {
  const it = await portal(t);
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  rmSync(join(it.folder, "identity/portal.json"));
  const agents =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in 'node '*) echo ${p#/proc/};; esac; done";
  const pid = (await it.sh(agents, "agent:steering")).trim();
  await it.sh(`kill -STOP ${pid}`, "agent:steering");
  await say(it.sh, "set maxconn frontend in_primary 0");
  assert.equal(await frontendLimit(it.sh), "0");

  await it.sh(`kill -KILL ${pid}`, "agent:steering");

  await until("the hold has ended", 6_000, async () => (await frontendLimit(it.sh)) === "10000");
});

test("HAProxy's own lines come out as JSON like the agent's", async (t) => {
  const it = await portal(t);
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const logs = (await it.container.logs({ stdout: true, stderr: true, follow: false })).toString();
  const lines = logs
    .split("\n")
    .map((line) => line.slice(8))
    .filter((line) => line !== "");
  assert.ok(lines.length > 3);
  for (const line of lines) {
    const { level, time, msg } = JSON.parse(line);
    assert.match(level, /^(info|warn|error)$/);
    assert.ok(!Number.isNaN(Date.parse(time)) && typeof msg === "string", line);
  }
  assert.ok(lines.some((line) => /"source":"haproxy"/.test(line)));
});
