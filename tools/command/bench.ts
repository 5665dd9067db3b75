// `npm run bench [-- options]`: measures this portal against others; bench/README.md says what and how.
import "../../bench/main.ts";
