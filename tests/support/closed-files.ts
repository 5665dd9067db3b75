import assert from "node:assert/strict";

import { exec } from "./containers.ts";

/** Of a node, with `secrets.json`. */
const SETTINGS = "/etc/portico/node";

/** What differs from one deployment's container to another's, and the arguments of its processes. The rest came with the image. */
const PATHS = "/etc /run /var /tmp /dev/shm /home /root /opt /srv /proc/[0-9]*/cmdline";

/** Lists where the asking user reads one of SECRETS. A folder that can't be listed may let through who knows a name: FILES. */
const READS = `printf %s "$SECRETS" | grep -rlaF -D skip --exclude-dir=dpkg -f - ${PATHS} $FILES 2>/dev/null | sort -u`;

/** Lists what of the settings and our programs the asking user could change, were they not mounted to be read only. */
const CHANGES = `
groups=$(for id in $(id -G); do printf ' -o -gid %s -perm /020' $id; done)
find /etc/portico ${SETTINGS} /usr/local/lib /usr/local/bin ! -type l \\( -perm /002 -o -user $(id -u) $groups \\) 2>/dev/null
find /run /var/lib \\( -type d -o -type f \\) -perm /002 2>/dev/null`;

const LOOK = `
echo "$(id -un) looks"
(${READS}) | sed "s/^/$(id -un) reads /"
[ -n "$KNOWS" ] || ls ${SETTINGS} 2>/dev/null | sed "s/^/$(id -un) sees /"
(${CHANGES}) | sort -u | sed "s/^/$(id -un) changes /"`;

/** As every user but root and those whom KNOWN names. */
const ALL_LOOK = `
for user in $(cut -d: -f1 /etc/passwd); do
    case " root $KNOWN " in *" $user "*) continue ;; esac
    setpriv --reuid=$user --regid=$(id -g $user) --init-groups --no-new-privs --inh-caps=-all -- sh -c "$LOOK"
done`;

/** In PEM. */
const KEY = "PRIVATE KEY-----";

/**
 * Looks at a node's running container as each of its users. Fails where one reads a password or a private key that it doesn't need, or
 * sees the settings and needs nothing of them, or could change them or our programs; and where all could make files below /run, or what
 * crashes would leave its memory. `needs`: by user, the passwords that it needs by their names in `secrets.json`. Who needs one may have
 * private keys, too.
 */
export async function closedToOthers(
  container: string,
  needs: Readonly<Record<string, "all" | readonly string[]>>,
): Promise<void> {
  const ask = async (user: string, command: string, env: Readonly<Record<string, string>>) => {
    const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const { output } = await exec(container, ["sh", "-c", command], user, given);
    return output.split("\n").filter((line) => line !== "");
  };
  const [owner = ""] = Object.keys(needs).filter((user) => needs[user] === "all");
  const text = await ask(owner, `cat ${SETTINGS}/secrets.json`, {});
  const passwords = Object.entries(JSON.parse(text.join("\n")) as Record<string, string>);
  const all = [...passwords.map(([, password]) => password), KEY].join("\n");
  const files = await ask(owner, READS, { SECRETS: all, FILES: SETTINGS });
  assert.ok(files.includes(`${SETTINGS}/secrets.json`), `its owner reads ${files}`);

  const [core = ""] = await ask("", "grep '^Max core file size' /proc/1/limits", {});
  assert.match(core, / 0 +0 +bytes/, "what crashes leaves its memory to be read");

  const FILES = files.join(" ");
  const KNOWN = Object.keys(needs).join(" ");
  const found = await ask("", ALL_LOOK, { LOOK, FILES, KNOWN, KNOWS: "", SECRETS: all });
  for (const [user, needed] of Object.entries(needs)) {
    const isNeeded = (name: string) => needed === "all" || needed.includes(name);
    const others = passwords.filter(([name]) => !isNeeded(name)).map(([, password]) => password);
    // Of no pattern at all, grep finds nothing.
    const env = { FILES, KNOWS: "some", SECRETS: others.join("\n") };
    found.push(...(await ask(user, LOOK, env)));
  }
  for (const user of ["nobody", ...Object.keys(needs)]) assert.ok(found.includes(`${user} looks`));
  assert.deepEqual(
    found.filter((line) => !line.endsWith(" looks")),
    [],
  );
}
