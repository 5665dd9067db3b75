"""Follows the mounted certificates: PostgreSQL and Patroni get copies, of pairs that fit together alone.

PostgreSQL refuses a key that others can read. Patroni closes its API for good when it is told to reload
between the two halves of a new pair (4.0.7), so it gets one file that is replaced as a whole.
"""

import os
import signal
import socket
import ssl

from portico_node import files, log

from . import paths, postmaster


def install_server_certificate() -> bool:
    """Whether there is another pair for PostgreSQL than before."""
    pair = _fitting_pair("server", paths.SERVER_CERT, paths.SERVER_KEY)
    if pair is None:
        return False
    certificate, key = pair
    new_key = files.write(paths.SERVER_KEY, key)
    return files.write(paths.SERVER_CERT, certificate) or new_key


def install_peer_certificate() -> bool:
    """Whether there is another pair for Patroni than before."""
    pair = _fitting_pair("peer", paths.PEER)
    return pair is not None and files.write(paths.PEER, b"".join(pair))


def fitting_peer_pair(*copies: str) -> tuple[bytes, bytes] | None:
    """Of the pair as it is mounted, certificate and key; None where the copies have it already, or it isn't whole."""
    return _fitting_pair("peer", *copies)


def reload_postgresql() -> None:
    pid = postmaster.pid()
    if pid is not None:
        try:
            os.kill(pid, signal.SIGHUP)
        except ProcessLookupError:
            return  # it reads the files when it starts
        log.info("PostgreSQL reads its files again")


def patroni_shows_certificate() -> bool:
    """Whether Patroni's API shows the installed pair's certificate; not, too, while it can't be asked."""
    context = ssl.create_default_context(cafile=paths.CA)
    context.check_hostname = False
    try:
        with open(paths.PEER, encoding="ascii") as file:
            first = file.read().split("-----END CERTIFICATE-----")[0]
        expected = ssl.PEM_cert_to_DER_cert(f"{first}-----END CERTIFICATE-----\n")
        context.load_cert_chain(paths.PEER)
        with (
            socket.create_connection(("127.0.0.1", 8008), timeout=2) as connection,
            context.wrap_socket(connection) as secured,
        ):
            return secured.getpeercert(binary_form=True) == expected
    except (OSError, ValueError):
        return False


def _fitting_pair(name: str, *copies: str) -> tuple[bytes, bytes] | None:
    """Certificate and key as they are mounted; None where they don't fit, which is said, or are copied already."""
    mounted = [f"{paths.NODE}/{name}.{kind}" for kind in ("crt", "key")]
    try:
        certificate, key = (files.read(path) for path in mounted)
        if certificate is None or key is None:
            return None
        # A certificate need not end with a line's end; a key after it in the same file must begin a line.
        certificate = certificate.rstrip() + b"\n"
        if b"".join(files.read(path) or b"" for path in copies) == certificate + key:
            return None
        # Two files are not replaced at one moment: halves of different pairs are left for the next look.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*mounted)
    except (OSError, ssl.SSLError) as error:
        log.warn(f"the new {name} certificate is not used: {error}")
        return None
    return certificate, key
