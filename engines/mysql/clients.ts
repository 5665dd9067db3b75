import type { Clients } from "../client-form.ts";
import {
  AS_PRINTED_AND_BY_FORM,
  first,
  inUri,
  lines,
  quoted,
  shell,
  storePassword,
  trustStoreOf,
} from "../client-form.ts";
import { hostList, pathOf } from "../uri.ts";

export const clients: Clients = {
  about: `TLS passes through to the servers, so a connection that is held has no greeting yet. Sessions end at a switchover (\`offline_mode\`), and with a
bare end at a kill.`,
  forms: [
    {
      client: "mysql",
      title: "mysql",
      language: "shell",
      form: (access) => {
        const { host, port } = first(access);
        const { user, database, caFile, patience } = access;
        return `MYSQL_PWD=${shell(access.password)} mysql --host=${host} --port=${port} --user=${shell(user)} --ssl-mode=VERIFY_IDENTITY --ssl-ca=${shell(caFile)} --connect-timeout=${patience} ${shell(database)}`;
      },
    },
    {
      client: "mysql2",
      title: "mysql2",
      language: "connection string",
      takes: "mysql.createPool(form)",
      form: (access) => {
        const { host, port } = first(access);
        const { login, what } = inUri(access);
        const ssl = encodeURIComponent(JSON.stringify({ verifyIdentity: true, ca: access.ca }));
        return `mysql://${login}${host}:${port}/${what}?connectTimeout=${access.patience * 1000}&ssl=${ssl}`;
      },
    },
    {
      client: "pymysql",
      title: "PyMySQL",
      language: "python",
      form: (access) => {
        const { host, port } = first(access);
        return lines(
          "import pymysql",
          `connection = pymysql.connect(host=${quoted(host)}, port=${port}, user=${quoted(access.user)}, password=${quoted(access.password)},`,
          `    database=${quoted(access.database)}, ssl_ca=${quoted(access.caFile)}, ssl_verify_cert=True, ssl_verify_identity=True,`,
          `    connect_timeout=${access.patience})`,
        );
      },
    },
    {
      client: "sqlalchemy-pymysql",
      title: "SQLAlchemy with PyMySQL",
      language: "python",
      // With PyMySQL's own `ssl_verify_cert` in the URL, PyMySQL forgets the authority that SQLAlchemy hands over.
      form: (access) => {
        const { host, port } = first(access);
        const { login, what } = inUri(access);
        const uri = `mysql+pymysql://${login}${host}:${port}/${what}?ssl_ca=${pathOf(access.caFile)}&ssl_check_hostname=true&connect_timeout=${access.patience}`;
        return lines(
          "from sqlalchemy import create_engine",
          `engine = create_engine(${quoted(uri)},`,
          `    pool_pre_ping=True, pool_timeout=${access.patience})`,
        );
      },
    },
    {
      client: "go-sql-driver",
      title: "go-sql-driver",
      language: "go",
      imports: [
        "crypto/tls",
        "crypto/x509",
        "database/sql",
        "os",
        "github.com/go-sql-driver/mysql",
      ],
      form: (access) => {
        const { host, port } = first(access);
        const { user, password, database, deployment } = access;
        const dsn = `${user}:${password}@tcp(${host}:${port})/${database}?tls=${deployment}`;
        return lines(
          `pem, _ := os.ReadFile(${quoted(access.caFile)})`,
          "roots := x509.NewCertPool()",
          "roots.AppendCertsFromPEM(pem)",
          `mysql.RegisterTLSConfig(${quoted(deployment)}, &tls.Config{RootCAs: roots})`,
          `db, err := sql.Open("mysql", ${quoted(dsn)})`,
        );
      },
    },
    {
      client: "connector-j",
      title: "Connector/J",
      language: "connection string",
      takes: "DriverManager.getConnection(form)",
      trustStore: true,
      allPortals: true,
      form: (access) => {
        const [user, password] = [access.user, access.password].map(encodeURIComponent);
        const options = [
          ...[`user=${user}`, `password=${password}`, "sslMode=VERIFY_IDENTITY"],
          `trustCertificateKeyStoreUrl=file:${pathOf(trustStoreOf(access.caFile))}`,
          ...[
            "trustCertificateKeyStoreType=PKCS12",
            `trustCertificateKeyStorePassword=${storePassword}`,
          ],
          // Otherwise the second host is for reading alone.
          "failOverReadOnly=false",
        ];
        return `jdbc:mysql://${hostList(access.hosts)}/${inUri(access).what}?${options.join("&")}`;
      },
    },
  ],
  notes: {
    mysql: {
      typed: `${AS_PRINTED_AND_BY_FORM}, with the client of the node's image`,
      traps: ["MariaDB's client has other options: `--ssl-verify-server-cert` for `--ssl-mode`."],
    },
    mysql2: {
      traps: [
        "Its `connectTimeout` is 10 s as it comes.",
        "A URI has room for the authority alone, not for its file.",
      ],
    },
    "sqlalchemy-pymysql": {
      traps: [
        "PyMySQL's own `ssl_verify_cert` and `ssl_verify_identity` don't belong in its URL: with them PyMySQL forgets the authority (`self-signed certificate in certificate chain`).",
      ],
    },
    "go-sql-driver": {
      traps: [
        "`RegisterTLSConfig` is for the process: one name a deployment.",
        "A write that failed may have been done: half of them were in the table in an earlier run.",
        "`invalid connection` is not repeated once a statement was sent.",
      ],
    },
    "connector-j": {
      traps: [
        "MySQL's other URIs, with `jdbc:` in front, connect **without verifying anything**.",
        "Without `failOverReadOnly=false` a connection to the second portal is read-only.",
        "Java reads no PEM as a trust store, so it needs the file.",
      ],
    },
  },
};
