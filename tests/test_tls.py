"""Encrypted connections: `use_tls = true` verifies the server by its host name and a CA, on both kinds of database."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from datajoint.adapters import get_adapter

from antelop.config import Config, DatabaseConfig
from antelop.database import Database
from antelop.database.opening import Address, open_connection, system_cas
from antelop.errors import Misconfigured, Problem, Unavailable
from antelop.upkeep.server_backup import SCHEMAS, expect_embedded
from tests import servers
from tests.certificates import Authority
from tests.wires import Wire

pytestmark = pytest.mark.openssl

KINDS = [
    pytest.param("postgresql", marks=pytest.mark.postgresql),
    pytest.param("mysql", marks=pytest.mark.mariadb),
]
UNVERIFIED = (
    "Set [database] tls_ca to the CA that signed the server's certificate, and host to a name in that certificate; "
    "use_tls = false connects without encryption"
)


@dataclass
class Secured:
    """A server that offers TLS, with a certificate for its address and for ``db.lab``, by a CA.

    Attributes
    ----------
    address
        How it is reached, with the right CA.
    stranger
        The certificate of another CA.
    """

    server: servers.PostgreSQLServer | servers.MariaDBServer
    address: Address
    stranger: Path


@pytest.fixture(scope="module", params=KINDS)
def secured(request: Any) -> Iterator[Secured]:
    """Give such a server of each kind."""
    with servers.public_folder() as folder:
        ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
        key, certificate = ours.sign(f"IP:{servers.own_address()}", "DNS:db.lab")
        server: servers.PostgreSQLServer | servers.MariaDBServer
        if os.geteuid() == 0:
            shutil.chown(key, "nobody")
        if request.param == "postgresql":
            files = {"ssl_key_file": key, "ssl_cert_file": certificate}
            server = servers.PostgreSQLServer(folder, "ssl = on", *(f"{name} = '{path}'" for name, path in files.items()))
        else:
            server = servers.MariaDBServer(folder, f"--ssl-key={key}", f"--ssl-cert={certificate}")
        address = replace(servers.address(server), use_tls=True, tls_ca=ours.certificate)
        try:
            yield Secured(server, address, theirs.certificate)
        finally:
            server.kill()


def encrypted(address: Address, store: Path) -> bool:
    """Connect; return whether the connection is encrypted."""
    ask = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    if address.backend == "mysql":
        ask = "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'"
    with closing(Database(address, store=store)) as database:
        return bool(database.connection.query(ask).fetchone()[0])


def refused(address: Address, store: Path) -> Problem:
    """Return what is said of a server that is refused."""
    with pytest.raises(Misconfigured) as raised:
        encrypted(address, store)
    (problem,) = raised.value.problems
    return problem


def test_a_connection_is_encrypted_unless_that_is_turned_off(secured: Secured, tmp_path: Path) -> None:
    """By default where the server offers it, whoever signed its certificate; and `use_tls = true` demands it."""
    for use_tls in (None, True, False):
        tls_ca = secured.address.tls_ca if use_tls else None
        assert encrypted(replace(secured.address, use_tls=use_tls, tls_ca=tls_ca), tmp_path) == (use_tls is not False)


def test_a_certificate_of_another_ca_is_refused(secured: Secured, tmp_path: Path) -> None:
    """An attacker on the network can make a certificate, but none by the lab's CA, or by one that the system trusts."""
    for tls_ca in (secured.stranger, None):
        problem = refused(replace(secured.address, tls_ca=tls_ca), tmp_path)
        assert (problem.check, problem.where) == ("tls_unverified", str(secured.address))
        assert problem.what == "its TLS cannot be verified: unable to get local issuer certificate"
        assert problem.remedy == UNVERIFIED


