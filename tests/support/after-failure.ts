import { afterEach, beforeEach, type TestContext } from "node:test";

import { logsOf } from "./containers.ts";
import { docker } from "./docker.ts";

const LINES = 300;

/** A portal under load says thousands of these. */
const isGoodOrder = (line: string): boolean => line.includes('"ending": "--"');

/**
 * For a suite whose tests share containers. After one that failed, tells the last that each of them has said since it began, and brings back
 * those that it left stopped or frozen: the tests after it are about something else.
 */
export function afterFailure(containers: () => readonly string[]): void {
  let began = 0;
  beforeEach(() => {
    began = Math.floor(Date.now() / 1000);
  });
  afterEach(async (each) => {
    // The types leave out `passed`.
    const test = each as TestContext & { readonly passed: boolean };
    if (test.passed) return;
    for (const name of containers()) {
      const container = docker.getContainer(name);
      const { State } = await container.inspect();
      const lines = (await logsOf(name, began)).split("\n").filter((line) => !isGoodOrder(line));
      test.diagnostic(`${name} (${State.Status}):\n${lines.slice(-LINES).join("\n")}`);
      if (State.Paused) await container.unpause();
      else if (!State.Running) await container.start();
    }
  });
}
