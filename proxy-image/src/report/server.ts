// The agent's own port: HAProxy's questions, the status page, metrics.

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { Counter, Gauge, Registry } from "prom-client";

import { NO, VOUCHED_HEAD, vouchedText } from "../plan/render-vouch.ts";
import type { Snapshot } from "./applied.ts";

export interface Answers {
  /** True when there is a verdict younger than two seconds. Waits for one that is due, at most 400 ms. */
  hasVerdict(): Promise<boolean>;
  /** Whether this agent vouches for a node on an endpoint. `unknown`: it has no verdict, which disproves no node. Waits likewise. */
  vouches(endpoint: string, node: string): Promise<Vouched>;
  /** All for whom it vouches now, by endpoint and node. Empty while it doesn't speak. */
  vouched(): readonly (readonly [string, string])[];
  status(): unknown;
  metrics(): Promise<string>;
}

export type Vouched = "yes" | "no" | "unknown";

/**
 * The agent's own port, on loopback: HAProxy asks it every second whether it lives and whom it vouches for, and passes
 * the status page on to those on the whitelist.
 */
export function serve(answers: Answers, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    handle(answers, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

const STATUS_OF: Readonly<Record<Vouched, number>> = { yes: 200, no: NO, unknown: 503 };

async function handle(
  answers: Answers,
  { url = "/" }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (
    status: number,
    type: string,
    body: string,
    more: Readonly<Record<string, string>> = {},
  ) => response.writeHead(status, { "content-type": type, ...more }).end(body);
  const [, page = "", endpoint = "", node = ""] = url.split("/");
  switch (page) {
    case "alive": {
      if (!(await answers.hasVerdict())) return void send(503, "text/plain", "no verdict\n");
      const vouched = vouchedText(answers.vouched());
      return void send(200, "text/plain", "alive\n", { [VOUCHED_HEAD]: vouched });
    }
    case "vouch": {
      const vouched = await answers.vouches(endpoint, node);
      return void send(STATUS_OF[vouched], "text/plain", `${vouched}\n`);
    }
    case "":
    case "status":
      return void send(200, "application/json", `${JSON.stringify(answers.status(), null, 2)}\n`);
    case "metrics":
      return void send(200, "text/plain; version=0.0.4", await answers.metrics());
    default:
      return void send(404, "text/plain", "not found\n");
  }
}

/** When a certificate ends, in wall-clock milliseconds. */
export interface CertificateEnd {
  readonly certificate: "client" | "server";
  readonly at: number;
}

export interface Metrics {
  text(): Promise<string>;
  refused(endpoint: string, count: number): void;
}

/** Prometheus metrics of one portal. */
export function createMetrics(
  snapshot: () => Snapshot | undefined,
  ends: () => readonly CertificateEnd[],
): Metrics {
  const registers = [new Registry()];
  const refused = new Counter({
    name: "portico_refused_connections_total",
    help: "Connections refused because their source is not on the whitelist",
    labelNames: ["endpoint"],
    registers,
  });
  new Gauge({
    name: "portico_gate",
    help: "1 for what an endpoint does now with new connections: open, held or closed",
    labelNames: ["endpoint", "gate"],
    registers,
    collect() {
      this.reset();
      for (const [endpoint, { gate }] of Object.entries(snapshot()?.endpoints ?? {})) {
        this.set({ endpoint, gate }, 1);
      }
    },
  });
  new Gauge({
    name: "portico_slot",
    help: "1 for what a node gets from an endpoint: ready, drain or cut",
    labelNames: ["endpoint", "node", "slot"],
    registers,
    collect() {
      this.reset();
      for (const [endpoint, { slots }] of Object.entries(snapshot()?.endpoints ?? {})) {
        for (const [node, slot] of Object.entries(slots)) this.set({ endpoint, node, slot }, 1);
      }
    },
  });
  new Gauge({
    name: "portico_certificate_expiry_timestamp_seconds",
    help: "When a certificate of this portal ends, in seconds since 1970",
    labelNames: ["certificate"],
    registers,
    collect() {
      this.reset();
      for (const { certificate, at } of ends()) this.set({ certificate }, at / 1000);
    },
  });
  return {
    text: async () =>
      (await Promise.all(registers.map((registry) => registry.metrics()))).join("\n"),
    refused: (endpoint, count) => refused.inc({ endpoint }, count),
  };
}
