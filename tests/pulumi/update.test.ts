import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { appendFile, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { parseDocument } from "../../proxy-image/src/contract.ts";
import type { Stack } from "../support/cli.ts";
import { freePlace, withStack } from "../support/cli.ts";
import { orders, previewText, up } from "./without-containers.ts";

const BERLIN = { "203.0.113.0/24": "Berlin office" };

/** Files below the directory of the deployment. */
const at = (stack: Stack, ...path: string[]): string =>
  join(stack.project, ".portico", stack.name, "orders", ...path);

test("a stack's life without its containers", async (t) => {
  const place = { "portico:local": await freePlace("portico-files") };
  await withStack({ config: { ...place, ...orders({ whitelist: BERLIN }) } }, async (stack) => {
    await up(stack);

    await t.test("a second update changes nothing", async () => {
      assert.deepEqual(Object.keys(await up(stack)), ["same"]);
    });

    await t.test("no private key and no password is in the state in clear", async () => {
      const state = JSON.stringify(await stack.export());
      const secrets: Record<string, string> = JSON.parse(
        await readFile(at(stack, "nodes", "orders-1", "secrets.json"), "utf8"),
      );
      assert.equal(Object.keys(secrets).length, 8);
      for (const [use, password] of Object.entries(secrets))
        assert.ok(!state.includes(password), `the password for ${use} is in the state`);
      assert.ok(!state.includes("PRIVATE KEY"));
      assert.ok(state.includes("BEGIN CERTIFICATE"), "looked in the wrong place");
    });

    await t.test("the files of a deployment are closed to others on this machine", async () => {
      assert.equal((await stat(at(stack))).mode & 0o777, 0o700);
    });

    await t.test(
      "an edit of the whitelist is one line for each block, of the document alone",
      async () => {
        const whitelist = { ...BERLIN, "198.51.100.7/32": "CI runner", "2001:db8::/32": "Paris" };
        await stack.configure({ ...place, ...orders({ whitelist }) });

        const lines = (await previewText(stack)).split("\n");

        assert.deepEqual(changed(lines), [
          '+ 198.51.100.7/32: "CI runner"',
          '+ 2001:db8::/32  : "Paris"',
        ]);
        assert.deepEqual(
          lines.filter((line) => /\[urn=/.test(line) && !/Stack::/.test(line)).map(nameOf),
          ["portico:local:Deployment$portico:index:Document::orders"],
        );
        assert.deepEqual(await up(stack), { same: 109, update: 1 });
        const parsed = parseDocument(
          await readFile(at(stack, "document", "document.json"), "utf8"),
        );
        assert.deepEqual(parsed.kind === "document" && parsed.document.whitelist, whitelist);
      },
    );

    await t.test("a file that was changed or lost is seen, and mended", async () => {
      const key = at(stack, "nodes", "orders-1", "server.key");
      const good = await readFile(key, "utf8");
      await appendFile(key, "tampered");
      await rm(at(stack, "nodes", "orders-2", "node.json"));

      const { create, update } = await up(stack, "--refresh");

      assert.deepEqual({ create, update }, { create: 1, update: 1 });
      assert.equal(await readFile(key, "utf8"), good);
      await stat(at(stack, "nodes", "orders-2", "node.json"));
    });

    await t.test(
      "taken down and brought up again it has the same passwords and authority",
      async () => {
        const before = await known(stack);
        await stack.destroy("--exclude-protected");
        await up(stack);
        const after = await known(stack);

        assert.equal(after.password, before.password);
        // The certificate may be another one; whoever kept the old one goes on trusting what its key has signed.
        const server = await readFile(at(stack, "nodes", "orders-1", "server.crt"), "utf8");
        assert.ok(new X509Certificate(server).verify(new X509Certificate(before.ca).publicKey));
      },
    );
  });
});

function changed(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.trim()).filter((line) => /^[+-] \S+\s*: /.test(line));
}

function nameOf(line: string): string {
  return line
    .replace(/.*\[urn=/, "")
    .replace(/\].*/, "")
    .split("::")
    .slice(2)
    .join("::");
}

async function known(stack: Stack): Promise<{ readonly password: string; readonly ca: string }> {
  const { deployments } = (await stack.outputs()) as {
    deployments: { orders: { password: string; ca: string } };
  };
  return deployments.orders;
}
