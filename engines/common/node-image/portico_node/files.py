"""Writes whole files or none, also where the power goes at the worst moment; readable by their owner unless said otherwise."""

import os


def write(path: str, content: str | bytes, mode: int = 0o600) -> bool:
    """Returns whether the content was another one before."""
    data = content.encode() if isinstance(content, str) else content
    if _has(path, data):
        return False
    beside = f"{path}.new"
    # What an earlier try has left may have another mode.
    remove(beside)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _sync_folder(path)
    return True


def read(path: str) -> bytes | None:
    """None where it isn't there. Raises OSError where it can't be read, which is no sign that it is gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _has(path: str, data: bytes) -> bool:
    """One that can't be read is written anew."""
    try:
        return read(path) == data
    except OSError:
        return False


def remove(path: str) -> None:
    """Where it is there."""
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def _sync_folder(path: str) -> None:
    """A new name is on the disk only once its folder is."""
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
