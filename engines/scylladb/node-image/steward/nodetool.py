"""Cassandra's nodetool on this node: `nodetool status`."""

import os
import sys

from . import paths
from .java import JMX, modules


def main() -> None:
    command = [
        "java",
        "-Xmx64m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        *modules(),
        "-Djava.security.manager=allow",
        f"-Dcassandra.storagedir={paths.SCRATCH}",
        "-Dlogback.configurationFile=/usr/local/lib/portico/quiet.xml",
        "-cp",
        f"{paths.LIB}/*",
        "org.apache.cassandra.tools.NodeTool",
        "-p",
        str(JMX),
        *sys.argv[1:],
    ]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
