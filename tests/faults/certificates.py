"""A certificate of our own for loopback servers that speak TLS; made by openssl, once per run."""

import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from shutil import which

HOST = "gateway.test"
"""The only name it is good for; the tests' resolvers know where that is."""


@cache
def _made() -> Path | None:
    openssl = which("openssl")
    if openssl is None:
        return None
    folder = Path(tempfile.mkdtemp(prefix="certificate-"))
    command = f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={HOST}"
    files = [
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "cert.pem"),
        "-addext",
        f"subjectAltName=DNS:{HOST}",
    ]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder


def server_context() -> ssl.SSLContext | None:
    """For a server; None where openssl is missing."""
    folder = _made()
    if folder is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def client_context() -> ssl.SSLContext:
    """For a client that trusts it."""
    folder = _made()
    assert folder is not None
    return ssl.create_default_context(cafile=folder / "cert.pem")
