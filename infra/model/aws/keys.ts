/** Where things are in the stack's bucket. */
export const keys = {
  /** The service that every machine runs. */
  service: "machine/portico-machine",
  document: (deployment: string): string => `${deployment}/document.json`,
  machine: (deployment: string, machine: string): string => `${deployment}/${machine}/machine.json`,
  file: (deployment: string, machine: string, file: string): string =>
    `${deployment}/${machine}/files/${file}`,
  /** Below it is what machines write. They write often, so old versions of it go. */
  reports: "reported/",
  reported: (deployment: string, machine: string): string =>
    `reported/${deployment}/${machine}/machine.json`,
  applied: (deployment: string, machine: string): string =>
    `reported/${deployment}/${machine}/applied.json`,
  image: (digest: string): string => `images/${digest.replace("sha256:", "")}.tar`,
} as const;
