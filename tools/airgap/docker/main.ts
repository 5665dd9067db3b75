// Stands in for Pulumi's docker plugin where the real one can't be had.
import Docker from "dockerode";

import { serveProvider } from "../plugin/provider.ts";
import { containers } from "./container.ts";
import { images } from "./image.ts";
import { networks, volumes } from "./network.ts";

const docker = new Docker();

serveProvider("@pulumi/docker", {
  "docker:index/network:Network": networks(docker),
  "docker:index/volume:Volume": volumes(docker),
  "docker:index/image:Image": images(docker),
  "docker:index/container:Container": containers(docker),
});
