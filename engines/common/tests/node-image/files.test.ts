import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";

import { runToEnd } from "../../../../tests/support/docker.ts";
import { machineImage } from "../../../../tests/support/machine/machine.ts";

const SHARED = resolve(import.meta.dirname, "../../node-image/portico_node");

/** Writes a file, and says in which order what reached the disk. */
const PROGRAM = `
import os, sys
sys.path.insert(0, "/lib-of-it")
from portico_node import files
steps, fsync, replace = [], os.fsync, os.replace
def synced(descriptor):
    steps.append("sync " + os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
    fsync(descriptor)
def renamed(old, new):
    steps.append("rename")
    replace(old, new)
os.fsync, os.replace = synced, renamed
os.makedirs("/tmp/folder", exist_ok=True)
path = "/tmp/folder/file"
# What an earlier try left, which everybody could read.
with open(path + ".new", "w") as left: left.write("half")
os.chmod(path + ".new", 0o666)
changed = files.write(path, "whole")
same = files.write(path, "whole")
os.fsync, os.replace = fsync, replace
# A folder in its place stands for a file that can't be read: of those, root has few.
os.makedirs("/tmp/unreadable", exist_ok=True)
try:
    unread = files.read("/tmp/unreadable")
except OSError as error:
    unread = type(error).__name__
print(files.read("/tmp/absent"), unread, changed, same, open(path).read() == "whole", oct(os.stat(path).st_mode & 0o777), ", ".join(steps))
`;

test("files that nodes keep are written whole, are on the disk once they are written, and are not taken for gone where they can't be read", async () => {
  const { code, output } = await runToEnd(
    {
      Image: await machineImage(),
      Entrypoint: ["python3", "-c", PROGRAM],
      HostConfig: { Binds: [`${SHARED}:/lib-of-it/portico_node:ro`], NetworkMode: "none" },
    },
    60_000,
  );
  assert.equal(code, 0, output);
  assert.equal(
    output.trim(),
    "None IsADirectoryError True False True 0o600 sync file.new, rename, sync folder",
  );
});
