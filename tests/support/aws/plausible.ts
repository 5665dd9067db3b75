// Values that look like those of AWS. Addresses are from the ranges for documentation, the account is that of Amazon's examples.
import type { Made, Making } from "./table.ts";

export const ACCOUNT = "123456789012";

export const account = () => ACCOUNT;

/** An id such as `vpc-0123456789abcdef0`. */
export function ec2Id(prefix: string) {
  return ({ hex }: Making) => `${prefix}-0${hex(16, prefix)}`;
}

/** `arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-…` */
export function ec2Arn(kind: string) {
  return ({ region, id }: Made) => arn({ service: "ec2", region, resource: `${kind}/${id}` });
}

/** Global services have no region in their names, S3 has no account either. */
export function arn(of: { service: string; region?: string; account?: string; resource: string }) {
  return ["arn:aws", of.service, of.region ?? "", of.account ?? ACCOUNT, of.resource].join(":");
}

export function publicIp({ hex }: Making): string {
  const range = octet(hex(2, "range")) % 2 === 0 ? "203.0.113" : "198.51.100";
  return `${range}.${host(hex(2, "host"))}`;
}

export function privateIp({ hex }: Making): string {
  return `10.0.${octet(hex(2, "net"))}.${host(hex(2, "host"))}`;
}

export function ipv6Block({ hex }: Making): string {
  return `2001:db8:${group(hex(4, "a"))}:${group(`1${hex(1, "b")}00`)}::/56`;
}

export function ipv6Address({ hex }: Making, index: number): string {
  return `2001:db8:${group(hex(4, "net"))}::${group(`1${hex(3, String(index))}`)}`;
}

export function dnsName(address: string, { region }: Making): string {
  return `ip-${address.replaceAll(".", "-")}.${region}.compute.internal`;
}

function octet(digits: string): number {
  return Number.parseInt(digits, 16);
}

/** 4 to 253: neither network, router nor broadcast. */
function host(digits: string): number {
  return 4 + (octet(digits) % 250);
}

function group(digits: string): string {
  return Number.parseInt(digits, 16).toString(16);
}
