import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Authority } from "../support/authority.ts";
import { logsOf } from "../support/containers.ts";
import { networkFor } from "../support/docker.ts";
import {
  DOCUMENT,
  type PortalContainer,
  portalFor,
  putDocument,
} from "../support/portal-container.ts";
import { ENTERING } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** The most connections that the write endpoint accepts: 0 while it is held. */
const frontendLimit = (sh: PortalContainer["sh"], frontend = "in_primary") =>
  sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show stat -1 1 -1" >&7; cat <&6' | grep '^${frontend},' | cut -d, -f7`,
    "agent:steering",
  ).then((text) => text.trim());

const letsIn = async (sh: PortalContainer["sh"], frontend?: string): Promise<boolean> =>
  Number(await frontendLimit(sh, frontend)) > 0;

const send = (sh: PortalContainer["sh"], command: string) =>
  sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "${command}" >&7; cat <&6'`,
    "agent:steering",
  );

const healthOf = async ({ container }: PortalContainer) =>
  (await container.inspect()).State.Health?.Status;

test("a portal takes fewer connections with TLS where its container has little memory", async (t) => {
  const { certificate, key } = await (await Authority.create()).issue(["localhost"]);
  const endpoints = { primary: { port: 5432, route: "primary", tls: true } } as const;
  const it = await portalFor(t, {
    memory: 320,
    document: { ...DOCUMENT, endpoints },
    identity: { "server.crt": certificate, "server.key": key },
  });
  await until("HAProxy runs", 30_000, () => letsIn(it.sh));

  const limit = Number(await frontendLimit(it.sh));
  assert.ok(limit > 1_000 && limit < 3_000, `it takes ${limit}`);
});

