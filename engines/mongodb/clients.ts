import type { Access, ClientForm, Clients } from "../client-form.ts";
import { AS_PRINTED_AND_BY_FORM, first, inUri, shell } from "../client-form.ts";
import { pathOf } from "../uri.ts";

/** All of MongoDB's drivers read the same URI, one portal in it. */
export const clients: Clients = {
  about: "The server here is a stand-in: what was seen is the drivers' part alone.",
  forms: [
    {
      client: "mongosh",
      title: "mongosh",
      language: "shell",
      form: (access) =>
        `MONGODB_URI=${shell(uri(access))} mongosh --nodb --shell --eval 'db = connect(process.env.MONGODB_URI)'`,
    },
    driver("mongodb-node", "MongoDB's Node.js driver", "new MongoClient(form)"),
    driver("pymongo", "PyMongo", "MongoClient(form)"),
    driver("mongo-go", "MongoDB's Go driver", "mongo.Connect(options.Client().ApplyURI(form))"),
  ],
  notes: {
    mongosh: { typed: AS_PRINTED_AND_BY_FORM },
  },
};

function driver(client: string, title: string, takes: string): ClientForm {
  return { client, title, language: "connection string", takes, form: uri };
}

/** `directConnection` keeps a driver from looking for members at their private addresses. */
function uri(access: Access): string {
  const { host, port } = first(access);
  const { login, what } = inUri(access);
  const wait = access.patience * 1000;
  const options = [
    ...["directConnection=true", "tls=true", `tlsCAFile=${pathOf(access.caFile)}`],
    ...[`serverSelectionTimeoutMS=${wait}`, `connectTimeoutMS=${wait}`],
  ];
  return `mongodb://${login}${host}:${port}/${what}?${options.join("&")}`;
}
