"""Follows the mounted certificates. The server gets copies of pairs that fit together alone: it refuses keys that others can read."""

import ssl

from portico_node import files, log

from . import paths


def install_server_certificate() -> bool:
    """Whether there is another pair for MySQL than before."""
    pair = _fitting_pair("server")
    if pair is None:
        return False
    certificate, key = pair
    new_key = files.write(paths.SERVER_KEY, key)
    return files.write(paths.SERVER_CERT, certificate) or new_key


class PeerCertificate:
    def __init__(self) -> None:
        self._used = _peer()

    def renewed(self) -> tuple[bytes, ...] | None:
        """Another pair, or authority, than the one in use, if the pair fits."""
        found = _peer()
        return found if found is not None and found != self._used else None

    def use(self, found: tuple[bytes, ...]) -> None:
        self._used = found


def _peer() -> tuple[bytes, ...] | None:
    pair = _fitting_pair("peer")
    try:
        return None if pair is None else (files.read(paths.CA) or b"", *pair)
    except OSError as error:
        log.warn(f"the new peer certificate is not used: {error}")
        return None


def _fitting_pair(name: str) -> tuple[bytes, bytes] | None:
    mounted = [f"{paths.NODE}/{name}.{kind}" for kind in ("crt", "key")]
    try:
        certificate, key = (files.read(path) for path in mounted)
        if certificate is None or key is None:
            return None
        # Two files are not replaced at one moment: halves of different pairs are left for the next look.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*mounted)
    except (OSError, ssl.SSLError) as error:
        log.warn(f"the new {name} certificate is not used: {error}")
        return None
    return certificate, key
