import type { Access, Clients } from "../client-form.ts";
import {
  AS_PRINTED,
  first,
  inUri,
  lines,
  quoted,
  shell,
  storePassword,
  trustStoreOf,
} from "../client-form.ts";
import { pathOf } from "../uri.ts";

/**
 * No client of these knows two portals of one deployment, but Celery. Every one has a time-out for a command's answer, and a portal
 * holds a new session's first command until there is a leader.
 */
export const clients: Clients = {
  about: `A portal ends TLS itself. A client whose connection is held waits for its first command's answer, so its command time-out decides;
the handshake is done at once. Every open session ends at a switchover. A write is acknowledged before a replica has it:
none was lost in these runs, and that is no promise.`,
  forms: [
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
  ],
  notes: {
    "redis-cli": {
      typed: AS_PRINTED,
      traps: ["It verifies who signed the certificate, not the name in it."],
    },
    "redis-py": {
      traps: [
        "`Redis()` repeats a command up to ten times, `from_url()` never: this is why the form isn't a URL.",
        "A repeated `INCR` or `LPUSH` may count twice.",
      ],
    },
    celery: {
      traps: [
        "kombu refuses the URL without `ssl_cert_reqs`.",
        "The list with `;` is of brokers: a result backend takes the first URL alone.",
        "kombu 5.7.0 imports `packaging`, and doesn't install it.",
      ],
    },
    ioredis: {
      traps: [
        "It retries a certificate that it doesn't trust without end: look at its `error` events.",
        "It repeats commands that were under way.",
      ],
    },
    "node-redis": {
      traps: [
        "Without an `error` listener the process ends.",
        "Its connect time-out is 5 s as it comes, and so is a command's that waits for the connection to come back.",
      ],
    },
    bullmq: {
      traps: [
        "A job that was `active` when its worker was cut stays so until the lock ends (30 s), then it is done again.",
        "A `Worker` takes the same `connection`.",
      ],
    },
    "go-redis": { traps: ["`DialTimeout` is 5 s and `ReadTimeout` 3 s as they come."] },
    jedis: { traps: ["2 s as it comes, for everything."] },
    lettuce: { traps: ["It reconnects by itself, and repeats what wasn't answered."] },
  },
};

function rediss(access: Access): string {
  const { host, port } = first(access);
  return `rediss://${inUri(access).login}${host}:${port}`;
}
