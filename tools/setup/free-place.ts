import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

import type Docker from "dockerode";
import ipaddr from "ipaddr.js";

/** Where a stack lives on this machine: nothing else uses the addresses or the ports. */
export interface Place {
  /** A /16, in CIDR notation. */
  readonly range: string;
  readonly firstPort: number;
}

type Block = readonly [ipaddr.IPv4, number];

/** Ports that a deployment has for itself, used or not. */
export const PORTS = 20;

/** A free /16 of 10.<first>.0.0 … 10.<last>.0.0, searched in that order or from a random one of them. */
export async function freeRange(
  docker: Docker,
  { first, last, from = first }: { first: number; last: number; from?: number },
): Promise<string> {
  const taken = [...(await routes()), ...interfaces(), ...(await dockerNetworks(docker))];
  const range = rangeOutside(taken, { first, last, from });
  if (!range) throw new Error(`every /16 from 10.${first} to 10.${last} is in use on this machine`);
  return range;
}

/** Pure part of `freeRange`. */
export function rangeOutside(
  taken: readonly Block[],
  { first, last, from }: { first: number; last: number; from: number },
): string | undefined {
  const count = last - first + 1;
  for (let step = 0; step < count; step++) {
    const second = first + ((from - first + step) % count);
    const candidate: Block = [ipaddr.IPv4.parse(`10.${second}.0.0`), 16];
    if (!taken.some((block) => overlap(block, candidate))) return `10.${second}.0.0/16`;
  }
  return undefined;
}

/** The first port from `start` up such that it and the following ones of a deployment are free on 127.0.0.1. */
export async function freePorts(start: number): Promise<number> {
  for (let first = start; first + PORTS < 65_536; first += PORTS) {
    const ports = Array.from({ length: PORTS }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return first;
  }
  throw new Error(`no ${PORTS} free ports in a row from ${start} up`);
}

export async function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once("error", () => answer(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => answer(true)),
    );
  });
}

function overlap([a, aBits]: Block, [b, bBits]: Block): boolean {
  return a.match(b, Math.min(aBits, bBits));
}

/** Linux alone lists its routes in a file; elsewhere the interfaces' own networks must do. */
async function routes(): Promise<readonly Block[]> {
  const table = await readFile("/proc/net/route", "utf8").catch(() => "");
  return parseRoutes(table);
}

/** Lines of /proc/net/route: destination and mask are little-endian hexadecimal. The default route takes nothing. */
export function parseRoutes(table: string): readonly Block[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, destination, , , , , , mask] = line.split("\t");
      if (!destination || !mask || mask === "00000000") return [];
      return [[littleEndian(destination), littleEndian(mask).prefixLengthFromSubnetMask() ?? 32]];
    }) as readonly Block[];
}

function littleEndian(hex: string): ipaddr.IPv4 {
  return new ipaddr.IPv4([...Buffer.from(hex, "hex").reverse()]);
}

function interfaces(): readonly Block[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ cidr, family }) =>
      cidr && family === "IPv4" ? [ipaddr.IPv4.parseCIDR(cidr)] : [],
    );
}

async function dockerNetworks(docker: Docker): Promise<readonly Block[]> {
  const networks = await docker.listNetworks();
  return networks
    .flatMap(({ IPAM }) => IPAM?.Config ?? [])
    .flatMap(({ Subnet }) =>
      Subnet && ipaddr.IPv4.isValidCIDR(Subnet) ? [ipaddr.IPv4.parseCIDR(Subnet)] : [],
    );
}
