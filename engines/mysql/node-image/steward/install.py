"""Makes the data directory of an empty server, as a whole or not at all. It has no past: nothing is in its binary log."""

import os
import shutil

from portico_node import log

from . import paths


def install() -> None:
    """Where there is no data yet. What the server sorts gets its place in any case."""
    os.makedirs(paths.TEMPORARY, mode=0o700, exist_ok=True)
    if os.path.isdir(paths.DATA):
        return
    log.info("this node has no data: it begins with an empty server")
    shutil.rmtree(paths.INSTALLING, ignore_errors=True)
    shutil.copytree(paths.EMPTY, paths.INSTALLING, copy_function=shutil.copyfile)
    os.chmod(paths.INSTALLING, 0o700)
    os.sync()
    os.rename(paths.INSTALLING, paths.DATA)
