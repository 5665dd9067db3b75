"""The node's steward: turns the node's description into running, converged etcd, Patroni and PostgreSQL."""
