import assert from "node:assert/strict";
import { test } from "node:test";
import type { RowDataPacket } from "mysql2/promise";

import { closedToOthers } from "../../../../tests/support/closed-files.ts";
import { exec, execWell, logsOf, until } from "../../../../tests/support/containers.ts";
import { loneNodeFor } from "../../../../tests/support/lone-node.ts";
import { nodeImage } from "../../../../tests/support/node-image.ts";
import { MUCH, standingStill } from "../../../../tests/support/slow-way.ts";
import type { Target } from "../../../../tests/support/writer.ts";
import { sessionOn } from "../client.ts";

const PATIENCE = 240;
const MEMORY = 704;
const NAME = "shop-1";
const ROW = 2 ** 15;
const ALARM = /the password of shop was changed by hand/;

/** Prints each cipher of TLS 1.2 that the server takes from a client that offers nothing else. */
const TAKEN = `
import pymysql, ssl, sys
def context(ciphers):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    return made
offered = {c["name"] for c in context("ALL").get_ciphers() if c["protocol"] != "TLSv1.3"}
assert {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"} <= offered, offered
for cipher in sorted(offered):
    try: pymysql.connect(host=sys.argv[1], user="shop", password=sys.argv[2], ssl=context(cipher)).close()
    except pymysql.err.OperationalError as error:
        assert error.args[0] != 1045, error
    else: print(cipher)
`;

test("a node of the MySQL image", async (t) => {
  const image = await nodeImage("mysql");
  const secretsWith = (app: string) => ({
    app,
    replication: "of replication",
    portal: "of portal",
  });
  const { id, address, ca, put } = await loneNodeFor(t, {
    image,
    name: NAME,
    memory: MEMORY,
    description: { user: "shop", database: "shop" },
    secrets: secretsWith("leaked"),
    pairs: ["server", "peer"],
  });
  const ask = (password: string, statement: string) => {
    const options = [
      "--no-defaults",
      "-N",
      `--host=${address}`,
      "--user=shop",
      "--ssl-mode=REQUIRED",
    ];
    return exec(id, ["/usr/bin/mysql", ...options, "-e", statement], "", [`MYSQL_PWD=${password}`]);
  };
  const login = async (password: string) => (await ask(password, "SELECT 1")).code === 0;
  const health = async () =>
    (await exec(id, ["sh", "/usr/local/lib/portico/health"], "nobody")).output;
  // Its rights come a moment after the user.
  await until("the first password and its database", PATIENCE, async () => {
    return (await ask("leaked", "USE shop")).code === 0;
  });

  const { end } = await standingStill({ address, port: 3306 }, (port) =>
    readAndSend({
      host: "127.0.0.1",
      port,
      user: "shop",
      password: "leaked",
      database: "shop",
      ca,
    }),
  );

  await t.test("of TLS 1.2 no cipher is taken that has CBC or no forward secrecy", async () => {
    // The node's key is for ECDSA.
    const taken = await exec(id, ["python3", "-c", TAKEN, address, "leaked"], "nobody");
    assert.equal(taken.code, 0, taken.output);
    const ciphers = taken.output.trim().split(/\s+/);
    assert.ok(ciphers.length >= 3, `taken: ${ciphers}`);
    for (const cipher of ciphers) assert.match(cipher, /^ECDHE-ECDSA-.*(GCM|CCM|POLY1305)/);
  });

  await t.test(
    "a password changed by SQL stays so and raises an alarm, until the next rotation",
    async () => {
      const changed = await ask("leaked", "ALTER USER USER() IDENTIFIED BY 'by hand'");
      assert.equal(changed.code, 0, changed.output);
      await until("the alarm", PATIENCE, async () => ALARM.test(await health()));
      assert.match(await logsOf(id), /"level": "error".*changed by hand.*"alarm": true/);
      // A steward that starts anew undoes nothing.
      await execWell(id, ["s6-svc", "-t", "/run/portico/mysql/services/steward"], "mysql");
      await until("its successor's alarm", PATIENCE, async () => {
        return (await logsOf(id)).split(/"level": "error".*changed by hand/).length === 3;
      });
      assert.equal(await login("leaked"), false, "the leaked password lets in again");
      assert.equal(await login("by hand"), true);

      await put("secrets.json", JSON.stringify(secretsWith("of the next rotation")));
      await until("the password of the next rotation", PATIENCE, () =>
        login("of the next rotation"),
      );
      assert.equal(await login("by hand"), false);
      await until("the end of the alarm", PATIENCE, async () => !ALARM.test(await health()));
    },
  );

  await t.test(
    "each user of a node reads its own secrets alone, and changes neither settings nor programs",
    () => closedToOthers(id, { mysql: "all" }),
  );

  await t.test(
    "clients that stand still for more than a minute, reading or sending, get and send everything",
    async () => assert.deepEqual(await end, { read: MUCH, sent: MUCH }),
  );
});

async function readAndSend(target: Target): Promise<{ read: number; sent: number }> {
  const [reader, sender] = await Promise.all([sessionOn(target), sessionOn(target)]);
  const rows = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MUCH / ROW})
    SELECT REPEAT('x', ${ROW}) AS x FROM n`;
  const [[read], [sent]] = await Promise.all([
    reader.query<RowDataPacket[]>(rows),
    sender.query<RowDataPacket[]>("SELECT LENGTH(?) AS length", ["x".repeat(MUCH)]),
  ]);
  for (const session of [reader, sender]) session.destroy();
  return {
    read: read.reduce((sum, { x }) => sum + x.length, 0),
    sent: sent[0]?.length,
  };
}
