import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { PortalDocument } from "../contract.ts";
import { readFileOr, replaceFile } from "../files.ts";
import type { Whitelist } from "../model/haproxy.ts";
import { FRONTEND_MAXCONN, LAYOUT } from "../plan/names.ts";
import { renderConfig } from "../plan/render.ts";
import type { Configured } from "./results.ts";
import { withRuntimeSocket } from "./runtime-socket.ts";
import type { WhitelistFile } from "./whitelist.ts";
import { mapLinesOf } from "./whitelist.ts";

const CHECK_MS = 10_000;
const RELOAD_MS = 20_000;

export interface ConfigureArgs {
  /** Of haproxy.cfg. */
  readonly folder: string;
  readonly file: WhitelistFile;
  readonly masterSocket: string;
  /** haproxy.cfg for a document, where it isn't the image's own. */
  readonly render?: (document: PortalDocument) => string;
}

/**
 * Brings haproxy.cfg up to date; a running HAProxy reloads, and only if the text differs and is found good. A reload that failed,
 * or that an agent did not live to see, is owed, and made up for at the next call: a file beside haproxy.cfg says so.
 */
export async function configure(
  { folder, file, masterSocket, render }: ConfigureArgs,
  document: PortalDocument,
  list: () => Whitelist,
  why: string,
): Promise<Configured> {
  const path = join(folder, "haproxy.cfg");
  const owed = join(folder, "reload-owed");
  try {
    const text = render
      ? render(document)
      : renderConfig(document, { ...LAYOUT, folder, descriptors: descriptors(), memory: memory() });
    if (!existsSync(file.path)) await file.write(mapLinesOf(list()));
    const isNew = readFileOr(path, "") !== text;
    if (!isNew && !existsSync(owed)) return { kind: "unchanged" };
    if (isNew) await replaceFile(`${path}.next`, text);
    const problem = isNew ? await checkConfig(`${path}.next`) : undefined;
    if (problem !== undefined) return { kind: "refused", why: problem };
    // What a new worker reads must be what holds now, not what held at the last start.
    await file.write(mapLinesOf(list()));
    if (isNew) {
      await replaceFile(owed, "");
      renameSync(`${path}.next`, path);
    }
    const configured: Configured = existsSync(masterSocket)
      ? await reload(masterSocket, why)
      : { kind: "written" };
    if (configured.kind !== "refused") rmSync(owed, { force: true });
    return configured;
  } catch (error) {
    return { kind: "refused", why: (error as Error).message };
  }
}

/** By frontend: the connections that haproxy.cfg gives it. While it is held, HAProxy itself can't say. */
export function limitsIn(folder: string): ReadonlyMap<string, number> {
  const config = readFileOr(join(folder, "haproxy.cfg"), "");
  return new Map(
    config.split(/^frontend /m).map((section): [string, number] => {
      const [frontend = ""] = section.split("\n", 1);
      return [frontend, Number(/^ {4}maxconn (\d+)$/m.exec(section)?.[1] ?? FRONTEND_MAXCONN)];
    }),
  );
}

/** What this container lets a process have, HAProxy as well. */
function descriptors(): number {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileOr("/proc/self/limits", ""))?.[1];
  return Number(hard) || LAYOUT.descriptors;
}

async function reload(masterSocket: string, why: string): Promise<Configured> {
  const started = performance.now();
  const reply = await withRuntimeSocket(masterSocket, { deadlineMs: RELOAD_MS }, (send) =>
    send(["reload"]),
  );
  // A socket file without a listener: HAProxy is not running, and will start with the new file.
  if (reply.kind === "failed" && /ECONNREFUSED|ENOENT/.test(reply.why)) return { kind: "written" };
  if (reply.kind === "failed") return { kind: "refused", why: `reload: ${reply.why}` };
  const answer = reply.blocks[0] ?? "";
  if (!answer.startsWith("Success=1")) return { kind: "refused", why: `reload: ${answer.trim()}` };
  return { kind: "reloaded", why, ms: Math.round(performance.now() - started) };
}

/** HAProxy's own verdict on a config file; undefined: it is good. */
function checkConfig(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile("haproxy", ["-c", "-f", path], { timeout: CHECK_MS }, (error, out, err) => {
      if (!error) return resolve(undefined);
      const alerts = `${out}${err}`.split("\n").filter((line) => line.startsWith("[ALERT]"));
      resolve(`haproxy -c: ${alerts.slice(0, 5).join(" ") || error.message}`);
    });
  });
}

/** In MiB. Node says 0, or a number beyond all memory, of a container without a limit. */
function memory(): number {
  return process.constrainedMemory() / 2 ** 20 || LAYOUT.memory;
}
