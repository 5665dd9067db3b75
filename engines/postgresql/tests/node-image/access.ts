import assert from "node:assert/strict";
import { test } from "node:test";
import { exec } from "../../../../tests/support/containers.ts";
import type { Cluster } from "./cluster.ts";

export function accessTests(cluster: () => Cluster): void {
  const etcdctl = (args: readonly string[], env: readonly string[] = []) =>
    exec(cluster().client, ["/usr/bin/etcdctl", "--command-timeout=3s", ...args], "", [
      `ETCDCTL_ENDPOINTS=https://${cluster().address("orders-1")}:2379`,
      "ETCDCTL_CACERT=/keys/ca.crt",
      ...env,
    ]);
  const identity = ["ETCDCTL_CERT=/keys/client.crt", "ETCDCTL_KEY=/keys/client.key"];

  /** Answers with the status, or the TLS alert: urllib is what the image has to speak HTTP. */
  const rest = (method: string, path: string, certificate: boolean) =>
    exec(cluster().client, [
      "python3",
      "-c",
      `
import ssl, urllib.request, urllib.error
context = ssl.create_default_context(cafile="/keys/ca.crt")
if ${certificate ? "True" : "False"}: context.load_cert_chain("/keys/client.crt", "/keys/client.key")
request = urllib.request.Request("https://${cluster().address("orders-1")}:8008${path}", method="${method}", data=b"{}" if "${method}" != "GET" else None)
try: print(urllib.request.urlopen(request, context=context, timeout=3).status)
except urllib.error.HTTPError as error: print(error.code)
except OSError as error: print(error)
`,
    ]);

  test("a client connects with TLS, the certificate fully verified, and a SCRAM password", async () => {
    const { code, output } = await cluster().connect(
      "SELECT current_user, ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      "sslmode=verify-full&require_auth=scram-sha-256",
    );

    assert.equal(code, 0, output);
    assert.match(output, /^orders\|t\|TLSv1\.[23]$/m);
  });

  test("the application owns its database and is no superuser", async () => {
    const { output } = await cluster().connect(
      "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = current_user",
    );
    assert.equal(output.trim(), "f|f|f|f");
    const made = await cluster().connect("CREATE SCHEMA mine");
    assert.equal(made.code, 0, made.output);
  });

  test("of TLS 1.2 no cipher is taken that has CBC or no forward secrecy", async () => {
    const offer = (cipher: string) =>
      `openssl s_client -starttls postgres -tls1_2 -cipher ${cipher} -connect ${cluster().address("orders-1")}:5432 </dev/null 2>&1 | grep 'Cipher is'`;
    const taken = await Promise.all(
      ["ECDHE+AESGCM", "ECDHE+SHA1:ECDHE+SHA256:@SECLEVEL=0", "kRSA:@SECLEVEL=0"].map(
        async (cipher) => (await exec(cluster().client, ["sh", "-c", offer(cipher)])).output,
      ),
    );

    assert.match(taken[0] ?? "", /Cipher is ECDHE-\w+-AES256-GCM-SHA384/);
    for (const output of taken.slice(1)) assert.match(output, /Cipher is \(NONE\)/);
  });

  const refused = [
    ["without TLS", "sslmode=disable", "orders", undefined, /no encryption/],
    ["with a wrong password", "", "orders", "wrong", /password authentication failed/],
    ["as the superuser", "", "postgres", "superuser", /rejects connection.*"postgres"/],
    [
      "as the replication user",
      "",
      "replicator",
      "replication",
      /rejects connection.*"replicator"/,
    ],
    [
      "with TLS 1.1",
      "sslmode=require&ssl_min_protocol_version=TLSv1&ssl_max_protocol_version=TLSv1.1",
      "orders",
      undefined,
      /SSL error/,
    ],
  ] as const;
  for (const [how, parameters, user, password, why] of refused) {
    test(`a client is refused ${how}`, async () => {
      const secret = password ? (cluster().secrets[password] ?? password) : undefined;
      const { code, output } = await cluster().connect("SELECT 1", parameters, user, secret);

      assert.notEqual(code, 0);
      assert.match(output, why);
    });
  }

  test("etcd talks to nobody without a certificate, and says nothing without a login", async () => {
    const bare = await etcdctl(["get", "--prefix", "/service/"]);
    assert.notEqual(bare.code, 0);
    assert.match(bare.output, /certificate required|bad certificate|context deadline exceeded/);

    const nameless = await etcdctl(["get", "--prefix", "/service/"], identity);
    assert.notEqual(nameless.code, 0);
    assert.match(nameless.output, /user name is empty|permission denied/);
  });

  test("a portal reads its cluster in etcd, and can neither write nor look beyond it", async () => {
    const portal = [...identity, `ETCDCTL_USER=portal:${cluster().secrets.etcdPortal}`];

    const own = await etcdctl(["get", "--prefix", "/service/orders/", "--keys-only"], portal);
    assert.match(own.output, /^\/service\/orders\/leader$/m);
    for (const beyond of [
      ["put", "/service/orders/leader", "orders-1"],
      ["del", "/service/orders/leader"],
      ["get", "--prefix", "/service/"],
    ]) {
      const { code, output } = await etcdctl(beyond, portal);
      assert.notEqual(code, 0, beyond.join(" "));
      assert.match(output, /permission denied/);
    }
  });

  test("Patroni's REST API asks for a certificate, and for a password before it acts", async () => {
    assert.match(
      (await rest("GET", "/patroni", false)).output,
      /certificate required|reset by peer/,
    );
    assert.equal((await rest("GET", "/patroni", true)).output.trim(), "200");
    for (const path of ["/restart", "/switchover", "/reinitialize"]) {
      assert.equal((await rest("POST", path, true)).output.trim(), "401", path);
    }
  });
}
