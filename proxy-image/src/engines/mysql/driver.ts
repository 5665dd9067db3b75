/** All that is taken of MySQL's driver. */
export { createConnection } from "mysql2";
