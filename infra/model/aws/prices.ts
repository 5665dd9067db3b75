/**
 * List prices in US dollars, on demand, Linux, us-east-1, without tax or discounts. They are for an order of magnitude: other regions
 * cost up to twice as much, and Amazon changes them. The pages that count are aws.amazon.com/ec2/pricing/on-demand,
 * /ebs/pricing, /vpc/pricing, /s3/pricing and /kms/pricing; these figures were compared with public tables of 2024 to June 2026, not
 * read from an account.
 */
export const PRICES = {
  date: "2026-06",
  source: "on-demand list prices for us-east-1, as public tables had them",
  /** An hour. */
  instances: {
    "t4g.micro": 0.0084,
    "t4g.small": 0.0168,
    "t4g.medium": 0.0336,
    "t4g.large": 0.0672,
    "t4g.xlarge": 0.1344,
    "m7g.large": 0.0816,
    "m7g.xlarge": 0.1632,
    "m7g.2xlarge": 0.3264,
  } as Readonly<Record<string, number>>,
  /** A GiB and month. */
  gp3: 0.08,
  snapshot: 0.05,
  bucket: 0.023,
  /** An hour, used or not, since February 2024. */
  ipv4: 0.005,
  /** A thousand requests. */
  get: 0.0004,
  /** A thousand lists or puts. */
  put: 0.005,
  /** A month. */
  kmsKey: 1,
} as const;

export const HOURS_A_MONTH = 730;
