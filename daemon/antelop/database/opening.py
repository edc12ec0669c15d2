"""Opening a connection to a database server: within a time limit, and encrypted and verified as the configuration says."""

import os
import select
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Literal

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import pymysql

from antelop.errors import Misconfigured, Problem

CONNECT_TIMEOUT = 10
"""Seconds that a server may take to let a user in; also the whole time for a server that accepts and then says nothing."""

# DataJoint's own mode: its statements are written for it.
_SQL_MODE = (
    "NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY"
)

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client of PostgreSQL asks first, if it wants TLS (PostgreSQL manual, "Message Formats")."""

_NO_TLS = 2026
"""CR_SSL_CONNECTION_ERROR: by PyMySQL, for a server that offers no TLS."""

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine
)
"""Where distributions keep the certificates of the CAs that they trust."""


@dataclass(frozen=True)
class Address:
    """Where a server is, who connects, and how.

    Attributes
    ----------
    name
        PostgreSQL's database; None: ``postgres``.
    use_tls
        True: encrypted, and the server proves its host name by a certificate. False: not encrypted. None: encrypted if the
        server offers it, without any proof.
    tls_ca
        The file of the CA's certificates, in PEM format; None: those that the system trusts.
    prefix
        Common beginning of the names of the lab's schemas.
    """

    backend: Literal["postgresql", "mysql"]
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    name: str | None = None
    use_tls: bool | None = None
    tls_ca: Path | None = None
    prefix: str = "antelop_ingest_"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def open_connection(address: Address) -> Any:  # noqa: ANN401  # the drivers have no types
    """Return the driver's connection, on which each statement is a transaction of its own.

    DataJoint's adapters open one too, but verify no certificate, and wait without a limit for a MySQL server that is silent.

    Raises
    ------
    Misconfigured
        If TLS cannot be verified: the server offers none, or its certificate is for another host or not by the CA.
    Exception
        The driver's, if the server cannot be reached or refuses this user.
    """
    return _open_postgresql(address) if address.backend == "postgresql" else _open_mysql(address)


def _open_postgresql(address: Address) -> Any:  # noqa: ANN401  # as above
    modes = {True: "verify-full", False: "disable", None: "prefer"}
    tls = {"sslmode": modes[address.use_tls]}
    if address.use_tls:
        tls["sslrootcert"] = str(address.tls_ca or system_cas())
    where = {"host": address.host, "port": address.port, "user": address.user, "dbname": address.name or "postgres"}
    try:
        connection = _first_to_answer([{**where, **tls, **place, "password": address.password} for place in _places(address)])
    except psycopg2.OperationalError:
        # libpq tells a failed verification by words alone, so it is tried again by Python's own TLS.
        if address.use_tls and not address.host.startswith("/"):
            _try_tls(address)
        raise
    connection.autocommit = True
    # DataJoint decodes the JSON that a driver gives it as text. This driver would decode it before, and of a JSON string make
    # text that is no JSON, at which DataJoint fails.
    psycopg2.extras.register_default_json(connection, loads=str)
    psycopg2.extras.register_default_jsonb(connection, loads=str)
    return connection


def _places(address: Address) -> list[dict[str, str]]:
    """Return for each address that a host has what libpq takes for it: each is given the whole time, one after the other."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError:  # the folder of a Unix socket; or a name that is not known, which libpq says
        return [{}]
    return [{"hostaddr": place} for place in dict.fromkeys(str(each[4][0]) for each in found)]


def _first_to_answer(places: list[dict[str, Any]]) -> Any:  # noqa: ANN401  # as above
    """Return a connection to the first place where there is a server; raise what the last one said if there is none."""
    for place in places[:-1]:
        with suppress(psycopg2.OperationalError), _awaited_here():
            return psycopg2.connect(**place)
    with _awaited_here():
        return psycopg2.connect(**places[-1])


