"""Follows the mounted certificate: Cassandra takes key and certificate from one file, the key as PKCS #8."""

import ssl
import subprocess

from portico_node import files, log

from . import paths


def install_peer_certificate() -> None:
    """Cassandra looks at the file's date every ten minutes, and takes a new one for new connections."""
    mounted = [f"{paths.NODE}/peer.{kind}" for kind in ("crt", "key")]
    try:
        # Two files are not replaced at one moment: halves of different pairs are left for the next look.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*mounted)
        certificate, key = (files.read(path) or b"" for path in mounted)
    except (OSError, ssl.SSLError) as error:
        log.warn(f"the peer certificate is not used: {error}")
        return
    converted = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-nocrypt"], input=key, capture_output=True, check=True
    ).stdout
    files.write(paths.PEER, converted + certificate)
