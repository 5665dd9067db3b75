"""Whether this node serves: a client's first word, and whether RabbitMQ answers it as the right cluster."""

import socket
import sys

from .description import DescriptionError, read_node

HEADER = b"AMQP\x00\x00\x09\x01"
DEADLINE = 3.0
ENOUGH = 4096


def main() -> None:
    try:
        scope = read_node().scope
        answer = ask()
    except (OSError, DescriptionError) as error:
        sys.exit(f"no answer: {error}")
    if not is_start_of(scope, answer):
        sys.exit(f"the answer is not that of {scope}: {answer[:40]!r}")
    print(f"serves {scope}")


def ask() -> bytes:
    with socket.create_connection(("127.0.0.1", 5672), DEADLINE) as connection:
        connection.sendall(HEADER)
        return connection.recv(ENOUGH)


def is_start_of(scope: str, answer: bytes) -> bool:
    """Connection.Start, with the cluster's name among the server's properties."""
    name = scope.encode()
    said = b"cluster_nameS" + len(name).to_bytes(4, "big") + name
    return answer[7:11] == b"\x00\x0a\x00\x0a" and said in answer


if __name__ == "__main__":
    main()
