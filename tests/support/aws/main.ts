// Stands in for Pulumi's AWS plugin in tests: no account, no network. What is known of a resource is in tables/.
import { serveAws } from "./provider.ts";

serveAws();
