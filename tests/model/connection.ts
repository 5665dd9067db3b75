/** How a client reaches the first deployment of a machine, from a folder whose path wants quoting. */
export const CONNECTION = {
  hosts: [
    { host: "127.0.0.1", port: 15432 },
    { host: "127.0.0.1", port: 15433 },
  ],
  user: "orders",
  password: "s3cret",
  database: "orders",
  route: "primary",
  caFile: "/home/ann/my portico/.portico/local/orders/ca.pem",
  ca: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
} as const;
