"""Follows the mounted certificates. PostgreSQL refuses a key that others can read, so it gets a copy."""

import hashlib
import os
import signal
import ssl

from . import files, log, paths, postmaster


def install_server_certificate() -> bool:
    """Copies the pair for PostgreSQL where it is new and fits together; whether it did."""
    certificate, key = (files.read(f"{paths.NODE}/server.{kind}") for kind in ("crt", "key"))
    if certificate is None or key is None:
        return False
    if files.read(paths.SERVER_CERT) == certificate and files.read(paths.SERVER_KEY) == key:
        return False
    try:
        # Two files are not replaced at one moment: halves of different pairs are left for the next look.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            f"{paths.NODE}/server.crt", f"{paths.NODE}/server.key"
        )
    except (OSError, ssl.SSLError) as error:
        log.warn(f"the new server certificate is not used: {error}")
        return False
    files.write(paths.SERVER_KEY, key)
    files.write(paths.SERVER_CERT, certificate)
    return True


def reload_postgresql() -> None:
    pid = postmaster.pid()
    if pid is not None:
        try:
            os.kill(pid, signal.SIGHUP)
        except ProcessLookupError:
            return  # it reads the files when it starts
        log.info("PostgreSQL reloads its certificate")


def peer_fingerprint() -> str:
    """Changes whenever the peer certificate, its key or the authority does."""
    whole = hashlib.sha256()
    for path in (paths.CA, paths.PEER_CERT, paths.PEER_KEY):
        whole.update(files.read(path) or b"")
    return whole.hexdigest()
