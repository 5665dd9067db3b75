"""Follows the mounted certificates: Java's security manager lets Elasticsearch read copies in its own folder alone.

Elasticsearch looks at its copies every five seconds, and takes new ones for new connections.
"""

import os
import ssl
from typing import Mapping

from portico_node import files, log

from . import paths

Mounted = Mapping[str, bytes]
"""By the file's name."""


def mounted() -> Mounted:
    names = (paths.CA, paths.PEER_CERT, paths.PEER_KEY)
    return {name: files.read(f"{paths.NODE}/{name}") or b"" for name in names}


def install(found: Mounted) -> None:
    """Raises where they don't fit together, and leaves Elasticsearch's copies as they are."""
    os.makedirs(paths.FOUND, mode=0o700, exist_ok=True)
    for name, content in found.items():
        files.write(f"{paths.FOUND}/{name}", content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{paths.FOUND}/{paths.PEER_CERT}", f"{paths.FOUND}/{paths.PEER_KEY}")
    context.load_verify_locations(f"{paths.FOUND}/{paths.CA}")
    # Elasticsearch reads all again when one has changed: what it takes between two of these, it mends at its next look.
    for name in found:
        os.replace(f"{paths.FOUND}/{name}", f"{paths.CONFIG}/{name}")


def follow(refused: Mounted | None) -> Mounted | None:
    """One look. Gives what could not be installed: that is said once, and tried again at every look."""
    found: Mounted = {}
    try:
        found = mounted()
        if found == {name: files.read(f"{paths.CONFIG}/{name}") for name in found}:
            return None
        # Two files are not replaced at one moment: halves of different pairs are left for the next look.
        install(found)
    except OSError as error:
        if found != refused:
            log.warn(f"the new peer certificate is not used: {error}")
        return found
    log.info("the new peer certificate is given to Elasticsearch")
    return None
