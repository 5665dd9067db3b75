// `npm run structure`
import { printStructure } from "../structure.ts";

printStructure();
