import { Counter, Gauge, Registry } from "prom-client";

import type { Snapshot } from "../agent.ts";
import type { Ending } from "../validity.ts";

export interface Metrics {
  text(): Promise<string>;
  refused(endpoint: string, count: number): void;
}

/** Prometheus metrics of one portal. */
export function createMetrics(
  snapshot: () => Snapshot | undefined,
  endings: () => readonly Ending[],
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
      for (const { certificate, at } of endings()) this.set({ certificate }, at / 1000);
    },
  });
  return {
    text: async () =>
      (await Promise.all(registers.map((registry) => registry.metrics()))).join("\n"),
    refused: (endpoint, count) => refused.inc({ endpoint }, count),
  };
}
