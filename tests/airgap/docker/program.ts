import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const name = pulumi.getStack();
const labels = [{ label: "portico.stack", value: name }];
const { range, base, ...container } = config.requireObject<{
  range: string;
  base: string;
  memory?: number;
  hostname?: string;
  gpus?: string;
}>("docker");
const third = (octet: number) => range.replace(/\.0\.0\/16$/, `.${octet}`);

const network = new docker.Network("inner", {
  name: `${name}-inner`,
  internal: true,
  ipamConfigs: [{ subnet: `${third(16)}.0/24` }],
  options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
  labels,
});
const outer = new docker.Network("outer", {
  name: `${name}-outer`,
  ipamConfigs: [{ subnet: `${third(0)}.0/24` }],
  labels,
});
const volume = new docker.Volume("data", { name: `${name}-data`, labels });
const context = config.get("context") ?? "context";
const image = new docker.Image("image", {
  imageName: `portico-test/${name}`,
  build: {
    context,
    dockerfile: `${context}/Dockerfile`,
    args: { BASE: base },
    builderVersion: docker.BuilderVersion.BuilderV1,
  },
  skipPush: true,
});
const made = new docker.Container("container", {
  name,
  image: image.repoDigest,
  networksAdvanced: [
    { name: network.name, ipv4Address: `${third(16)}.4` },
    { name: outer.name, ipv4Address: `${third(0)}.8` },
  ],
  volumes: [{ volumeName: volume.name, containerPath: "/data" }],
  tmpfs: { "/tmp": "size=1m" },
  readOnly: true,
  capabilities: { drops: ["ALL"], adds: ["CAP_SETUID"] },
  envs: [config.requireSecret("password").apply((password) => `PASSWORD=${password}`)],
  labels,
  restart: "unless-stopped",
  wait: true,
  waitTimeout: 60,
  ...container,
});

export const id = made.id;
export const addresses = made.networkDatas;
