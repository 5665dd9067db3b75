import grpc from "@grpc/grpc-js";

import { exitWithParent } from "./orphan.ts";

const LARGEST_MESSAGE = 400 * 1024 * 1024;

/** Serves one of Pulumi's gRPC services and prints the port, which is how the CLI finds a plugin. */
export function serve(
  service: grpc.ServiceDefinition,
  methods: grpc.UntypedServiceImplementation,
): void {
  const server = new grpc.Server({ "grpc.max_receive_message_length": LARGEST_MESSAGE });
  server.addService(service, methods);
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
  process.on("SIGINT", () => process.exit(0)); // the CLI's farewell; a person's Ctrl-C reaches the CLI alone
  exitWithParent();
}

/** A gRPC method from an async function; what it throws reaches the person as one message. */
export function method<Request, Response>(answer: (request: Request) => Promise<Response>) {
  return (
    call: grpc.ServerUnaryCall<Request, Response>,
    reply: grpc.sendUnaryData<Response>,
  ): void => {
    answer(call.request).then(
      (response) => reply(null, response),
      (error: unknown) =>
        reply({
          code: grpc.status.UNKNOWN,
          details: error instanceof Error ? error.message : String(error),
        }),
    );
  };
}
