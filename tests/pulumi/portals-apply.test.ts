import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setInterval as every } from "node:timers/promises";

import { makeDocument } from "../../infra/provider/document.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

interface Answer {
  readonly digest: string | null;
  readonly refused: { readonly digest: string; readonly why: string } | null;
}

/** A host with one portal, whose agent answers every 20 ms to what the document says. */
async function withPortal(
  answer: ((digest: string) => Answer) | undefined,
  use: (host: {
    readonly create: (content: string) => Promise<unknown>;
    readonly update: (content: string, timeout?: number) => Promise<unknown>;
    readonly warnings: readonly string[];
    readonly document: string;
    readonly applied: string;
  }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "portico-document-"));
  const stop = new AbortController();
  const warnings: string[] = [];
  const document = join(folder, "document.json");
  const applied = join(folder, "applied.json");
  const kind = makeDocument((warning) => warnings.push(warning), stop.signal);
  const props = (content: string, timeout = 5) => ({
    ...{ path: document, content, mode: "0644", timeout },
    reports: { "orders-portal-1": applied },
  });
  await kind.create(props("first"));
  // What a portal that is no longer there has left behind.
  await writeFile(applied, JSON.stringify({ at: 1, digest: sha256("second"), refused: null }));
  const agent = answer === undefined ? undefined : report(document, applied, answer, stop.signal);
  try {
    await use({
      create: (content) => kind.create(props(content)),
      update: (content, timeout) => kind.update(props("first"), props(content, timeout)),
      warnings,
      document,
      applied,
    });
  } finally {
    stop.abort();
    await agent;
    await rm(folder, { recursive: true });
  }
}

async function report(
  document: string,
  applied: string,
  answer: (digest: string) => Answer,
  signal: AbortSignal,
): Promise<void> {
  let at = 1000;
  let text = "first";
  try {
    for await (const _ of every(20, undefined, { signal })) {
      // A document that is gone changes nothing for an agent.
      text = await readFile(document, "utf8").catch(() => text);
      const report = { at: at++, ...answer(sha256(text)) };
      await writeFile(`${applied}.new`, JSON.stringify(report));
      await rename(`${applied}.new`, applied);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

test("an update is done when the portal has applied it", async () => {
  await withPortal(
    (digest) => ({ digest, refused: null }),
    async ({ update, warnings, document }) => {
      await update("second");

      assert.equal(await readFile(document, "utf8"), "second");
      assert.deepEqual(warnings, []);
    },
  );
});

test("a portal that refuses fails the update, with its reason", async () => {
  await withPortal(
    (digest) => ({ digest: null, refused: { digest, why: "whitelist: must be a map" } }),
    async ({ update }) => {
      await assert.rejects(update("second"), {
        message:
          "orders-portal-1 refused the document and keeps the last good one: whitelist: must be a map",
      });
    },
  );
});

test("a portal that lives and does not apply it fails the update after the deadline", async () => {
  await withPortal(
    () => ({ digest: sha256("first"), refused: null }),
    async ({ update }) => {
      await assert.rejects(update("second", 0.2), {
        message: "orders-portal-1 runs, but did not apply the document in 0.2 s",
      });
    },
  );
});

test("a portal that does not live is named, and what it once said counts for nothing", async () => {
  await withPortal(undefined, async ({ update, warnings, document }) => {
    await update("second");

    assert.deepEqual(warnings, [
      "orders-portal-1 is not running or frozen; it will apply the document when it runs",
    ]);
    assert.equal(await readFile(document, "utf8"), "second");
  });
});

test("a document that was lost is made anew under its portals' eyes", async () => {
  await withPortal(
    (digest) => ({ digest: null, refused: { digest, why: "has contract 2" } }),
    async ({ create, document }) => {
      await rm(document);

      await assert.rejects(create("second"), /orders-portal-1 refused the document/);

      assert.equal(await readFile(document, "utf8"), "second");
    },
  );
});

/** What a container may put in its report's place, again and again: each would be a report that says "applied" if it were one. */
const REPLACEMENTS: Readonly<Record<string, (path: string, report: string) => Promise<unknown>>> = {
  "a pipe": async (path) => {
    await rm(path);
    execFileSync("mkfifo", [path]);
  },
  "a link to a report": async (path, report) => {
    await writeFile(`${path}.elsewhere`, report);
    await symlink(`${path}.elsewhere`, `${path}.link`);
    await rename(`${path}.link`, path);
  },
  "a folder": async (path) => {
    await rm(path, { recursive: true });
    await mkdir(path);
  },
  "a report in a gigabyte of nothing": async (path, report) => {
    await writeFile(`${path}.new`, report + " ".repeat(64 * 1024));
    await truncate(`${path}.new`, 2 ** 30);
    await rename(`${path}.new`, path);
  },
  "a report that is followed by 64 KiB of blanks": async (path, report) => {
    await writeFile(`${path}.new`, report + " ".repeat(64 * 1024));
    await rename(`${path}.new`, path);
  },
};

test("what is no report keeps nobody waiting, and counts for nothing", {
  concurrency: true,
}, async (t) => {
  await Promise.all(
    Object.entries(REPLACEMENTS).map(([what, put]) =>
      t.test(what, () =>
        withPortal(undefined, async ({ update, warnings, applied }) => {
          const digest = sha256("second");
          let at = 2;
          const again = () => put(applied, JSON.stringify({ at: at++, digest, refused: null }));
          await again();
          const stop = new AbortController();
          const putting = (async () => {
            for await (const _ of every(100, undefined, { signal: stop.signal })) await again();
          })().catch(() => {});

          try {
            await update("second");
          } finally {
            stop.abort();
            await putting;
          }

          assert.match(warnings.join(), /^orders-portal-1 is not running or frozen/);
        }),
      ),
    ),
  );
});

test("a portal's reason reaches the terminal as one line of plain text", async () => {
  const why = "\u001b]0;owned\u0007\u001b[2Jfine\n\rup to date\u202e";
  await withPortal(
    (digest) => ({ digest: null, refused: { digest, why } }),
    async ({ update }) => {
      await assert.rejects(update("second"), ({ message }: Error) => {
        assert.match(message, /last good one: {2}\]0;owned \[2Jfine up to date $/);
        return true;
      });
    },
  );
});
