/** The machine lacks something that the set-up can't get: the message says what the person can do. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
