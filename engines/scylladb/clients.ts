import type { Access, Clients } from "../client-form.ts";
import { AS_PRINTED_AND_BY_FORM, first, lines, quoted, shell } from "../client-form.ts";
import { cqlshBy } from "./cqlsh.ts";

/**
 * Drivers learn the nodes' private addresses and translate each into a portal's. The map names all nodes, so that one form does
 * for every endpoint of a deployment. Their connect time-outs stay as they come, 5 to 11 s: a node's endpoint holds nobody, and a longer one
 * would keep a driver, which tries the nodes in turn, at one that hangs.
 */
export const clients: Clients = {
  about: `Drivers learn the nodes' private addresses; the form translates each into a portal's. Those for Node.js and Python write and read with
LOCAL_ONE as they come: what one node alone has may be missing after its loss, and for a while in an answer of another. The runs here used
LOCAL_QUORUM. The server is Apache Cassandra 5.0. Java's driver takes a translator as a class named in its configuration, which is more than a
form: [engines/scylladb](../engines/scylladb/README.md).`,
  forms: [
    {
      client: "cqlsh",
      title: "cqlsh of ScyllaDB",
      language: "shell",
      form: (access) => {
        const { host, port } = first(access);
        const file = `${access.deployment}.cqlsh`;
        const login = `${shell(access.user)} ${shell(access.password)}`;
        // Newer and older versions of cqlsh have other names for the same.
        return lines(
          `(umask 077; printf '[%s]\\nusername = %s\\npassword = %s\\n' PlainTextAuthProvider ${login} plain_text_auth ${login} > ${file})`,
          `${cqlshBy(shell(access.caFile))} --credentials=${file} ${host} ${port}`,
        );
      },
    },
    {
      client: "cassandra-driver-js",
      title: "cassandra-driver for Node.js",
      language: "javascript",
      allPortals: true,
      form: (access) =>
        lines(
          `import { readFileSync } from "node:fs";`,
          `import cassandra from "cassandra-driver";`,
          `const portals = ${JSON.stringify(access.addressMap ?? {})};`,
          "const addressResolution = new (class extends cassandra.policies.addressResolution.AddressTranslator { translate(address, port, done) { done(portals[`$" +
            "{address}:$" +
            "{port}`]); } })();",
          `const client = new cassandra.Client({ contactPoints: Object.values(portals), localDataCenter: "datacenter1", policies: { addressResolution },`,
          `  credentials: { username: ${quoted(access.user)}, password: ${quoted(access.password)} }, sslOptions: { ca: [readFileSync(${quoted(access.caFile)})], rejectUnauthorized: true } });`,
        ),
    },
    {
      client: "cassandra-driver-py",
      title: "cassandra-driver for Python",
      language: "python",
      allPortals: true,
      form: (access) =>
        lines(
          "import ssl; from cassandra.auth import PlainTextAuthProvider; from cassandra.cluster import Cluster; from cassandra.connection import DefaultEndPoint, DefaultEndPointFactory",
          `portals = {${addressPairs(access)
            .map(
              ({ node, at }) =>
                `${quoted(node.host)}: DefaultEndPoint(${quoted(at.host)}, ${at.port})`,
            )
            .join(", ")}}`,
          "class Portals(DefaultEndPointFactory):",
          "    def create(self, row): return portals[super().create(row).address]",
          `cluster = Cluster(list(portals.values()), endpoint_factory=Portals(), ssl_context=ssl.create_default_context(cafile=${quoted(access.caFile)}), ssl_options={"server_hostname": "localhost"},`,
          `    auth_provider=PlainTextAuthProvider(${quoted(access.user)}, ${quoted(access.password)}))`,
        ),
    },
    {
      client: "gocql",
      title: "gocql",
      language: "go",
      imports: ["context", "crypto/tls", "net", "github.com/gocql/gocql"],
      allPortals: true,
      // Not by its AddressTranslator: its policies know one host an address, and nodes share those of the portals.
      form: (access) =>
        lines(
          "type portals map[string]string",
          "func (at portals) DialContext(ctx context.Context, network, node string) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, network, at[node]) }",
          `cluster := gocql.NewCluster(${Object.keys(access.addressMap ?? {})
            .map(quoted)
            .join(", ")})`,
          `cluster.Dialer = portals{${Object.entries(access.addressMap ?? {})
            .map(([node, at]) => `${quoted(node)}: ${quoted(at)}`)
            .join(", ")}}`,
          `cluster.Authenticator = gocql.PasswordAuthenticator{Username: ${quoted(access.user)}, Password: ${quoted(access.password)}}`,
          `cluster.SslOpts = &gocql.SslOptions{Config: &tls.Config{ServerName: "localhost"}, CaPath: ${quoted(access.caFile)}, EnableHostVerification: true}`,
        ),
    },
  ],
  notes: {
    cqlsh: {
      typed: AS_PRINTED_AND_BY_FORM,
      traps: ["Apache Cassandra's own cqlsh verifies no certificate, whatever it is told."],
    },
    gocql: {
      traps: [
        "The first two lines stand outside the function.",
        "Its `AddressTranslator` won't do: host policies know one node an address, so that of nodes behind one portal one is used, and none once that is down.",
      ],
    },
  },
};

/** By node: its private address, and the portal's. */
function addressPairs({ addressMap = {} }: Access) {
  return Object.entries(addressMap).map(([node, at]) => ({
    node: hostAndPortOf(node),
    at: hostAndPortOf(at),
  }));
}

function hostAndPortOf(text: string) {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}
