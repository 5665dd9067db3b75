/** What tells one machine from another. Nothing that changes in its life, and no secret. */
export interface MachineName {
  readonly bucket: string;
  readonly region: string;
  readonly deployment: string;
  /** A node (`orders-1`) or a portal (`orders-portal-1`). */
  readonly machine: string;
}

/** EC2 takes 16 KB of user data before base64. */
export const LONGEST_USER_DATA = 16 * 1024;

const NAME = /^[a-z0-9][a-z0-9.-]*$/;

/**
 * A machine's user data: `machine/user-data.sh` with its four names filled in. Instances are stopped and started, or replaced, when
 * it changes, so it must be the same for a machine's whole life. Throws on what the model never gives.
 */
export function userData(template: string, names: MachineName): string {
  const values: Readonly<Record<string, string>> = { ...names };
  const text = template.replaceAll(/@([a-z]+)@/g, (_, key: string) => {
    const value = values[key];
    if (value === undefined) throw new Error(`user data asks for @${key}@, which no machine has`);
    // The value stands in a file that systemd reads line by line.
    if (!NAME.test(value))
      throw new Error(`user data: ${key} ${JSON.stringify(value)} is no plain name`);
    return value;
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > LONGEST_USER_DATA)
    throw new Error(`user data has ${bytes} bytes, EC2 takes ${LONGEST_USER_DATA}`);
  return text;
}
