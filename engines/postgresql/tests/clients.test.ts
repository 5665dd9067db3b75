import { connectsAllClients } from "../../../tests/clients/conformance.ts";
import { container, leader, NODES, orders, query, whole } from "../../../tests/e2e/orders.ts";
import { exec } from "../../../tests/support/containers.ts";

// Without a key, so that a row which a client repeats by itself is seen twice.
await query("ALTER TABLE written DROP CONSTRAINT written_pkey");

const inNode = async (node: string, ...command: string[]) => {
  const { code, output } = await exec(container(node), command, "postgres");
  if (code !== 0) throw new Error(`${node}: ${output}`);
};
let stopped = "";

await connectsAllClients({
  ...{ cluster: orders, engine: "postgresql", endpoint: "primary", whole },
  led: {
    leader,
    switchover: async () => {
      await inNode(NODES[0], "/usr/local/lib/portico/switchover");
    },
  },
  // Paused, Patroni leaves a server that was stopped alone, and elects nobody.
  hold: {
    lose: async () => {
      stopped = await leader();
      await inNode(stopped, "patronictl", "pause", "--wait");
      await inNode(
        stopped,
        "sh",
        "-c",
        '$(ls -d /usr/lib/postgresql/*/bin)/pg_ctl stop -m immediate -D "$(psql -AtXc "SHOW data_directory")"',
      );
    },
    giveBack: () => inNode(stopped, "patronictl", "resume"),
  },
});
