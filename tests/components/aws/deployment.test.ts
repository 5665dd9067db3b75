import assert from "node:assert/strict";
import { test } from "node:test";

import * as pulumi from "@pulumi/pulumi";

import { Deployment } from "../../../components/aws/deployment.ts";
import { Snapshots } from "../../../components/aws/snapshots.ts";
import { Service, Store } from "../../../components/aws/store.ts";
import { planOnAws } from "../../../infra/model/aws-plan.ts";
import type { AwsDeployment } from "../../../infra/model/stack.ts";
import { all, declare, only } from "../declare.ts";
import { awsStack, imagesOf } from "./world.ts";

const { aws: target, deployments } = awsStack();
const deployment = deployments[0] as AwsDeployment;
const { built, resources } = await declare(
  () => {
    const store = new Store("store", { stack: target.name });
    const snapshots = new Snapshots("snapshots", { stack: target.name });
    const service = new Service("service", { store, archive: Buffer.from("a zip") });
    const plan = planOnAws(deployment, target);
    const images = imagesOf(target);
    const args = {
      images,
      target,
      deployment,
      plan,
      store,
      snapshots,
      service,
      userData: "#!/bin/sh",
    };
    return new Deployment("orders", args);
  },
  { slow: ["service"] },
);

test("the document is in the bucket before any source is let through the firewall", () => {
  const rules = all(resources, "SecurityGroupIngressRule").filter(({ inputs }) => inputs.cidrIpv4);
  assert.equal(rules.length, 2);
  for (const { name, after } of rules) assert.ok(after.includes("orders-document"), name);
});

test("the service is in the bucket before the first machine starts", () => {
  const { inputs } = only(resources, "BucketObjectv2", "service");
  assert.equal(Buffer.from(String(inputs.contentBase64), "base64").toString(), "a zip");
  const names = resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
  const service = names.indexOf("BucketObjectv2 service");
  const first = names.findIndex((name) => name.startsWith("Instance "));
  assert.ok(service >= 0 && service < first, names.slice(0, first + 1).join(", "));
});

test("a server's certificate names the portals' public addresses", () => {
  const addresses = all(resources, "Eip").length;
  assert.equal(addresses, 2);
  for (const { inputs } of all(resources, "CertRequest").filter(({ name }) => /server/.test(name)))
    assert.equal((inputs.ipAddresses as string[]).length, 1 + 2 + 1 + 2 * addresses);
});

test("the document holds no secret, and the password is one", async () => {
  assert.deepEqual(only(resources, "BucketObjectv2", "orders-document").secrets, []);
  assert.ok(await pulumi.isSecret(built.password));
});

test("no two resources share a name, which the engine would refuse", () => {
  const names = resources.map(({ within, type, name }) => `${within}$${type} ${name}`);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) < index),
    [],
  );
});
