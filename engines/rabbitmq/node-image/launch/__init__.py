"""Writes what RabbitMQ reads, from what the node was told, and becomes RabbitMQ."""
