import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../support/until.ts";
import { PORT, sshPortalFor } from "./portal.ts";

/** Options of OpenSSH's client, and what it or the portal then says. */
const REFUSED: readonly (readonly [what: string, key: string, options: string, pattern: RegExp])[] =
  [
    ["a shell", "ann", "", /open failed/],
    ["a shell with a terminal", "ann", "-tt", /open failed/],
    ["a command", "ann", "id", /open failed/],
    ["a command with the agent forwarded", "ann", "-A id", /open failed/],
    ["a command with X11 forwarded", "ann", "-Y id", /open failed/],
    ["sftp", "ann", "-s sftp", /open failed/],
    ["a port of the portal for the client's side", "ann", "-N -R 9000:127.0.0.1:5432", /failed/],
    [
      "a socket of the portal for the client's side",
      "ann",
      "-N -R /tmp/s:127.0.0.1:5432",
      /failed/,
    ],
    ["a network device", "ann", "-N -w 0:0", /failed/],
    ["the agent's own port", "ann", "-W 127.0.0.1:8405", /administratively prohibited/],
    ["the SSH portal again", "ann", `-W 127.0.0.1:${PORT}`, /administratively prohibited/],
    ["the status page", "ann", "-W 127.0.0.1:8404", /administratively prohibited/],
    ["an endpoint by another name", "ann", "-W localhost:5432", /administratively prohibited/],
    ["an endpoint over IPv6", "ann", "-W [::1]:5432", /administratively prohibited/],
    ["another machine", "ann", "-W 10.0.0.1:5432", /administratively prohibited/],
    ["a node past the portal", "ann", "-W 127.0.9.1:5432", /administratively prohibited/],
    ["a key that is not listed", "stranger", "-N", /Permission denied \(publickey\)/],
    ["another user", "ann", "-N -l root", /Permission denied \(publickey\)/],
    ["a user that is not there", "ann", "-N -l nobody-at-all", /Permission denied \(publickey\)/],
    [
      "a password",
      "ann",
      "-N -o PubkeyAuthentication=no -o PreferredAuthentications=password",
      /Permission denied \(publickey\)/,
    ],
    [
      "an answer to a question",
      "ann",
      "-N -o PubkeyAuthentication=no -o PreferredAuthentications=keyboard-interactive",
      /Permission denied \(publickey\)/,
    ],
    ["an old cipher", "ann", "-N -c aes128-cbc", /no matching cipher/],
    [
      "an old key exchange",
      "ann",
      "-N -o KexAlgorithms=diffie-hellman-group14-sha256",
      /no matching/,
    ],
    ["a host key of another kind", "ann", "-N -o HostKeyAlgorithms=rsa-sha2-512", /no matching/],
  ];

test("everything but a tunnel to an endpoint is refused to OpenSSH's client", async (t) => {
  const { client, lines } = await sshPortalFor(t);

  for (const [what, key, options, pattern] of REFUSED)
    await t.test(`${what} is refused`, async () => {
      const { code, output } = await client.ssh(key, options);
      assert.equal(code, 255, output);
      assert.match(output, pattern);
    });

  await t.test("a client's SOCKS proxy and its sockets lead nowhere else either", async () => {
    const options = "-D 1080 -L /tmp/admin.sock:/run/haproxy/admin.sock";
    assert.equal((await client.open("socks", "ann", options)).code, 0);
    const probe = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/1080
      printf "\\5\\1\\0\\5\\1\\0\\1\\12\\0\\0\\1\\25\\70" >&3; timeout 5 od -An -tx1 <&3'`;
    // 05 00: no login asked for; then 05 and anything but 00: not connected. OpenSSH just closes.
    const { output } = await client.sh(probe);
    assert.match(output.trim(), /^05 00( 05 0[1-9].*)?$/);
    await client.sh(
      `perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new("/tmp/admin.sock"); print <$s>'`,
    );
    await until("both are in the log", 10_000, async () => {
      const logged = await lines(({ level, key }) => level === "warn" && key === "ann");
      const texts = logged.map(({ msg }) => String(msg));
      return (
        texts.some((msg) => /10\.0\.0\.1 port 5432: refused/.test(msg)) &&
        texts.some((msg) => /admin\.sock/.test(msg))
      );
    });
  });

  await t.test("the log says who was refused what, and who logged in", async () => {
    const reasons = new Set((await lines(({ source }) => source === "sshd")).map((l) => l.reason));
    for (const reason of [
      "not a listed key",
      "unknown user",
      "tunnels only",
      "no endpoint of this portal",
    ])
      assert.ok(reasons.has(reason), `${reason} is not among ${[...reasons]}`);
    const [login] = await lines(({ msg }) => msg === "ann has logged in");
    assert.equal(login?.client, client.address);
  });
});
