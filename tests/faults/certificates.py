"""A certificate of our own for loopback servers that speak TLS; made by openssl, once per run."""

import ssl
import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

HOST = "gateway.test"
"""The only name it is good for; the tests' resolvers know where that is."""
COMMAND = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    f"-subj /CN={HOST} -addext subjectAltName=DNS:{HOST}"
)


@cache
def _made() -> tuple[ssl.SSLContext, str] | None:
    """A server's context, and the certificate as PEM; the files are gone by then."""
    openssl = which("openssl")
    if openssl is None:
        return None
    with TemporaryDirectory(prefix="certificate-") as folder:
        key, certificate = Path(folder, "key.pem"), Path(folder, "cert.pem")
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([openssl, *COMMAND.split(), *files], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context, certificate.read_text()


def server_context() -> ssl.SSLContext | None:
    """For a server; None where openssl is missing."""
    made = _made()
    return None if made is None else made[0]


def client_context() -> ssl.SSLContext:
    """For a client that trusts it."""
    made = _made()
    assert made is not None
    return ssl.create_default_context(cadata=made[1])
