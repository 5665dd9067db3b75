import { inserting as insertingDocuments } from "../../tests/support/mongodb.ts";
import { inserting as insertingRows } from "../../tests/support/mysql.ts";
import { adding } from "../../tests/support/redis.ts";
import type { Driver } from "../../tests/support/writer.ts";

/** What writes to nodes past their portals, where a leader is followed. */
export const drivers: Readonly<Record<string, Driver>> = {
  redis: adding("written"),
  mysql: insertingRows("written"),
  mongodb: insertingDocuments("written"),
};
