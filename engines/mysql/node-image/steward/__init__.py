"""The node's steward: turns the node's description into a running member of the one group."""
