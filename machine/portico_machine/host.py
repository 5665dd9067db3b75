"""
What the machine itself needs before the container can run: the node's data volume, Docker with what makes file systems, and settings of the
host's network.
"""

from __future__ import annotations

import os
import re
import shutil

from . import command, ending, files, log, paths
from .command import Trouble
from .wanted import Volume

MEBIBYTE = 1024 * 1024
USABLE = ("ext4", "xfs")


class DataVolume:
    def __init__(self) -> None:
        self._size = 0

    def ensure(self, volume: Volume) -> None:
        """Returns once the volume is mounted and as large as its device, with the folder for data in it."""
        device = f"{paths.DEVICES}/nvme-Amazon_Elastic_Block_Store_{volume.serial}"
        if not os.path.exists(device):
            raise Trouble(f"waits for volume {volume.serial}: {device} is not there")
        if not os.path.ismount(volume.mount):
            _mount(device, volume)
        if os.stat(volume.mount).st_dev != os.stat(device).st_rdev:
            raise Trouble(f"{volume.mount} holds another device than volume {volume.serial}")
        os.makedirs(f"{volume.mount}/{paths.DATA}", mode=0o755, exist_ok=True)
        self._grow(device, volume)

    def _grow(self, device: str, volume: Volume) -> None:
        """The size of a volume changes in place; the file system follows while it is mounted."""
        with open(device, "rb") as file:
            size = file.seek(0, os.SEEK_END)
        if size != self._size:
            if _signature(device) == "ext4":
                command.run(["resize2fs", device], 600)
            else:
                command.run(["xfs_growfs", volume.mount], 600)
            self._size = size


def _mount(device: str, volume: Volume) -> None:
    found = _signature(device)
    if found is None:
        _make_file_system(device, volume)
        found = "ext4"
    _forget_formatting(volume)
    if found not in USABLE:
        raise Trouble(f"volume {volume.serial} holds {found}, which is neither mounted nor overwritten")
    os.makedirs(volume.mount, mode=0o755, exist_ok=True)
    command.run(["mount", "-t", found, "-o", "nodev,nosuid,noatime", device, volume.mount], 120)
    log.info(f"mounted volume {volume.serial}", at=volume.mount, type=found)


def _make_file_system(device: str, volume: Volume) -> None:
    # Only this service writes the mark, and only over a blank volume: what is half made is its own.
    if files.read(paths.FORMATTING) != volume.serial:
        why = _occupied(device)
        if why:
            raise Trouble(f"volume {volume.serial} is not formatted: {why}")
        files.write(paths.FORMATTING, volume.serial)
    log.info(f"volume {volume.serial} is blank: makes a file system")
    with ending.whole():
        command.run(["mkfs.ext4", "-q", "-L", "portico-data", device], 600)


def _forget_formatting(volume: Volume) -> None:
    if files.read(paths.FORMATTING) == volume.serial:
        os.remove(paths.FORMATTING)


def _signature(device: str) -> str | None:
    """Type of the file system or of whatever else is recognised; None where nothing is."""
    try:
        said = command.run(["blkid", "-p", "-o", "export", device], 30)
    except command.Failed as failed:
        if failed.code == 2:
            return None
        raise
    known = dict(re.findall(r"^(\w+)=(.*)$", said, re.MULTILINE))
    return known.get("TYPE") or f"a partition table ({known.get('PTTYPE', 'of unknown type')})"


def _occupied(device: str) -> str | None:
    """Why there may be something on it, though no file system was recognised."""
    traces = command.run(["wipefs", "--noheadings", "--output", "TYPE", device], 30).split()
    if traces:
        return f"it has traces of {', '.join(traces)}"
    with open(device, "rb") as file:
        if file.read(MEBIBYTE).strip(b"\0"):
            return "its first MiB holds bytes that are no file system"
    return None


def ensure_engine() -> None:
    """Docker, and what makes file systems: installed from AL2023's own repositories, enabled and answering."""
    if any(shutil.which(program) is None for program in ("docker", "mkfs.ext4", "resize2fs")):
        log.info("installs docker and e2fsprogs")
        with ending.whole():
            command.run(["dnf", "install", "--assumeyes", "--quiet", "docker", "e2fsprogs"], 600)
        log.info("docker and e2fsprogs are installed")
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        command.run(asked, 20)
    except command.Failed:
        command.run(["systemctl", "enable", "--now", "docker.service"], 120)
        command.run(asked, 20)


PEERS = (
    "net.ipv4.tcp_retries2=5",
    "net.ipv4.tcp_keepalive_time=25",
    "net.ipv4.tcp_keepalive_intvl=5",
    "net.ipv4.tcp_keepalive_probes=4",
    "net.ipv4.tcp_notsent_lowat=16384",
)
"""
How soon a peer that is gone is noticed, and what waits for one that stops reading: what `components/local` gives containers, for the host's
network.
"""


class Peers:
    """Set once in the service's life: it begins anew with the machine, and nothing else there sets them."""

    def __init__(self) -> None:
        self._set = False

    def ensure(self) -> None:
        if not self._set:
            command.run(["sysctl", "--write", *PEERS], 20)
            self._set = True
