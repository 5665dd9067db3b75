"""Whether this node serves: the portals' question, and that it is a member of a cluster with a master."""

import http.client
import json
import sys

from .description import DescriptionError, read_node

DEADLINE = 3.0


def main() -> None:
    try:
        node = read_node()
        health = ask()
    except (OSError, ValueError, http.client.HTTPException, DescriptionError) as error:
        sys.exit(f"no answer: {error}")
    found = (health.get("cluster_name"), health.get("status"), health.get("number_of_nodes", 0))
    if found[0] != node.scope or found[1] == "red" or found[2] <= len(node.members) // 2:
        sys.exit("cluster {}, status {}, {} nodes".format(*found))
    print("serves {}, status {}, {} nodes".format(*found))


def ask() -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", 9200, timeout=DEADLINE)
    connection.request("GET", "/_cluster/health?local=true")
    return json.load(connection.getresponse())


main()
