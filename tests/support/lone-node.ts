import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

import { hardened } from "../../components/local/container.ts";
import { Authority, type KeyPair } from "./authority.ts";
import { asNode, networkFor, runFor } from "./docker.ts";

export interface LoneNode {
  /** Of its container. */
  readonly id: string;
  readonly address: string;
  /** PEM of the authority that signed its certificates. */
  readonly ca: string;
  /** Puts a file where the node reads it, by rename, so that no half of it is ever seen. */
  put(file: string, content: string): Promise<void>;
  /** Another pair for this node. */
  issue(): Promise<KeyPair>;
}

/** Starts a cluster of one node, which ends with the test. Its container may do what the local target lets a node do. */
export async function loneNodeFor(
  t: TestContext,
  args: {
    readonly image: string;
    readonly name: string;
    /** MiB. */
    readonly memory: number;
    /** What the node's description has beyond what every engine's has. */
    readonly description: Readonly<Record<string, unknown>>;
    readonly secrets: Readonly<Record<string, string>>;
    /** The certificates that it gets, each with a key. */
    readonly pairs: readonly string[];
  },
): Promise<LoneNode> {
  const { image, name, memory } = args;
  const { name: network, subnet } = await networkFor(t, { internal: true });
  const address = subnet.replace(/0\/24$/, "11");
  const folder = await mkdtemp(join(tmpdir(), "nodetest-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const put = async (file: string, content: string): Promise<void> => {
    await writeFile(join(folder, `${file}.new`), content, { mode: 0o644 });
    await rename(join(folder, `${file}.new`), join(folder, file));
  };
  const authority = await Authority.create();
  const issue = () => authority.issue([name, address, "127.0.0.1", "localhost"]);
  for (const pair of args.pairs) {
    const { certificate, key } = await issue();
    await put(`${pair}.crt`, certificate);
    await put(`${pair}.key`, key);
  }
  await put("ca.crt", authority.pem);
  const description = {
    contract: 1,
    name,
    scope: name.replace(/-1$/, ""),
    address,
    members: { [name]: address },
    memory,
    ...args.description,
  };
  await put("node.json", JSON.stringify(description));
  await put("secrets.json", JSON.stringify(args.secrets));
  const { id } = await runFor(t, {
    Hostname: name,
    Image: image,
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
    HostConfig: {
      NetworkMode: network,
      ...asNode(memory),
      Sysctls: { ...(hardened(memory).sysctls as Record<string, string>) },
      Binds: [`${folder}:/etc/portico/node:ro`],
    },
  });
  return { id, address, ca: authority.pem, put, issue };
}