test("a started portal has no process of root's, and no capability is left in any", async (t) => {
  const it = await portalFor(t);
  await until("HAProxy runs", 15_000, () => letsIn(it.sh));

  const statuses = (await it.sh("cat /proc/[0-9]*/status 2>/dev/null || true")).split(
    /^(?=Name:)/m,
  );
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
    // What looks, and a health check, are Docker's and not the container's.
    .filter(({ name = "" }) => name !== "sh" && name !== "cat" && !ENTERING.test(name));
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

test("only the agent's user can steer HAProxy and write the report, and nobody but HAProxy shares its secrets", async (t) => {
  const it = await portalFor(t);
  await until("HAProxy runs", 15_000, () => letsIn(it.sh));
  const stranger = await it.sh(
    `s6-ipcclient /run/haproxy/admin.sock sh -c 'echo "show info" >&7; cat <&6' 2>&1`,
    "nobody",
  );
  assert.match(stranger, /Permission denied/);

  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const report = join(it.folder, "report/applied.json");
  for (const user of ["nobody", "tunnel", "haproxy"]) {
    const tried = await it.sh(
      "for f in applied.json applied.json.next; do echo forged >/agent/report/$f; rm /agent/report/$f; done 2>&1",
      user,
    );
    assert.equal(tried.match(/Permission denied/g)?.length, 4, `${user}: ${tried}`);
  }
  assert.equal(JSON.parse(readFileSync(report, "utf8")).portal, "orders-portal-1");
  const files = "cat /etc/portico/identity/client.key /etc/portico/identity/secrets.json 2>&1";
  for (const user of ["nobody", "tunnel"]) {
    const read = await it.sh(files, user);
    assert.equal(read.match(/Permission denied/g)?.length, 2, `${user}: ${read}`);
  }
  for (const user of ["agent:steering", "haproxy"])
    assert.match(await it.sh(files, user), /PRIVATE KEY[\s\S]*"password"/, user);
});

test("a portal answers those who come from outside, and opens no connection there", async (t) => {
  const { name, subnet } = await networkFor(t, { internal: false });
  const gateway = subnet.replace("0/24", "1");
  const host = createServer((socket) => socket.destroy());
  await new Promise<void>((ready) => void host.listen(0, "0.0.0.0", ready));
  t.after(() => host.close());
  const { port } = host.address() as AddressInfo;
  const it = await portalFor(t, {
    network: name,
    document: { ...DOCUMENT, whitelist: { [subnet]: "the test" } },
  });
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const { NetworkSettings } = await it.container.inspect();
  const address = NetworkSettings.Networks[name]?.IPAddress;

  const answer = await fetch(`http://${address}:8404/status`);
  assert.equal(answer.status, 200);
  const run = (script: string, user: string) => it.sh(`node -e '${script}'`, user);
  for (const user of ["agent", "haproxy", "tunnel", "nobody", "root"]) {
    const tcp = `require("net").connect(${port}, "${gateway}", () => { console.log("open"); process.exit(); }).on("error", (e) => console.log(e.code))`;
    assert.equal((await run(tcp, user)).trim(), "ECONNREFUSED", user);
  }
  const udp = `const s = require("dgram").createSocket("udp4"); s.send("?", 53, "${gateway}", (e) => { console.log(e ? e.code : "sent"); s.close(); })`;
  assert.equal((await run(udp, "agent")).trim(), "EPERM");
});

test("a portal whose document is in force is healthy, and SIGTERM ends it promptly", async (t) => {
  const it = await portalFor(t);
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const since = performance.now();
  await it.container.stop({ t: 8 });
  assert.ok(performance.now() - since < 5_000);
});

test("on a full disk a new whitelist is in force all the same, with one alarm, and is kept once there is room", async (t) => {
  const it = await portalFor(t, { volume: "4m" });
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  const processes = () => it.sh("pgrep -x haproxy; pgrep -x node", "root");
  const before = await processes();
  const logs = () => logsOf(it.container.id);
  const report = () => JSON.parse(readFileSync(join(it.folder, "report/applied.json"), "utf8"));

  await it.sh("cat /dev/zero > /var/lib/portico/fill", "agent");
  const old = report().digest;
  // Without this machine.
  putDocument(it, { ...DOCUMENT, whitelist: { "192.0.2.0/24": "new" } });
  const alarm = /"alarm":true[^\n]*The whitelist is in force, and can't be kept[^\n]*ENOSPC/g;
  await until("an alarm", 20_000, async () => alarm.test(await logs()));
  await it.sh(
    'node -e \'require("net").connect(5432, "127.0.0.1").on("error", () => {})\'',
    "agent",
  );
  await until("a refusal", 10_000, async () => /not on the whitelist/.test(await logs()));
  await sleep(3000);
  assert.equal((await logs()).match(alarm)?.length, 1);
  assert.equal(report().digest, null);

  await it.sh("rm /var/lib/portico/fill", "agent");
  await until("a whitelist that is kept", 30_000, () => ![null, old].includes(report().digest));
  assert.match(await it.sh("cat /var/lib/portico/haproxy/whitelist.map", "agent"), /192\.0\.2\.0/);
  assert.equal(await processes(), before);
});

test("HAProxy comes up with its last config when the agent can't, closed", async (t) => {
  const first = await portalFor(t);
  await until("the config is written", 15_000, () => letsIn(first.sh));
  await first.container.stop({ t: 5 });

  const second = await portalFor(t, { former: first });
  rmSync(join(second.folder, "identity/portal.json"));
  await second.container.restart({ t: 5 });

  await until("HAProxy runs", 15_000, () => letsIn(second.sh));
  assert.match(await send(second.sh, "show servers state primary"), / orders-1 127\.0\.9\.1 0 /);
});

test("a portal takes over the volume of a build whose whitelist was a file without ends", async (t) => {
  const first = await portalFor(t);
  await until("it is healthy", 20_000, async () => (await healthOf(first)) === "healthy");
  // As that build wrote it.
  const older = [
    "cd /var/lib/portico/haproxy",
    "sed -i -e '/set-var(sess.until)/d' -e '/acl lasting/d' -e 's/ or !lasting//'" +
      " -e 's,acl listed .*,acl listed src -f /var/lib/portico/haproxy/whitelist.lst,' haproxy.cfg",
    "cut -d' ' -f1 whitelist.map > whitelist.lst",
    "rm whitelist.map",
    "grep -c whitelist.lst haproxy.cfg; grep -c whitelist.map haproxy.cfg",
  ].join(" && ");
  assert.equal(await first.sh(older, "agent:steering"), "2\n0\n");
  await first.container.stop({ t: 5 });

  const second = await portalFor(t, { former: first });
  await until("it is healthy", 20_000, async () => (await healthOf(second)) === "healthy");
  const lists = await send(second.sh, "show map /var/lib/portico/haproxy/whitelist.map");
  assert.match(lists, /^\S+ 127\.0\.0\.0\/8 253402300799000$/m);
});

const HELD = ["in_primary", "crowd_primary"];

test("a hold that its agent left behind ends with the agent, though no other one starts", async (t) => {
  const it = await portalFor(t);
  await until("it is healthy", 20_000, async () => (await healthOf(it)) === "healthy");
  rmSync(join(it.folder, "identity/portal.json"));
  const agents =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' <$p/cmdline) in 'node '*) echo ${p#/proc/};; esac; done 2>/dev/null";
  const pid = (await it.sh(agents, "agent:steering")).trim();
  await it.sh(`kill -STOP ${pid}`, "agent:steering");
  for (const frontend of HELD) {
    await send(it.sh, `set maxconn frontend ${frontend} 0`);
    assert.equal(await frontendLimit(it.sh, frontend), "0");
  }

  await it.sh(`kill -KILL ${pid}`, "agent:steering");

  for (const frontend of HELD)
    await until(`${frontend} lets in`, 6_000, () => letsIn(it.sh, frontend));
});

test("HAProxy's own lines come out as JSON like the agent's", async (t) => {
  const it = await portalFor(t);
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