@contextmanager
def _awaited_here() -> Iterator[None]:
    """Have `_await` wait for the connections that are opened meanwhile, and not libpq.

    Where libpq waits, it writes what a server says while it lets a user in to standard error, past every log.
    """
    psycopg2.extensions.set_wait_callback(_await)
    try:
        yield
    finally:
        psycopg2.extensions.set_wait_callback(None)


def _await(connection: Any) -> None:  # noqa: ANN401  # as above
    """Wait until a connection is open; another thread's, which is open, is waited for as libpq would: without a limit."""
    is_opening = connection.status == psycopg2.extensions.STATUS_SETUP
    deadline = time.monotonic() + CONNECT_TIMEOUT if is_opening else inf
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        left = None if deadline == inf else max(0.0, deadline - time.monotonic())
        ends = [connection.fileno()]
        reading = state == psycopg2.extensions.POLL_READ
        if not any(select.select(ends if reading else [], [] if reading else ends, [], left)):
            raise psycopg2.OperationalError(f"the server has let nobody in for {CONNECT_TIMEOUT} s")


def _open_mysql(address: Address) -> Any:  # noqa: ANN401  # as above
    tls: dict[str, Any] = {"ssl": _context(address)} if address.use_tls else {"ssl_disabled": address.use_tls is False}
    try:
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            charset="utf8mb4",
            sql_mode=_SQL_MODE,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=CONNECT_TIMEOUT,
            write_timeout=CONNECT_TIMEOUT,
            **tls,
        )
    except pymysql.OperationalError as error:
        if error.args[0] == _NO_TLS:
            raise _unverified(address, "the server offers no TLS") from error
        cause = getattr(error, "original_exception", None)
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise _unverified(address, cause.verify_message) from error
        raise
    # These limits are for each packet. From here on `Deadline` limits the whole statement.
    connection._read_timeout = connection._write_timeout = None  # noqa: SLF001  # the driver has no public name for them
    return connection


def system_cas() -> str:
    """Return the file of the certificates that this system trusts; ``system`` if it is nowhere: libpq looks for it then."""
    found = [ssl.get_default_verify_paths().cafile, *_BUNDLES]
    return next((path for path in found if path and os.path.isfile(path)), "system")  # noqa: PTH113  # may be None


def _context(address: Address) -> ssl.SSLContext:
    """Return what verifies a server by its host name and the CA."""
    try:
        context = ssl.create_default_context(cafile=str(address.tls_ca) if address.tls_ca else None)
    except OSError as error:  # ssl.SSLError, for a file without certificates, is one as well
        what = f"no certificate of a CA can be read from {address.tls_ca}: {error.strerror or error}"
        remedy = "Give the CA's certificate in PEM format, in a file that the service may read"
        raise Misconfigured([Problem("tls_ca", "database.tls_ca", what, remedy)]) from error
    # On by default since Python 3.13; certificates that MySQL makes for itself, and many CAs of labs, do not pass it.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _try_tls(address: Address) -> None:
    """Raise `Misconfigured` if a PostgreSQL server cannot be verified; return if it can, or is not there."""
    context = _context(address)
    try:
        with socket.create_connection((address.host, address.port), CONNECT_TIMEOUT) as link:
            link.sendall(_SSL_REQUEST)
            answer = link.recv(1)
            if answer == b"N":
                raise _unverified(address, "the server offers no TLS")
            if answer == b"S":
                context.wrap_socket(link, server_hostname=address.host).close()
    except ssl.SSLCertVerificationError as error:
        raise _unverified(address, error.verify_message) from error
    except OSError:  # it is away, which is what the driver's own error says
        return


def _unverified(address: Address, what: str) -> Misconfigured:
    remedy = (
        "Set [database] tls_ca to the CA that signed the server's certificate, and host to a name in that certificate; "
        "use_tls = false connects without encryption"
    )
    return Misconfigured([Problem("tls_unverified", str(address), f"its TLS cannot be verified: {what.rstrip('.')}", remedy)])
