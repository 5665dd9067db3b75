"""Writes what Elasticsearch reads, from what the node was told, and becomes Elasticsearch."""
