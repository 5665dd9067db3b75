"""Writes whole files or none, readable by their owner unless said otherwise."""

import os


def write(path: str, content: str, mode: int = 0o600) -> None:
    beside = f"{path}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    os.replace(beside, path)
