import { fromInstanceMetadata } from "@aws-sdk/credential-providers";

type Provider = ReturnType<typeof fromInstanceMetadata>;

const quiet = (): void => {};

/**
 * Credentials of the machine's role, from the instance metadata and nowhere else. The client asks for new ones five minutes
 * before the old ones end: until then the old ones are good, should the metadata be silent.
 */
export function roleCredentials(): Provider {
  const ask = fromInstanceMetadata({
    timeout: 1000,
    maxRetries: 0,
    // What it would print is in its errors, or in S3's answers.
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  let last: Awaited<ReturnType<Provider>> | undefined;
  return async (properties) => {
    try {
      last = await ask(properties);
    } catch (error) {
      if (!last || (last.expiration?.getTime() ?? 0) <= Date.now()) throw error;
    }
    return last;
  };
}
