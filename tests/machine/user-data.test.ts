import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { LONGEST_USER_DATA, userData } from "../../infra/model/aws-machine.ts";
import { machineService, serviceArchive } from "../../infra/target/machine-service.ts";

const { template, archive } = machineService();
const names = {
  bucket: "portico-123456789012",
  region: "eu-central-1",
  deployment: "orders",
  machine: "orders-1",
};

test("user data differs between machines in their four names alone, and fits well into what EC2 takes", () => {
  const one = userData(template, names);
  const two = userData(template, { ...names, deployment: "bills", machine: "bills-portal-2" });

  const different = one.split("\n").filter((line, i) => line !== two.split("\n")[i]);
  assert.deepEqual(different, ["PORTICO_DEPLOYMENT=orders", "PORTICO_MACHINE=orders-1"]);
  assert.equal(userData(template, names), one);
  assert.ok(Buffer.byteLength(one) < LONGEST_USER_DATA / 2);
});

test("user data has nothing in it that could be a secret, a version or an image", () => {
  const text = userData(template, names);

  assert.doesNotMatch(text, /BEGIN|PRIVATE|AKIA|password|secret_|sha256:/i);
  // Keys, digests and passwords are long words of mixed letters and digits; there is none.
  const long = text
    .split(/[^A-Za-z0-9+]+/)
    .filter((word) => /^(?=.*\d)[A-Za-z0-9+]{16,}$/.test(word));
  assert.deepEqual(long, []);
});

test("a name that is none, and a template that asks for more, are refused", () => {
  assert.throws(() => userData(template, { ...names, machine: "x\nEVIL=1" }), /no plain name/);
  assert.throws(() => userData("@password@", names), /which no machine has/);
  assert.throws(() => userData(`${template}${"#".repeat(16_384)}`, names), /EC2 takes 16384/);
});

test("the script is one that bash can read", () => {
  execFileSync("bash", ["-n"], { input: userData(template, names) });
});

test("the same modules give the same archive, in any order", () => {
  assert.deepEqual(machineService().archive, archive);
  assert.deepEqual(
    serviceArchive({ "b.py": "2", "a.py": "1" }),
    serviceArchive({ "a.py": "1", "b.py": "2" }),
  );
});
