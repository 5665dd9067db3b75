"""How a node comes into the ring: decided once, while its volume is empty, and kept until it is a member."""

import os
from dataclasses import dataclass
from typing import Literal, get_args

from portico_node import files, log

from . import access, cql, paths
from .description import Node, Secrets

Kind = Literal["member", "form", "join", "replace"]


@dataclass(frozen=True)
class Entry:
    """
    `member`: it has its place and its data. `form`: the ring is new, there is nothing to stream. `join`: the ring is older
    than this node. `replace`: it was a member and has lost its volume.
    """

    kind: Kind

    @property
    def streams(self) -> bool:
        return self.kind in ("join", "replace")


def entry_of(node: Node, secrets: Secrets) -> Entry:
    kept = files.read(paths.ENTRY)
    kind = kept.decode(errors="replace").strip() if kept is not None else ""
    if kind in get_args(Kind):
        return Entry(kind)
    if kept is not None:
        log.warn(f"{paths.ENTRY} can't be read: how this node comes in is decided anew")
    elif os.path.isdir(paths.DATA):
        return Entry("member")
    entry = Entry(_entry_of_new(node, secrets))
    files.write(paths.ENTRY, entry.kind)
    return entry


def settle() -> None:
    """The node is a member from now on, whatever it was."""
    files.remove(paths.ENTRY)


def _entry_of_new(node: Node, secrets: Secrets) -> Kind:
    """The portal's login is made when a ring is complete: a member that knows it belongs to an older ring. Clients can't change its password."""
    for member in node.others:
        try:
            with cql.Login(member, access.PORTAL, secrets.portal) as login:
                peers = login.peers()
        except (cql.Refused, *cql.Failed):
            continue
        kind: Kind = "replace" if node.address in peers else "join"
        log.info(f"{member} is in an older ring already: this node comes in to {kind}")
        return kind
    return "form"
