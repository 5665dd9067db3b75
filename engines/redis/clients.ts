import type { Access, ClientForm } from "../client-form.ts";
import { first, inUri, lines, quoted, shell, storePassword, trustStoreOf } from "../client-form.ts";
import { pathOf } from "../uri.ts";

/**
 * No client of these knows two portals of one deployment, but Celery. Every one has a time-out for a command's answer, and a portal
 * holds a new session's first command until there is a leader.
 */
export const redis: readonly ClientForm[] = [
  {
    client: "redis-cli",
    title: "redis-cli, valkey-cli",
    language: "shell",
    form: (access) => {
      const { host, port } = first(access);
      return `REDISCLI_AUTH=${shell(access.password)} redis-cli --tls --cacert ${shell(access.caFile)} --user ${shell(access.user)} -h ${host} -p ${port}`;
    },
  },
  {
    client: "redis-py",
    title: "redis-py",
    language: "python",
    form: (access) => {
      const { host, port } = first(access);
      return lines(
        "import redis",
        `client = redis.Redis(host=${quoted(host)}, port=${port}, username=${quoted(access.user)}, password=${quoted(access.password)},`,
        `    ssl=True, ssl_ca_certs=${quoted(access.caFile)}, socket_timeout=${access.patience}, socket_connect_timeout=${access.patience})`,
      );
    },
  },
  {
    client: "celery",
    title: "Celery (kombu)",
    language: "python",
    allPortals: true,
    form: (access) =>
      lines(
        "from celery import Celery",
        `app = Celery(${quoted(access.deployment)}, broker=${quoted(
          access.hosts
            .map(
              (host) =>
                `${rediss({ ...access, hosts: [host] })}?ssl_cert_reqs=required&ssl_ca_certs=${pathOf(access.caFile)}`,
            )
            .join(";"),
        )})`,
        `app.conf.broker_transport_options = {"socket_timeout": ${access.patience}, "socket_connect_timeout": ${access.patience}}`,
      ),
  },
  {
    client: "ioredis",
    title: "ioredis",
    language: "javascript",
    form: (access) =>
      lines(
        `import { readFileSync } from "node:fs";`,
        `import { Redis } from "ioredis";`,
        `const client = new Redis(${quoted(rediss(access))},`,
        `  { tls: { ca: readFileSync(${quoted(access.caFile)}) }, connectTimeout: ${access.patience}_000 });`,
        `client.on("error", (error) => console.error(error.message));`,
      ),
  },
  {
    client: "node-redis",
    title: "node-redis (redis)",
    language: "javascript",
    form: (access) =>
      lines(
        `import { readFileSync } from "node:fs";`,
        `import { createClient } from "redis";`,
        `const client = createClient({ url: ${quoted(rediss(access))},`,
        `  socket: { tls: true, ca: readFileSync(${quoted(access.caFile)}), connectTimeout: ${access.patience}_000 }, commandOptions: { timeout: ${access.patience}_000 } });`,
        `client.on("error", (error) => console.error(error.message));`,
        "await client.connect();",
      ),
  },
  {
    client: "bullmq",
    title: "BullMQ",
    language: "javascript",
    form: (access) => {
      const { host, port } = first(access);
      const login = `username: ${quoted(access.user)}, password: ${quoted(access.password)}`;
      return lines(
        `import { readFileSync } from "node:fs";`,
        `import { Queue } from "bullmq";`,
        `const connection = { host: ${quoted(host)}, port: ${port}, ${login},`,
        `  tls: { ca: readFileSync(${quoted(access.caFile)}) }, connectTimeout: ${access.patience}_000, maxRetriesPerRequest: null };`,
        `const queue = new Queue(${quoted(access.deployment)}, { connection });`,
        `queue.on("error", (error) => console.error(error.message));`,
      );
    },
  },
  {
    client: "go-redis",
    title: "go-redis",
    language: "go",
    imports: ["crypto/x509", "os", "time", "github.com/redis/go-redis/v9"],
    form: (access) =>
      lines(
        `pem, _ := os.ReadFile(${quoted(access.caFile)})`,
        `options, _ := redis.ParseURL(${quoted(rediss(access))})`,
        "options.TLSConfig.RootCAs = x509.NewCertPool()",
        "options.TLSConfig.RootCAs.AppendCertsFromPEM(pem)",
        `options.DialTimeout, options.ReadTimeout = ${access.patience}*time.Second, ${access.patience}*time.Second`,
        "client := redis.NewClient(options)",
      ),
  },
  {
    client: "jedis",
    title: "Jedis",
    language: "java",
    imports: ["java.io.File", "redis.clients.jedis.*"],
    trustStore: true,
    form: (access) => {
      const { host, port } = first(access);
      return lines(
        `var tls = SslOptions.builder().trustStoreType("PKCS12")`,
        `    .truststore(new File(${quoted(trustStoreOf(access.caFile))}), ${quoted(storePassword)}.toCharArray()).build();`,
        `var config = DefaultJedisClientConfig.builder().user(${quoted(access.user)}).password(${quoted(access.password)})`,
        `    .ssl(true).sslOptions(tls).timeoutMillis(${access.patience}_000).build();`,
        `var client = RedisClient.builder().hostAndPort(${quoted(host)}, ${port}).clientConfig(config).build();`,
      );
    },
  },
  {
    client: "lettuce",
    title: "Lettuce",
    language: "java",
    imports: ["io.lettuce.core.*", "java.io.File", "java.time.Duration"],
    form: (access) =>
      lines(
        `var client = RedisClient.create(${quoted(`${rediss(access)}?timeout=${access.patience}s`)});`,
        `var tls = SslOptions.builder().trustManager(new File(${quoted(access.caFile)})).build();`,
        `var socket = SocketOptions.builder().connectTimeout(Duration.ofSeconds(${access.patience})).build();`,
        "client.setOptions(ClientOptions.builder().sslOptions(tls).socketOptions(socket).build());",
        "var connection = client.connect();",
      ),
  },
];

function rediss(access: Access): string {
  const { host, port } = first(access);
  return `rediss://${inUri(access).login}${host}:${port}`;
}
