/** Names of deployments and of the things that are named after them. */
export const NAME = /^[a-z](?:[a-z0-9-]{0,28}[a-z0-9])$/;
export const NAME_RULE =
  "must be 2 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash";
