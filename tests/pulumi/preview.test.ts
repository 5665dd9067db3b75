import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import type { Preview } from "../support/cli.ts";
import { freePlace, withStack } from "../support/cli.ts";
import { orders } from "./without-containers.ts";

test("a preview of a fresh stack", async (t) => {
  const place = { "portico:local": await freePlace("portico-preview") };
  const config = { ...place, ...orders({ whitelist: { "203.0.113.0/24": "Berlin office" } }) };
  await withStack({ config }, async (stack) => {
    const preview = await stack.preview();

    await t.test("shows everything that it will have", () => {
      assert.deepEqual([...new Set(preview.steps.map(({ op }) => op))], ["create"]);
      assert.deepEqual(countTypes(preview), {
        "docker:index/container:Container": 5,
        "docker:index/image:Image": 2,
        "docker:index/network:Network": 2,
        "docker:index/volume:Volume": 5,
        "portico:index:Authority": 1,
        "portico:index:Certificate": 8,
        "portico:index:Directory": 9,
        "portico:index:Document": 1,
        "portico:index:File": 33,
        "portico:index:Folder": 5,
        "portico:index:Inventory": 1,
        "portico:index:Passwords": 1,
        "portico:local:Deployment": 1,
        "portico:local:Images": 1,
        "portico:local:Node": 3,
        "portico:local:Portal": 2,
        "portico:local:PrivateNetwork": 1,
        "portico:local:PublicNetwork": 1,
        "pulumi:pulumi:Stack": 1,
        "tls:index/certRequest:CertRequest": 8,
        "tls:index/locallySignedCert:LocallySignedCert": 8,
        "tls:index/privateKey:PrivateKey": 10,
        "tls:index/selfSignedCert:SelfSignedCert": 1,
      });
    });

    await t.test("leaves no log of the CLI's own", async () => {
      const { PULUMI_HOME = "" } = stack.environment();
      assert.equal((await stat(join(PULUMI_HOME, "logs"))).size, 0);
    });

    // Another name or parent is another resource: the data would be gone, and clients would know nobody.
    await t.test(
      "protects what holds data, identity and passwords, under the names that it keeps",
      () => {
        assert.deepEqual(
          preview.steps
            .filter(({ newState }) => newState !== undefined && "protect" in newState)
            .map(({ urn }) => nameOf([urn]))
            .sort(),
          [
            "portico:index:Inventory::inventory",
            "portico:local:Deployment$portico:index:Authority$tls:index/privateKey:PrivateKey::orders",
            "portico:local:Deployment$portico:index:Passwords$tls:index/privateKey:PrivateKey::orders",
            "portico:local:Deployment$portico:local:Node$docker:index/volume:Volume::orders-1-data",
            "portico:local:Deployment$portico:local:Node$docker:index/volume:Volume::orders-2-data",
            "portico:local:Deployment$portico:local:Node$docker:index/volume:Volume::orders-3-data",
            "portico:local:Deployment$portico:local:Portal$docker:index/volume:Volume::orders-portal-1-state",
            "portico:local:Deployment$portico:local:Portal$docker:index/volume:Volume::orders-portal-2-state",
          ],
        );
      },
    );

    await t.test("gives a node's /dev/shm half of its memory", async () => {
      await stack.configure({ ...place, ...orders({ whitelist: {}, memory: "8GiB" }) });
      const { steps } = await stack.preview();
      const nodes = steps.filter(({ urn }) => /container:Container::orders-\d$/.test(urn));
      assert.deepEqual(
        nodes.map(({ newState }) => newState?.inputs?.shmSize),
        [4096, 4096, 4096],
      );
    });

    await t.test("gives a node more than a minute to end in, whoever stops it", () => {
      const nodes = preview.steps.filter(({ urn }) => /container:Container::orders-\d$/.test(urn));
      assert.deepEqual(
        nodes.map(({ newState }) => {
          const { stopTimeout, destroyGraceSeconds } = newState?.inputs ?? {};
          return [stopTimeout, destroyGraceSeconds];
        }),
        Array.from({ length: 3 }, () => [70, 70]),
      );
    });

    await t.test("has nothing that depends on the whitelist but the document", async () => {
      await stack.configure({ ...place, ...orders({ whitelist: { "10.0.0.0/8": "VPN" } }) });
      const other = inputsByUrn(await stack.preview());

      assert.deepEqual(
        [...inputsByUrn(preview)].filter(([urn, inputs]) => other.get(urn) !== inputs).map(nameOf),
        ["portico:local:Deployment$portico:index:Document::orders"],
      );
    });
  });
});

test("a config with mistakes stops before any resource, and says all of them without a stack trace", async () => {
  await withStack(
    {
      config: orders({ nodes: 2, whitelst: {}, whitelist: { "10.0.0.1/8": "VPN" } }),
    },
    async (stack) => {
      const failure = await stack.up().then(
        () => assert.fail("went through"),
        (error: Error) => error.message,
      );

      assert.match(failure, /The stack config can't be used:/);
      assert.match(
        failure,
        /- deployments\.orders\.whitelist\["10\.0\.0\.1\/8"\]: has host bits set/,
      );
      assert.match(failure, /- deployments\.orders\.nodes: must be odd/);
      assert.match(
        failure,
        /- deployments\.orders: unknown key "whitelst"; did you mean "whitelist"/,
      );
      assert.doesNotMatch(failure, /at .*\.ts:\d+/);
      const { resources = [] } = await stack.export();
      assert.deepEqual(
        resources.map(({ type }) => type).filter((type) => type !== "pulumi:pulumi:Stack"),
        [],
      );
    },
  );
});

function countTypes({ steps }: Preview): Readonly<Record<string, number>> {
  const count: Record<string, number> = {};
  for (const { urn } of steps) {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    if (!type.startsWith("pulumi:providers:")) count[type] = (count[type] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(count).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function inputsByUrn({ steps }: Preview): ReadonlyMap<string, string> {
  return new Map(steps.map(({ urn, newState }) => [urn, JSON.stringify(newState?.inputs)]));
}

function nameOf([urn]: readonly [string, ...unknown[]]): string {
  return urn.split("::").slice(2).join("::");
}