def test_the_system_s_cas_count_by_default(secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CA that the machine trusts need not be named."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secured.address.tls_ca))
    assert system_cas() == str(secured.address.tls_ca)
    assert encrypted(replace(secured.address, tls_ca=None), tmp_path)


def test_a_certificate_for_another_host_is_refused(secured: Secured, tmp_path: Path) -> None:
    """The right CA signs for many machines: one of them may not answer in the place of the server."""
    server = (secured.address.host, secured.address.port)
    with closing(Wire(lambda: socket.create_connection(server))) as wire:
        problem = refused(replace(secured.address, host="localhost", port=wire.port), tmp_path)
    what = "its TLS cannot be verified: Hostname mismatch, certificate is not valid for 'localhost'"
    assert (problem.check, problem.what, problem.remedy) == ("tls_unverified", what, UNVERIFIED)


@pytest.mark.parametrize("written", [None, "nonsense"])
def test_a_file_without_a_ca_is_said(secured: Secured, tmp_path: Path, written: str | None) -> None:
    """Missing or not in PEM format: the key of the configuration is named, and the file."""
    file = tmp_path / "ca.pem"
    if written:
        file.write_text(written)
    problem = refused(replace(secured.address, tls_ca=file), tmp_path)
    assert (problem.check, problem.where) == ("tls_ca", "database.tls_ca")
    assert problem.what.startswith(f"no certificate of a CA can be read from {file}: ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls_is_refused_where_tls_is_demanded(kind: str, tmp_path: Path) -> None:
    """By default it is used as it is, and nothing goes on without encryption behind the back of who demands it."""
    with servers.postgresql() if kind == "postgresql" else servers.mariadb() as server:
        address = servers.address(server)
        assert not encrypted(replace(address, use_tls=None), tmp_path)
        problem = refused(replace(address, use_tls=True), tmp_path)
        assert problem.what == "its TLS cannot be verified: the server offers no TLS"
        server.stop()
        with pytest.raises(Unavailable):  # a server that is away is no server without TLS
            encrypted(replace(address, use_tls=True), tmp_path)


@pytest.mark.filterwarnings("ignore:'passwd' is deprecated:DeprecationWarning")  # by DataJoint's way
def test_our_own_way_to_open_a_connection_is_datajoint_s(secured: Secured) -> None:
    """What DataJoint sets when it opens one, ours has set likewise: its statements rely on it."""
    address, adapter = secured.address, get_adapter(secured.address.backend)
    where = (address.host, address.port, address.user, address.password)
    if address.backend == "postgresql":
        theirs = adapter.connect(*where, dbname=address.name, use_tls=True)
        asked = "SELECT name, setting FROM pg_settings WHERE source IN ('client', 'session') AND name <> 'application_name'"
    else:
        theirs = adapter.connect(*where, charset="utf8mb4", use_tls={"verify_mode": "none"})
        asked = "SELECT @@sql_mode, @@autocommit, @@character_set_client, @@collation_connection"
    answers = []
    for connection in (theirs, open_connection(address)):
        with closing(connection), closing(connection.cursor()) as cursor:
            cursor.execute(asked)
            answers.append(sorted(cursor.fetchall()))
    assert answers[0] == answers[1]


@pytest.mark.mariadb_dump
def test_the_tools_of_a_backup_verify_the_server_too(secured: Secured, tmp_path: Path) -> None:
    """The commands that back up a server dump it if its certificate is by the configured CA, and refuse it otherwise."""
    backend, address = secured.address.backend, secured.address
    with closing(open_connection(address)) as connection, closing(connection.cursor()) as cursor:
        for schema in SCHEMAS if backend == "mysql" else ():
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS antelop_ingest_{schema}")

    def dump(tls_ca: Path) -> subprocess.CompletedProcess[str]:
        database = DatabaseConfig(address.host, backend, address.port, use_tls=True, tls_ca=tls_ca)
        with pytest.raises(Misconfigured) as refused:
            expect_embedded(Config(tmp_path, tmp_path / "store", database), tmp_path, restoring=False)
        command = refused.value.problems[0].remedy.partition("meanwhile: ")[2].split(" && ")[1]
        path = f"{servers.newest_postgresql()}:{os.environ['PATH']}"
        environment = {"PATH": path, "DB_USER": address.user, "DB_PASS": address.password}
        return subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False)

    assert address.tls_ca
    assert dump(address.tls_ca).returncode == 0
    strange = dump(secured.stranger)
    assert strange.returncode != 0
    assert "certificate" in strange.stderr
