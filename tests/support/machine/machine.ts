import { createHash } from "node:crypto";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type Docker from "dockerode";

import { userData } from "../../../infra/model/aws-machine.ts";
import { machineService } from "../../../infra/target/machine-service.ts";
import { exec, until } from "../containers.ts";
import { docker, imageOf } from "../docker.ts";
import type { Objects } from "../s3/objects.ts";
import { createObjects } from "../s3/objects.ts";
import type { StandIn } from "../s3/server.ts";
import { startStandIn } from "../s3/server.ts";
import { tarOf } from "./tar.ts";

export const BUCKET = "portico-test";
export const REGION = "eu-central-1";
export const SERIAL = "vol0123456789abcdef0";
export const SERVICE = "machine/portico-machine";
const DEVICE = `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${SERIAL}`;

const END =
  "kill $(cat /stand-in/systemd.pid); umount /var/lib/portico-data; losetup -d $(cat /stand-in/device)";

export interface Reported {
  readonly image: string | null;
  readonly state: string;
  readonly healthy: boolean;
  readonly why: string;
  readonly since: string | null;
  readonly memory: number | null;
  readonly service: string;
  readonly problem: string | null;
}

export interface Line {
  readonly level: string;
  readonly service: string;
  readonly msg: string;
}

/**
 * A container that takes user data as an EC2 machine does. Real in it: the user data, the service, Python, the AWS CLI, credentials
 * from (stand-in) instance metadata, blkid, wipefs, mkfs, mount and a loop device as the EBS volume. Stand-ins: systemd, dnf, docker, S3.
 */
export interface Machine {
  readonly s3: StandIn;
  /** Runs a shell command as root, and gives what it wrote. Fails when it fails. */
  sh(command: string): Promise<string>;
  /** What cloud-init does at the first boot. */
  boot(): Promise<void>;
  /** The machine loses its power and gets it back: the volume is not mounted, docker could not start what needs it. */
  reboot(): Promise<void>;
  /** `systemctl reload portico-machine`: look now. */
  wake(): Promise<void>;
  journal(): Promise<readonly Line[]>;
  /** What changed something, as it was called. */
  calls(): Promise<readonly string[]>;
  reported(): Reported | undefined;
  /** Waits until a report is as asked for, and gives it. */
  reports(what: string, seconds: number, is: (reported: Reported) => boolean): Promise<Reported>;
}

export async function startMachine(
  t: TestContext,
  name: string,
  objects: Objects = createObjects(),
  after?: string,
): Promise<Machine> {
  const s3 = await startStandIn({
    objects,
    role: name,
    // The role's policy: a machine that asks for anything else fails.
    allows: (_, action, bucket, key) => {
      if (bucket !== BUCKET) return false;
      if (action === "ListBucket") return true;
      if (action === "PutObject") return key.startsWith(`reported/orders/${name}/`);
      const own = [`orders/${name}/`, "images/", SERVICE].some((start) => key.startsWith(start));
      return action === "GetObject" && (own || key === after);
    },
  });
  t.after(() => s3.close());
  const { template, archive } = machineService();
  objects.put(BUCKET, SERVICE, archive);
  const container = await docker.createContainer({
    Image: await machineImage(),
    Env: [
      `AWS_ENDPOINT_URL=${s3.url}`,
      `AWS_EC2_METADATA_SERVICE_ENDPOINT=${s3.url}/`,
      // The stand-in doesn't take bodies in signed pieces, which S3 does.
      "AWS_REQUEST_CHECKSUM_CALCULATION=when_required",
    ],
    HostConfig: {
      NetworkMode: "host",
      CapAdd: ["SYS_ADMIN"],
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      DeviceCgroupRules: ["b 7:* rwm", "c 10:237 rwm"],
      Init: true,
    },
    Labels: { "portico.test": "machine" },
  });
  t.after(async () => {
    // A loop device belongs to the kernel and would outlive the container.
    await exec(container.id, ["bash", "-c", END]).catch(() => {});
    await container.remove({ force: true, v: true });
  });
  await container.start();
  return machineIn(container, s3, name, userData(template, namesOf(name)));
}

export function machineImage(): Promise<string> {
  const sources = ["Dockerfile", "systemctl", "dnf", "sysctl", "docker"];
  return imageOf("machine", import.meta.dirname, sources);
}

export function namesOf(machine: string) {
  return { bucket: BUCKET, region: REGION, deployment: "orders", machine };
}

