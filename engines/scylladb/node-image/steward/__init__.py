"""Runs one node of the ring: writes its configuration, starts the server, converges the cluster's logins, tells its health."""
