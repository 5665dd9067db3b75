import { inserting as insertingDocuments } from "../../engines/mongodb/tests/client.ts";
import { inserting as insertingRows } from "../../engines/mysql/tests/client.ts";
import { adding } from "../../engines/redis/tests/client.ts";
import type { Driver } from "../../tests/support/writer.ts";

/** What writes to nodes past their portals, where a leader is followed. */
export const drivers: Readonly<Record<string, Driver>> = {
  redis: adding("written"),
  mysql: insertingRows("written"),
  mongodb: insertingDocuments("written"),
};
