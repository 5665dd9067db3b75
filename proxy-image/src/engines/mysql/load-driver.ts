/** The driver is a bundle of its own, so that a portal of another engine has none of it in memory. */
export function loadDriver(): Promise<typeof import("./driver.ts")> {
  const file = import.meta.url.endsWith(".ts") ? "./driver.ts" : "./mysql-driver.mjs";
  return import(new URL(file, import.meta.url).href);
}
