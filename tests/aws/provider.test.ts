import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { standInForAws } from "../support/aws/on-path.ts";
import { type Preview, type Stack, withStack } from "../support/cli.ts";

const project = join(import.meta.dirname, "stack");
/** Resources of the program, without stack and provider. */
const OWN = 12;

standInForAws();

test("a preview of a fresh stack shows every input and no address that only AWS can give", async () => {
  await withStack({ project }, async (stack) => {
    const { steps } = await stack.preview();

    assert.deepEqual([...new Set(steps.map(({ op }) => op))], ["create"]);
    assert.deepEqual(inputs({ steps }, "vpc:Vpc::orders"), {
      assignGeneratedIpv6CidrBlock: true,
      cidrBlock: "10.0.0.0/16",
      region: "eu-central-1",
      tags: { Name: "orders" },
      tagsAll: { Name: "orders", owner: "platform", "portico:stack": "test" },
    });
    const { name, __defaults } = inputs({ steps }, "SecurityGroup::orders-portals");
    assert.match(String(name), /^orders-portals-[0-9a-f]{7}$/);
    assert.deepEqual(__defaults, ["name"]);
    assert.equal(inputs({ steps }, "BucketObjectv2::image").key, "image");
    const texts = steps.map((step) => JSON.stringify(step));
    assert.ok(!texts.some((text) => /"(?:publicIp|arn)":"(?!04da6b54)/.test(text)));
  });
});

test("an update makes everything, a second one nothing, and destroy takes it away", async () => {
  await withStack({ project }, async (stack) => {
    assert.deepEqual(await stack.up(), { create: OWN + 2 });
    const { found } = (await stack.outputs()) as { found: Record<string, unknown> };
    assert.match(String(found.instance), /^i-0[0-9a-f]{16}$/);
    assert.match(String(found.bucket), /^bucket-[0-9a-f]{7}$/);
    assert.match(String(found.publicIp), /^(203\.0\.113|198\.51\.100)\.\d+$/);
    assert.match(String(found.ipv6), /^2001:db8:[0-9a-f]+:[0-9a-f]+00::\/56$/);
    assert.match(String(found.volume), /^arn:aws:ec2:eu-central-1:123456789012:volume\/vol-0/);
    assert.equal(found.privateIp, "10.0.1.10");
    assert.equal(found.region, "eu-central-1");
    assert.deepEqual(found.tags, { Name: "orders", owner: "platform", "portico:stack": "test" });

    assert.deepEqual(await stack.up(), { same: OWN + 2 });
    assert.deepEqual(await stack.up("--refresh"), { same: OWN + 2 });

    await stack.destroy();
    assert.deepEqual((await stack.export()).resources ?? [], []);
  });
});

test("what changes in place and what replaces is the provider's own", async (t) => {
  await withStack({ project }, async (stack) => {
    await stack.up();

    await t.test("another block of a rule: in place", async () => {
      assert.deepEqual(await changed(stack, { allowed: "198.51.100.0/24" }), {
        "SecurityGroupIngressRule::orders-office": ["update", { cidrIpv4: "update" }],
      });
    });
    await t.test("a block of the other family: replaced", async () => {
      assert.deepEqual(await changed(stack, { allowed: "2001:db8::/48" }), {
        "SecurityGroupIngressRule::orders-office": [
          "replace",
          { cidrIpv4: "delete-replace", cidrIpv6: "add-replace" },
        ],
      });
    });
    await t.test("another block of a subnet: replaced, and what is in it", async () => {
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
    await t.test("user data: in place, unless it is asked to replace", async () => {
      assert.deepEqual(await changed(stack, { instance: { userData: "#!/bin/sh" } }), {
        "Instance::orders-1": ["update", { userData: "add" }],
      });
      const replacing = { userData: "#!/bin/sh", userDataReplaceOnChange: true };
      assert.deepEqual(await changed(stack, { instance: replacing }), {
        "Instance::orders-1": [
          "replace",
          { userData: "add-replace", userDataReplaceOnChange: "add" },
        ],
      });
    });
    await t.test("a default tag: in place, at everything that has tags", async () => {
      const found = await changed(stack, { owner: "databases" });
      assert.equal(Object.keys(found).length, OWN - 1);
      assert.deepEqual(found["Vpc::orders"], ["update", { "tagsAll.owner": "update" }]);
    });
  });
});

test("an update keeps ids, renews what it writes, and gives what it replaces another id", async () => {
  await withStack({ project }, async (stack) => {
    await stack.up();
    const { found: before } = (await stack.outputs()) as { found: Record<string, unknown> };

    await stack.configure(settings({ allowed: "198.51.100.0/24", secret: "hunter2" }));
    assert.deepEqual(await stack.up(), { same: OWN, update: 2 });
    const { found: updated } = (await stack.outputs()) as { found: Record<string, unknown> };
    assert.deepEqual({ ...updated, etag: "" }, { ...before, etag: "" });
    assert.notEqual(updated.etag, before.etag);

    await stack.configure(settings({ subnetCidr: "10.0.2.0/24" }));
    assert.equal((await stack.up()).replace, 4);
    const { found: replaced } = (await stack.outputs()) as { found: Record<string, unknown> };
    assert.notEqual(replaced.subnet, before.subnet);
    assert.equal(replaced.volume, before.volume);
  });
});

test("a name that the program gave is free only once the old resource is gone", async () => {
  await withStack({ project }, async (stack) => {
    await stack.configure(settings({ groupName: "portals" }));
    await stack.up();
    await stack.configure(settings({ groupName: "doors" }));
    const json = await stack.run(
      "preview",
      ...stack.configArguments,
      "--json",
      "--show-replacement-steps",
    );
    const { steps } = JSON.parse(json) as Preview;
    const ops = steps
      .filter(({ urn }) => urn.endsWith("SecurityGroup::orders-portals"))
      .map(({ op }) => op);
    assert.deepEqual(ops, ["delete-replaced", "replace", "create-replacement"]);
  });
});

test("a secret stays one, wherever it went in", async () => {
  await withStack({ project }, async (stack) => {
    await stack.configure(settings({}));
    await stack.run("config", "set", "--secret", "secret", "hunter2", ...stack.configArguments);
    await stack.up();
    assert.doesNotMatch(JSON.stringify(await stack.export()), /hunter2/);
  });
});

test("a mistake stops before anything is made, and says what would be right", async (t) => {
  await withStack({ project }, async (stack) => {
    const says = async (instance: Record<string, unknown>, message: RegExp) => {
      await stack.configure(settings({ instance }));
      await assert.rejects(stack.previewText(), message);
    };
    await t.test("an unknown property", async () => {
      await stack.configure(
        settings({ raw: { type: "aws:ec2/vpc:Vpc", cidrBlok: "10.0.0.0/16" } }),
      );
      await assert.rejects(
        stack.previewText(),
        /no property of aws:ec2\/vpc:Vpc "cidrBlok"; did you mean "cidrBlock"\?/,
      );
    });
    await t.test("an unknown type", async () => {
      await stack.configure(settings({ raw: { type: "aws:ec2/eipp:Eipp" } }));
      await assert.rejects(
        stack.previewText(),
        /knows no type "aws:ec2\/eipp:Eipp"; did you mean "aws:ec2\/eip:Eip"\?/,
      );
    });
    await t.test("a property that the tables leave out", () =>
      says({ hibernation: true }, /knows no property of aws:ec2\/instance:Instance "hibernation"/),
    );
    await t.test("an unknown property of a block", () =>
      says(
        { rootBlockDevice: { encryptet: true } },
        /rootBlockDevice\.encryptet.*did you mean "encrypted"/s,
      ),
    );
    await t.test("a wrong kind", () =>
      says({ monitoring: "yes" }, /monitoring.*takes a boolean here, not "yes"/s),
    );
    await t.test("two of which only one may be", () =>
      says({ subnetId: "subnet-1" }, /only one of them must be given/),
    );
  });
});

function settings(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`aws-stand-in:${name}`, value]),
  );
}

/** What a preview with these settings would change: type and name, what is done, and to which properties. */
async function changed(stack: Stack, values: Record<string, unknown>) {
  await stack.configure(settings(values));
  const { steps } = await stack.preview();
  return Object.fromEntries(
    steps
      .filter(({ op, urn }) => (op === "update" || op === "replace") && !urn.includes("providers"))
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
