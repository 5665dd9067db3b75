import { z } from "zod";

/**
 * etcd's JSON gateway writes 64-bit numbers as strings, and leaves out those that are 0. A number that JavaScript can't
 * hold exactly is refused: two revisions must never look equal because both were rounded.
 */
export const Revision = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,15})$/)
  .transform(Number)
  .refine(Number.isSafeInteger, "is over 2^53");

/** An identity of 64 bits: never calculated with, so kept as it is written. */
export const Id = z.string().regex(/^(0|[1-9][0-9]{0,19})$/);
