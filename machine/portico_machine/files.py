"""Whole files or none, also where the power goes at the worst moment."""

from __future__ import annotations

import filecmp
import os
import shutil
from typing import Collection


def write(path: str, content: str, mode: int = 0o600) -> None:
    beside = f"{path}.new"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _to_disk(os.path.dirname(path))


def read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def place(staged: str, folder: str, names: Collection[str]) -> tuple[list[str], list[str]]:
    """Makes `folder` hold `names` alone, those in `staged` as they are there. Gives what was replaced, and what removed.

    A folder that a container has mounted must stay the same one: its files are replaced one by one, and only those that
    differ. What reads them must bear halves of two sets for a moment, as the images do.
    """
    arrived = sorted(os.listdir(staged))
    for name in arrived:
        os.chmod(f"{staged}/{name}", 0o644)
        _to_disk(f"{staged}/{name}")
    if not os.path.isdir(folder):
        # The first time is one step: nothing ever starts on half of a set.
        os.chmod(staged, 0o755)
        os.rename(staged, folder)
        _to_disk(os.path.dirname(folder))
        return arrived, []
    replaced = [name for name in arrived if not _same(f"{staged}/{name}", f"{folder}/{name}")]
    for name in replaced:
        os.replace(f"{staged}/{name}", f"{folder}/{name}")
    removed = sorted(set(os.listdir(folder)) - set(names))
    for name in removed:
        os.remove(f"{folder}/{name}")
    _to_disk(folder)
    shutil.rmtree(staged)
    return replaced, removed


def _same(one: str, other: str) -> bool:
    return os.path.exists(other) and filecmp.cmp(one, other, shallow=False)


def _to_disk(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
