import type { Access, Clients } from "../client-form.ts";
import { AS_PRINTED_AND_BY_FORM, first, inUri, lines, quoted, shell } from "../client-form.ts";

export const clients: Clients = {
  about:
    "Clients must not sniff: they would be told private addresses. The clients of version 8 refuse a server of version 7.",
  forms: [
    {
      client: "curl",
      title: "curl",
      language: "shell",
      form: (access) => {
        const { host, port } = first(access);
        return lines(
          `curl --config - --cacert ${shell(access.caFile)} 'https://${host}:${port}/_cat/nodes?v' <<'END'`,
          `user = ${quoted(`${access.user}:${access.password}`)}`,
          "END",
        );
      },
    },
    {
      client: "elasticsearch-js",
      title: "@elastic/elasticsearch 7",
      language: "javascript",
      allPortals: true,
      form: (access) =>
        lines(
          `import { readFileSync } from "node:fs";`,
          `import { Client } from "@elastic/elasticsearch";`,
          `const client = new Client({ nodes: [${nodes(access)}],`,
          `  ssl: { ca: readFileSync(${quoted(access.caFile)}) }, requestTimeout: ${access.patience}_000 });`,
        ),
    },
    {
      client: "elasticsearch-py",
      title: "elasticsearch-py 7",
      language: "python",
      allPortals: true,
      form: (access) =>
        lines(
          "from elasticsearch import Elasticsearch",
          `client = Elasticsearch([${nodes(access)}],`,
          `    ca_certs=${quoted(access.caFile)}, timeout=${access.patience}, retry_on_timeout=True)`,
        ),
    },
    {
      client: "go-elasticsearch",
      title: "go-elasticsearch 7",
      language: "go",
      imports: ["os", "github.com/elastic/go-elasticsearch/v7"],
      allPortals: true,
      form: (access) =>
        lines(
          `pem, _ := os.ReadFile(${quoted(access.caFile)})`,
          `client, err := elasticsearch.NewClient(elasticsearch.Config{CACert: pem,`,
          `	Addresses: []string{${nodes(access)}}})`,
        ),
    },
  ],
  notes: {
    curl: { typed: AS_PRINTED_AND_BY_FORM },
  },
};

function nodes(access: Access): string {
  const { login } = inUri(access);
  return access.hosts.map(({ host, port }) => quoted(`https://${login}${host}:${port}`)).join(", ");
}
