import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Credential } from "./signature.ts";

export interface MetadataArgs {
  readonly role: string;
  /** Seconds for which credentials are given. */
  readonly lifetime: number;
  /** Further paths below `/latest/`, such as `meta-data/instance-id`. */
  readonly paths?: Readonly<Record<string, string>>;
}

/** `down`: connections are cut. `hanging`: no answer. `expired`: credentials whose time is over, again and again. */
export type MetadataFault = "down" | "hanging" | "expired";

export interface Metadata {
  handle(request: IncomingMessage, response: ServerResponse): void;
  fault: MetadataFault | null;
  /** Seconds for which credentials are given from now on. */
  lifetime: number;
  /** Everything that was asked for, without tokens: `GET /latest/meta-data/…`. */
  readonly asked: readonly string[];
  /** Credentials that were given. */
  credentialOf(accessKeyId: string): Credential | undefined;
}

const ROLES = "/latest/meta-data/iam/security-credentials/";

/**
 * A stand-in for the instance metadata service, version 2 alone: nothing without a token from
 * `PUT /latest/api/token`, as where `HttpTokens` is `required`.
 */
export function createMetadata({ role, lifetime, paths = {} }: MetadataArgs): Metadata {
  const tokens = new Map<string, number>();
  const given = new Map<string, Credential>();
  const asked: string[] = [];

  const credentials = (): string => {
    const last = [...given.values()].at(-1);
    const left = (last?.expires ?? 0) - Date.now();
    const fresh = last && left > 0 && it.fault !== "expired" ? last : issue();
    return JSON.stringify({
      Code: "Success",
      LastUpdated: new Date().toISOString(),
      Type: "AWS-HMAC",
      AccessKeyId: fresh.accessKeyId,
      SecretAccessKey: fresh.secretAccessKey,
      Token: fresh.sessionToken,
      Expiration: new Date(fresh.expires ?? 0).toISOString(),
    });
  };

  const issue = (): Credential => {
    const credential = {
      accessKeyId: `ASIASTANDIN${String(given.size + 1).padStart(9, "0")}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(48).toString("base64"),
      expires: Date.now() + (it.fault === "expired" ? -1000 : it.lifetime * 1000),
    };
    given.set(credential.accessKeyId, credential);
    return credential;
  };

  const token = (headers: IncomingMessage["headers"]): readonly [number, string] => {
    const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
    if (!(seconds >= 1 && seconds <= 21_600)) return [400, "Bad Request"];
    if (headers["x-forwarded-for"] !== undefined) return [403, "Forbidden"];
    const made = randomBytes(32).toString("base64");
    tokens.set(made, Date.now() + seconds * 1000);
    return [200, made];
  };

  const respond = ({ method, url = "", headers }: IncomingMessage): readonly [number, string] => {
    if (method === "PUT" && url === "/latest/api/token") return token(headers);
    if (method !== "GET") return [405, "Method Not Allowed"];
    const until = tokens.get(String(headers["x-aws-ec2-metadata-token"])) ?? 0;
    if (until <= Date.now()) return [401, "Unauthorized"];
    if (url === ROLES) return [200, role];
    if (url === `${ROLES}${role}`) return [200, credentials()];
    const found = paths[url.replace("/latest/", "")];
    return found === undefined ? [404, "Not Found"] : [200, found];
  };

  const it: Metadata = {
    fault: null,
    lifetime,
    asked,
    credentialOf: (accessKeyId) => given.get(accessKeyId),
    handle: (request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (it.fault === "hanging") return;
      if (it.fault === "down") return void response.destroy();
      const [status, text] = respond(request);
      const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": "21600" };
      response.writeHead(status, { "content-type": "text/plain", ...ttl }).end(text);
    },
  };
  return it;
}
