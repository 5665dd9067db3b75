import type { ClientForm } from "../client-form.ts";
import { first, inUri, lines, quoted, shell, storePassword, trustStoreOf } from "../client-form.ts";
import { hostList, pathOf } from "../uri.ts";

export const mysql: readonly ClientForm[] = [
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
    imports: ["crypto/tls", "crypto/x509", "database/sql", "os", "github.com/go-sql-driver/mysql"],
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
];
