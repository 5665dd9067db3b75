import assert from "node:assert/strict";
import { test } from "node:test";

import { planOf, previewOf } from "../guard/portico.ts";
import { tried } from "../guard/tried.ts";
import type { Deployed, Preview, Stack } from "../support/cli.ts";
import { changedBy, LEAK_MENDED, STEPS } from "./bad-steps.ts";
import { CHANGES, config, OFFICE } from "./changes.ts";
import { judged, matchesRefusals } from "./judged.ts";
import { certificatesAt, LEAF } from "./renewal.ts";
import { assertNowhere, secretsOf } from "./secrets.ts";
import { awsConfig, withAwsStack } from "./stack.ts";
import { changesIn, countsIn, matchesGolden } from "./summary.ts";

const PARIS = { ...OFFICE, "192.0.2.0/24": "Paris office" };
const BESIDE = awsConfig({ orders: { whitelist: OFFICE }, stock: { whitelist: OFFICE } });

test("a stack on AWS: what a fresh one has, and what each edit changes", async (t) => {
  await withAwsStack(config(), async (stack) => {
    const previews: string[] = [];
    const preview = async () => {
      previews.push(await previewOf(stack, "--show-sames"));
      return previews.at(-1) ?? "";
    };

    await t.test(
      "a fresh stack creates what was reviewed, and the guard finds it fine",
      async () => {
        const text = await preview();
        await matchesGolden("fresh", countsIn(read(text)));
        await matchesGolden("fresh-data", holdsData(read(text)));
        matchesRefusals(await judged(text), []);
      },
    );

    await t.test("npx portico plan says what it takes and costs", async () => {
      const { stdout } = await planOf(stack);
      assert.match(stdout, /^VPCs +1 +5$/m);
      assert.match(stdout, /^public addresses \(EIP\) +2 +5$/m);
      assert.match(stdout, /^inbound rules of orders's portals +4 IPv4, 0 IPv6 +60 each$/m);
      assert.match(stdout, /^together +about \$\d+$/m);
    });

    const { changes, log } = await stack.upWithLog("--diff");
    const { create, ...others } = changes;
    assert.ok((create ?? 0) > 100);
    assert.deepEqual(others, {});

    await t.test("a second update changes nothing", async () => {
      const { same: _, ...changes } = await stack.up();
      assert.deepEqual(changes, {});
    });

    const texts = new Map<string, string>();
    for (const { name, config: changed, refused = [], whitelistOnly, counted } of CHANGES)
      await t.test(`preview: ${name}`, async () => {
        await stack.configure(changed);
        const text = await preview();
        texts.set(name, text);
        const lines = changesIn(read(text));
        await matchesGolden(name, counted ? countsIn(withoutSames(read(text))) : lines);
        matchesRefusals(await judged(text), refused);
        if (whitelistOnly) matchesRefusals(await judged(text, { whitelistOnly }), refused);
        else assert.ok((await judged(text, { whitelistOnly: true })).length > refused.length);
      });

    for (const step of STEPS)
      await t.test(`refused: ${step.title}`, async () => {
        const text = changedBy(step, texts.get(step.in ?? "entry-added") ?? "");
        for (const whitelistOnly of step.whitelistOnly ? [false, true] : [false]) {
          const refusals = await judged(text, { whitelistOnly });
          assert.match(refusals.join("\n"), step.refused);
        }
      });

    await t.test("fine: an update that takes a secret out of what shows it", async () => {
      const leaked = changedBy(LEAK_MENDED, texts.get("entry-added") ?? "");
      matchesRefusals(await judged(leaked), []);
    });

    await t.test("mutations of a preview are refused, or argued: a sample", async () => {
      const { count, unargued } = await tried(texts.get("entry-added") ?? "", 20);
      assert.ok(count > 100, `only ${count} mutations`);
      assert.deepEqual(unargued, []);
    });

    await t.test("preview: deployment-beside", async () => {
      await stack.configure(BESIDE);
      const text = await preview();
      await matchesGolden("deployment-beside", besidesCreated(read(text)));
      matchesRefusals(await judged(text), []);
    });

    await t.test(
      "another region would lose everything, and the preview ends before it",
      async () => {
        const zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
        await stack.configure(config({}, { region: "eu-west-1", zones }));
        await assert.rejects(
          stack.preview(),
          /aws\.region: was \\*"eu-central-1\\*" when the stack/,
        );
      },
    );

    await t.test(
      "a deployment that is removed ends the preview, with the way to do it",
      async () => {
        await stack.configure({ ...config(), "portico:deployments": {} });
        await assert.rejects(stack.preview(), /deployments\.orders: is no longer in the config/);
      },
    );

    await t.test(
      "one that is named as removed is refused by the guard for what would be lost",
      async () => {
        await stack.configure({
          ...config(),
          "portico:deployments": {},
          "portico:removed": ["orders"],
        });
        await assert.rejects(stack.preview(), /the state still protects .*Volume orders-1-data/);
        let before: Deployed | undefined;
        await stack.rewrite((state) => {
          before = state;
          return {
            ...state,
            resources: (state.resources ?? []).map((one) => ({ ...one, protect: false })),
          };
        });
        const refusals = await judged(await preview());
        await stack.rewrite((state) => before ?? state);
        for (const lost of [/^Volume orders-1-data/, /^PrivateKey orders/, /^Eip orders-portal-1/])
          assert.ok(
            refusals.some((sentence) => lost.test(sentence) && /would be deleted/.test(sentence)),
            `${lost}: ${refusals.join("\n")}`,
          );
      },
    );

    await t.test("preview: certificates in their last 90 days are renewed in place", async () => {
      await stack.configure(config());
      await stack.rewrite((state) => certificatesAt(state, LEAF, new Date(Date.now() + 89 * DAY)));
      const text = await preview();
      await matchesGolden("certificates-renewed", changesIn(read(text)));
      matchesRefusals(await judged(text), []);
    });

    await t.test("a whitelist edit is carried out in place, the document first", async () => {
      await stack.rewrite((state) => certificatesAt(state, LEAF, new Date(Date.now() + 300 * DAY)));
      await stack.configure(config({ whitelist: PARIS }));
      const { same: _, ...changes } = await stack.up();
      assert.deepEqual(changes, { create: 2, update: 2 });
      await documentBeforeRules(stack);
    });

    await t.test("no key and no password is in clear where it doesn't belong", async () => {
      const secrets = await secretsOf(stack);
      await stack.configure(BESIDE);
      const shown = await stack.previewText();
      assertNowhere(secrets, { state: await stack.export(), log, shown, previews });
    });
  });
});

const DAY = 86_400_000;

function read(text: string): Preview {
  return JSON.parse(text);
}

function withoutSames({ steps, ...rest }: Preview): Preview {
  return { ...rest, steps: steps.filter(({ op }) => op !== "same") };
}

/** What would take data or identity with it, by its whole URN: a move of code must not change any of these. */
function holdsData({ steps }: Preview): readonly string[] {
  return steps
    .filter(({ newState }) => newState?.protect === true)
    .map(({ urn }) => urn.split("::").slice(2).join("::"))
    .sort();
}

/** A new deployment is what it is; what counts is that nothing else is touched. */
function besidesCreated(preview: Preview): readonly string[] {
  return changesIn(preview).filter((line) => !/^create .* stock/.test(line));
}

/** A source is let through the firewall when the portals know it, never before. */
async function documentBeforeRules(stack: Stack): Promise<void> {
  const { resources = [] } = await stack.export();
  const document = resources.find(({ urn }) => /BucketObjectv2::orders-document$/.test(urn));
  const rules = resources.filter(({ urn }) => /::orders-192\.0\.2\.0\/24(-\d+)?$/.test(urn));
  assert.equal(rules.length, 2);
  for (const { urn, created = "", dependencies = [] } of rules) {
    assert.ok(dependencies.includes(document?.urn ?? ""), `${urn} doesn't wait for the document`);
    assert.ok(Date.parse(created) >= Date.parse(document?.modified ?? ""), urn);
  }
}
