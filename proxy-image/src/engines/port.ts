import { z } from "zod";

/** A TCP port in a document. */
export const Port = z.int().min(1, "must be 1 to 65535").max(65_535, "must be 1 to 65535");
