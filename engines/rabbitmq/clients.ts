import type { Access, Clients } from "../client-form.ts";
import { first, inUri, lines, quoted, storePassword, trustStoreOf } from "../client-form.ts";
import { pathOf } from "../uri.ts";

export const clients: Clients = {
  about: `Any node serves; a connection ends with its node, and a new one is served by another at once. Nothing is held while a node serves. Publish with
confirms. amqp-tools have no form: they look for a certificate's DNS names alone (\`SSL hostname verification failed\`), and portals have addresses.`,
  forms: [
    {
      client: "pika",
      title: "pika",
      language: "python",
      allPortals: true,
      form: (access) => {
        const options = `socket_timeout=${access.patience}&stack_timeout=${access.patience}`;
        return lines(
          "import pika, ssl",
          `portals = [pika.URLParameters(uri) for uri in (${each(access, (uri) => quoted(`${uri}?${options}`))},)]`,
          `tls = ssl.create_default_context(cafile=${quoted(access.caFile)})`,
          "for portal in portals: portal.ssl_options = pika.SSLOptions(tls, portal.host)",
          "connection = pika.BlockingConnection(portals)",
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
          "import ssl",
          "from celery import Celery",
          `app = Celery(${quoted(access.deployment)}, broker=${quoted(each(access, (uri) => uri, ";"))})`,
          `app.conf.broker_use_ssl = {"ca_certs": ${quoted(access.caFile)}, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}`,
          `app.conf.broker_connection_timeout = ${access.patience}`,
          `app.conf.broker_transport_options = {"confirm_publish": True}`,
        ),
    },
    {
      client: "amqplib",
      title: "amqplib",
      language: "javascript",
      form: (access) =>
        lines(
          `import { readFileSync } from "node:fs";`,
          `import { connect } from "amqplib";`,
          `const connection = await connect(${quoted(amqps(access))}, { ca: [readFileSync(${quoted(access.caFile)})] });`,
          `connection.on("error", (error) => console.error(error.message)); // without this the process ends`,
        ),
    },
    {
      client: "amqp091-go",
      title: "amqp091-go",
      language: "connection string",
      takes: "amqp.Dial(form)",
      form: (access) =>
        `${amqps(access)}?cacertfile=${pathOf(access.caFile)}&connection_timeout=${access.patience * 1000}`,
    },
    {
      client: "rabbitmq-java",
      title: "RabbitMQ's Java client",
      language: "java",
      imports: [
        "com.rabbitmq.client.*",
        "java.io.File",
        "java.security.*",
        "java.util.List",
        "javax.net.ssl.*",
      ],
      trustStore: true,
      allPortals: true,
      form: (access) => {
        const portals = access.hosts.map(
          ({ host, port }) => `new Address(${quoted(host)}, ${port})`,
        );
        // The client gives half of the handshake's time to the server's first word.
        return lines(
          `var trust = KeyStore.getInstance(new File(${quoted(trustStoreOf(access.caFile))}), ${quoted(storePassword)}.toCharArray());`,
          `var managers = TrustManagerFactory.getInstance("PKIX"); managers.init(trust);`,
          `var tls = SSLContext.getInstance("TLS"); tls.init(null, managers.getTrustManagers(), null);`,
          `var factory = new ConnectionFactory(); factory.setUri(${quoted(amqps(access))});`,
          `factory.useSslProtocol(tls); factory.enableHostnameVerification(); factory.setHandshakeTimeout(${2 * access.patience}_000);`,
          `var connection = factory.newConnection(List.of(${portals.join(", ")}));`,
        );
      },
    },
  ],
  notes: {
    pika: {
      traps: [
        "The output `uri` has `cacertfile`, which pika refuses (`Unknown URL parameter`): use this form.",
      ],
    },
    celery: {
      traps: [
        "`server_hostname: None` has kombu verify the name of the portal that it connects to.",
        "kombu 5.7.0 imports `packaging`, and doesn't install it.",
      ],
    },
    amqplib: {
      traps: [
        "Without an `error` listener on the connection the process ends.",
        "It doesn't reconnect.",
      ],
    },
    "amqp091-go": { traps: ["It doesn't reconnect: watch `NotifyClose`."] },
    "rabbitmq-java": {
      traps: [
        "It recovers connections and channels by itself.",
        "It gives half of the handshake's time to the server's first word, which a hold keeps back.",
      ],
    },
  },
};

function amqps(access: Access): string {
  const { host, port } = first(access);
  const { login, what } = inUri(access);
  return `amqps://${login}${host}:${port}/${what}`;
}

/** Something of every portal's URI. */
function each(access: Access, use: (uri: string) => string, separator = ", "): string {
  return access.hosts.map((host) => use(amqps({ ...access, hosts: [host] }))).join(separator);
}
