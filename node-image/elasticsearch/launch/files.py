"""Writes whole files or none, readable by their owner unless said otherwise."""

import os


def write(path: str, content: str | bytes, mode: int = 0o600) -> None:
    data = content.encode() if isinstance(content, str) else content
    beside = f"{path}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    os.replace(beside, path)


def read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None
