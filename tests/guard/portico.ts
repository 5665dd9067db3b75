import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { ExecaError, execa } from "execa";

import type { Stack } from "../support/cli.ts";

export const PROJECT = resolve(import.meta.dirname, "../..");

/** The real command on a preview. */
export async function guard(preview: object | string, ...options: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "portico-guard-"));
  try {
    const file = join(folder, "preview.json");
    await writeFile(file, typeof preview === "string" ? preview : JSON.stringify(preview));
    return await portico("guard", file, ...options);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export function portico(...args: string[]) {
  return execa(process.execPath, [join(PROJECT, "tools/portico.js"), ...args], { reject: false });
}

/** `npx portico plan` on a test's stack. */
export function planOf(stack: Stack) {
  const args = ["plan", "-s", stack.name, ...stack.configArguments];
  return execa(process.execPath, [join(PROJECT, "tools/portico.js"), ...args], {
    cwd: stack.project,
    env: stack.environment(),
    reject: false,
  });
}

/** The real CLI's preview as text; one that fails prints what it had found until then. */
export async function previewOf(stack: Stack, ...options: readonly string[]): Promise<string> {
  try {
    return await stack.run("preview", ...stack.configArguments, "--json", ...options);
  } catch (error) {
    if (error instanceof ExecaError && error.stdout) return String(error.stdout);
    throw error;
  }
}
