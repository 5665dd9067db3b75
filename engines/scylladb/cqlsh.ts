/**
 * ScyllaDB's own shell, which verifies certificate and name: Apache Cassandra's (6.2.2, with its driver 3.30.1) goes on with any
 * certificate, whatever these variables say. `caFile` is in quotes already.
 */
export const cqlshBy = (caFile: string): string =>
  `SSL_CERTFILE=${caFile} SSL_VALIDATE=true SSL_CHECK_HOSTNAME=true pipx run --spec scylla-cqlsh cqlsh --ssl`;
