"""Where things are on the machine."""

STATE = "/var/lib/portico-machine"
MACHINE = f"{STATE}/machine.json"
"""The last machine.json that could be used."""
ARCHIVE = f"{STATE}/image.tar"
FORMATTING = f"{STATE}/formatting"
"""Names the volume whose file system is being made at this moment."""
REPORT = f"{STATE}/report"
"""What a portal mounts as /agent/report."""
SERVICE_OBJECT = f"{STATE}/portico-machine.json"
"""What S3 said of the service that runs, kept by the loader."""

FILES = {"node": "/etc/portico/node", "portal": "/etc/portico/identity"}
DATA = "data"
"""Folder at the root of a node's volume. While that is not mounted, it is not there, and no container can start."""

DEVICES = "/dev/disk/by-id"
