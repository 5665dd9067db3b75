import type { Access, Clients } from "../client-form.ts";
import { first, lines, quoted } from "../client-form.ts";

export const clients: Clients = {
  about: "The server here is a stand-in.",
  forms: [
    {
      client: "rethinkdb-py",
      title: "rethinkdb for Python",
      language: "python",
      form: (access) => {
        const { host, port } = first(access);
        return lines(
          "from rethinkdb import r",
          `connection = r.connect(host=${quoted(host)}, port=${port}, ${login(access, "=")}, db=${quoted(access.database)},`,
          `    ssl={"ca_certs": ${quoted(access.caFile)}}, timeout=${access.patience})`,
        );
      },
    },
    {
      client: "rethinkdb-ts",
      title: "rethinkdb-ts",
      language: "javascript",
      allPortals: true,
      form: (access) => {
        const servers = access.hosts.map(
          ({ host, port }) => `{ host: ${quoted(host)}, port: ${port}, tls: true, ca }`,
        );
        return lines(
          `import { readFileSync } from "node:fs";`,
          `import { r } from "rethinkdb-ts";`,
          `const ca = readFileSync(${quoted(access.caFile)});`,
          `const pool = await r.connectPool({ servers: [${servers.join(", ")}],`,
          `  ${login(access, ": ")}, db: ${quoted(access.database)}, discovery: false, timeout: ${access.patience} });`,
        );
      },
    },
  ],
};

const login = ({ user, password }: Access, is: string): string =>
  `user${is}${quoted(user)}, password${is}${quoted(password)}`;
