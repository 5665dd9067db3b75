import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { UNKNOWN } from "../../tools/airgap/plugin/kind.ts";
import { standInForAws } from "../support/aws/on-path.ts";
import { type Preview, type Stack, withStack } from "../support/cli.ts";

const project = join(import.meta.dirname, "stack");
/** Of the program, without stack and provider. */
const RESOURCES = 12;
const TAGS = { Name: "orders", owner: "platform", "portico:stack": "test" };

standInForAws();

test("before anything is made", async (t) => {
  await withStack({ project }, async (stack) => {
    await t.test("a preview shows every input, and what only AWS can know as unknown", async () => {
      const { steps } = await stack.preview();
      assert.deepEqual([...new Set(steps.map(({ op }) => op))], ["create"]);
      assert.deepEqual(inputs({ steps }, "vpc:Vpc::orders"), {
        assignGeneratedIpv6CidrBlock: true,
        cidrBlock: "10.0.0.0/16",
        region: "eu-central-1",
        tags: { Name: "orders" },
        tagsAll: TAGS,
      });
      assert.deepEqual(inputs({ steps }, "EipAssociation::orders-portal-1"), {
        allocationId: UNKNOWN,
        networkInterfaceId: UNKNOWN,
        region: "eu-central-1",
      });
      const { name, __defaults } = inputs({ steps }, "SecurityGroup::orders-portals");
      assert.match(String(name), /^orders-portals-[0-9a-f]{7}$/);
      assert.deepEqual(__defaults, ["name"]);
      const { bucket, key, source } = inputs({ steps }, "BucketObjectv2::image");
      assert.match(String(bucket), /^bucket-[0-9a-f]{7}$/);
      assert.equal(key, "image");
      assert.equal(Reflect.get(Object(source), "text"), "an image");
    });

    await t.test("an unknown property and an unknown type are refused by name", async () => {
      const says = async (raw: Record<string, unknown>, message: RegExp) => {
        await stack.configure(settings({ raw }));
        await assert.rejects(stack.previewText(), message);
      };
      await says(
        { type: "aws:ec2/vpc:Vpc", cidrBlok: "10.0.0.0/16" },
        /no property of aws:ec2\/vpc:Vpc "cidrBlok"; did you mean "cidrBlock"\?/,
      );
      await says(
        { type: "aws:ec2/eipp:Eipp" },
        /knows no type "aws:ec2\/eipp:Eipp"; did you mean "aws:ec2\/eip:Eip"\?/,
      );
    });
  });
});