function machineIn(container: Docker.Container, s3: StandIn, name: string, text: string): Machine {
  const sh = async (command: string): Promise<string> => {
    const { code, output } = await exec(container.id, ["bash", "-c", command]);
    if (code !== 0) throw new Error(`${command}: ${code}: ${output}`);
    return output;
  };
  const lines = async (file: string) =>
    (await sh(`cat ${file} 2>/dev/null || true`)).split("\n").filter((line) => line !== "");
  const reported = (): Reported | undefined => {
    const object = s3.objects.get(BUCKET, `reported/orders/${name}/machine.json`);
    return object && JSON.parse(object.body.toString());
  };
  const boot = async () => void (await sh(text));
  const it: Machine = {
    s3,
    sh,
    boot,
    reboot: async () => {
      await sh(
        `kill $(cat /stand-in/systemd.pid); while [ -e /stand-in/systemd.pid ]; do sleep 0.1; done
        umount /var/lib/portico-data || true
        sed -i 's/"Status": "running"/"Status": "exited"/' /stand-in/container.json || true`,
      );
      await boot();
    },
    wake: async () => void (await sh("kill -HUP $(cat /stand-in/service.pid)")),
    journal: async () => (await lines("/stand-in/journal")).map((line) => JSON.parse(line)),
    calls: () => lines("/stand-in/calls"),
    reported,
    reports: (what, seconds, is) =>
      until(what, seconds, async () => {
        const found = reported();
        if (found && is(found)) return found;
        throw new Error(
          JSON.stringify({ found, journal: (await it.journal()).slice(-5) }, null, 2),
        );
      }),
  };
  return it;
}

/** A volume of 64 MiB that is attached and blank. `fill`: what is done to it before, with its device as `$d`. */
export async function attachVolume({ sh }: Machine, fill = ""): Promise<void> {
  await sh(`set -e
    [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
    for i in $(seq 0 31); do [ -e /dev/loop$i ] || mknod /dev/loop$i b 7 $i; done
    truncate -s 64M /stand-in/volume
    d=$(losetup --find --show /stand-in/volume)
    echo $d > /stand-in/device
    ${fill}
    mkdir -p /dev/disk/by-id
    ln -s $d ${DEVICE}`);
}

/** What is on the volume, as a digest. */
export async function volumeDigest({ sh }: Machine): Promise<string> {
  return sh(`sha256sum < ${DEVICE}`);
}

export interface Archive {
  /** `sha256:…` */
  readonly id: string;
  readonly key: string;
  readonly text: Buffer;
}

const ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;

/** An image's archive as the stand-in for docker reads it. Its config says `text` besides. */
export function archiveOf(text: string, architecture: string = ARCHITECTURE): Archive {
  const config = JSON.stringify({ architecture, text });
  const hex = createHash("sha256").update(config).digest("hex");
  const manifest = JSON.stringify([{ Config: `${hex}.json`, RepoTags: null, Layers: [] }]);
  const files = { "manifest.json": manifest, [`${hex}.json`]: config };
  return { id: `sha256:${hex}`, key: `images/${hex}.tar`, text: tarOf(files) };
}

export const SECRET = "correct-horse-battery-staple";

/** Puts into the bucket what `up` does for a node. */
export function describeNode(objects: Objects, image: Archive, memory = 1024): void {
  objects.put(BUCKET, image.key, image.text);
  objects.put(BUCKET, "orders/orders-1/files/node.json", '{"contract":1}');
  objects.put(BUCKET, "orders/orders-1/files/secrets.json", JSON.stringify({ app: SECRET }));
  const volume = { serial: SERIAL, mount: "/var/lib/portico-data" };
  putMachine(objects, "orders-1", { role: "node", image: image.id, memory, volume });
}

export function describePortal(
  objects: Objects,
  name: string,
  image: Archive,
  after?: string,
): void {
  objects.put(BUCKET, image.key, image.text);
  objects.put(BUCKET, `orders/${name}/files/portal.json`, JSON.stringify({ name }));
  putMachine(objects, name, {
    ...{ role: "portal", image: image.id, memory: 512, documentKey: "orders/document.json" },
    ...(after !== undefined && { after: { key: after } }),
  });
}

export function putMachine(objects: Objects, name: string, content: object): void {
  const text = JSON.stringify({ contract: 1, ...content }, null, 2);
  objects.put(BUCKET, join("orders", name, "machine.json"), text);
}
