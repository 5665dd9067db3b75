/** Takes one mistake: where in the config it is, what is wrong and what would be right. */
export type Report = (path: readonly PropertyKey[], message: string) => void;

/** The report of a part: its paths begin below `prefix`. */
export function below(prefix: readonly PropertyKey[], report: Report): Report {
  return (path, message) => report([...prefix, ...path], message);
}

/** A path as `pulumi config set --path` takes it: `deployments.orders.whitelist["203.0.113.0/24"]`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => {
      if (!/^[A-Za-z_][\w-]*$/.test(String(key))) return `[${JSON.stringify(key)}]`;
      return index === 0 ? String(key) : `.${String(key)}`;
    })
    .join("");
}