test("from the first update to the last", async (t) => {
  await withStack({ project }, async (stack) => {
    await t.test("the first makes everything, with what AWS would say of it", async () => {
      assert.deepEqual(await stack.up(), { create: RESOURCES + 2 });
      const made = await found(stack);
      assert.match(String(made.instance), /^i-0[0-9a-f]{16}$/);
      assert.match(String(made.publicIp), /^(203\.0\.113|198\.51\.100)\.\d+$/);
      assert.match(String(made.ipv6), /^2001:db8:[0-9a-f]+:[0-9a-f]+00::\/56$/);
      assert.match(String(made.volume), /^arn:aws:ec2:eu-central-1:123456789012:volume\/vol-0/);
      assert.equal(made.privateIp, "10.0.1.10");
      assert.deepEqual(made.tags, TAGS);
    });

    await t.test("the second changes nothing, nor does a refresh", async () => {
      assert.deepEqual(await stack.up(), { same: RESOURCES + 2 });
      assert.deepEqual(await stack.up("--refresh"), { same: RESOURCES + 2 });
    });

    await t.test("another block changes a rule in place", async () => {
      assert.deepEqual(await changed(stack, { allowed: "198.51.100.0/24" }), {
        "SecurityGroupIngressRule::orders-office": ["update", { cidrIpv4: "update" }],
      });
    });
    await t.test("a block of the other family replaces it", async () => {
      assert.deepEqual(await changed(stack, { allowed: "2001:db8::/48" }), {
        "SecurityGroupIngressRule::orders-office": [
          "replace",
          { cidrIpv4: "delete-replace", cidrIpv6: "add-replace" },
        ],
      });
    });
    await t.test("another block replaces a subnet, and what is in it", async () => {
      assert.deepEqual(await changed(stack, { subnetCidr: "10.0.2.0/24" }), {
        "EipAssociation::orders-portal-1": ["replace", { networkInterfaceId: "update-replace" }],
        "Instance::orders-1": [
          "replace",
          { "primaryNetworkInterface.networkInterfaceId": "update-replace" },
        ],
        "NetworkInterface::orders-1": ["replace", { subnetId: "update-replace" }],
        "Subnet::orders-a": ["replace", { cidrBlock: "update-replace" }],
      });
    });
    await t.test("user data changes in place, unless it is asked to replace", async () => {
      const userData = "#!/bin/sh";
      assert.deepEqual(await changed(stack, { instance: { userData } }), {
        "Instance::orders-1": ["update", { userData: "add" }],
      });
      const replacing = { userData, userDataReplaceOnChange: true };
      assert.deepEqual(await changed(stack, { instance: replacing }), {
        "Instance::orders-1": [
          "replace",
          { userData: "add-replace", userDataReplaceOnChange: "add" },
        ],
      });
    });
    await t.test("a default tag changes everything that has tags, in place", async () => {
      const changes = await changed(stack, { owner: "databases" });
      assert.equal(Object.keys(changes).length, RESOURCES - 1);
      assert.deepEqual(changes["Vpc::orders"], ["update", { "tagsAll.owner": "update" }]);
    });

    await t.test("an update keeps ids; what it replaces gets another", async () => {
      const before = await found(stack);
      await stack.configure(settings({ allowed: "198.51.100.0/24", content: "new" }));
      assert.deepEqual(await stack.up(), { same: RESOURCES, update: 2 });
      const updated = await found(stack);
      assert.notEqual(updated.etag, before.etag);
      assert.deepEqual({ ...updated, etag: before.etag }, before);

      await stack.configure(settings({ subnetCidr: "10.0.2.0/24" }));
      assert.equal((await stack.up()).replace, 4);
      const replaced = await found(stack);
      assert.notEqual(replaced.subnet, before.subnet);
      assert.equal(replaced.volume, before.volume);
    });

    await t.test("destroy leaves nothing", async () => {
      await stack.destroy();
      assert.deepEqual((await stack.export()).resources ?? [], []);
    });
  });
});

test("what the program says itself is kept", async (t) => {
  await withStack({ project }, async (stack) => {
    await stack.configure(settings({ groupName: "portals" }));
    await stack.run("config", "set", "--secret", "content", "hunter2", ...stack.configArguments);
    await stack.up();

    await t.test("a secret stays one", async () => {
      assert.doesNotMatch(JSON.stringify(await stack.export()), /hunter2/);
    });
    await t.test("under a given name, the old resource goes before the new one comes", async () => {
      await stack.configure(settings({ groupName: "doors" }));
      const options = ["--json", "--show-replacement-steps"];
      const { steps } = JSON.parse(
        await stack.run("preview", ...stack.configArguments, ...options),
      ) as Preview;
      assert.deepEqual(
        steps.filter(({ urn }) => urn.endsWith("::orders-portals")).map(({ op }) => op),
        ["delete-replaced", "replace", "create-replacement"],
      );
    });
  });
});

function settings(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`aws-stand-in:${name}`, value]),
  );
}

async function found(stack: Stack): Promise<Record<string, unknown>> {
  return Object((await stack.outputs()).found);
}

/** What an update with these settings would change: type and name, what is done, and to which properties. */
async function changed(stack: Stack, values: Record<string, unknown>) {
  await stack.configure(settings(values));
  const { steps } = await stack.preview();
  return Object.fromEntries(
    steps
      .filter(({ op, urn }) => op !== "same" && !/::pulumi:/.test(urn))
      .map(({ op, urn, detailedDiff }) => [
        urn.split(":").slice(-3).join(":"),
        [
          op,
          Object.fromEntries(
            Object.entries(detailedDiff ?? {}).map(([path, { kind }]) => [path, kind]),
          ),
        ],
      ]),
  );
}

function inputs({ steps }: Pick<Preview, "steps">, urnEnd: string): Record<string, unknown> {
  const step = steps.find(({ urn }) => urn.endsWith(urnEnd));
  return { ...step?.newState?.inputs };
}
