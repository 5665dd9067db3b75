/**
 * What @peculiar/x509's dependency injection asks of `Reflect` (it expects a polyfill). Import it before that library. Metadata is only
 * ever asked for, except what the library itself defines.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>();

const lookUp = (key: unknown, target: object) => metadata.get(target)?.get(key);

Object.assign(Reflect, {
  getMetadata: lookUp,
  getOwnMetadata: lookUp,
  hasOwnMetadata: (key: unknown, target: object) => metadata.get(target)?.has(key) ?? false,
  defineMetadata: (key: unknown, value: unknown, target: object) => {
    const known = metadata.get(target) ?? new Map<unknown, unknown>();
    metadata.set(target, known.set(key, value));
  },
});
