"""Encrypted lines to databases: each TLS mode against real servers with a certificate of our own making."""

import datetime
import ipaddress
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.connections.engines import ENGINES
from core.connections.session import Limits, Target
from core.errors import ConnectionFailed, InvalidInput
from core.evaluation.mariadb import private_mariadb
from core.evaluation.postgres import PrivatePostgres, postgres_programs, private_postgres, server_user
from core.store.embedded import EmbeddedServer

_Key = ec.EllipticCurvePrivateKey
TODAY = datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Papers:
    """Files: whoever vouches (`authority`), somebody else who does (`stranger`), the server's certificate and key."""

    authority: Path
    stranger: Path
    certificate: Path
    key: Path


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *names: x509.GeneralName,
) -> bytes:
    made = x509.CertificateBuilder().subject_name(_named(subject)).issuer_name(_named(issuer))
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(TODAY - datetime.timedelta(days=1)).not_valid_after(TODAY + datetime.timedelta(days=9))
    made = made.add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    made = made.add_extension(
        x509.KeyUsage(True, False, False, False, False, not names, not names, False, False), critical=True
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory, server: EmbeddedServer) -> Papers:
    folder = tmp_path_factory.mktemp("papers")
    authority, stranger, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    names = (x509.DNSName("db.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = Papers(folder / "authority.pem", folder / "stranger.pem", folder / "server.pem", folder / "server.key")
    made.authority.write_bytes(_signed("Authority", authority, "Authority", authority))
    made.stranger.write_bytes(_signed("Stranger", stranger, "Stranger", stranger))
    made.certificate.write_bytes(_signed("db.example", key, "Authority", authority, *names))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    made.key.chmod(0o600)
    if who := server_user():
        os.chown(made.key, who.pw_uid, who.pw_gid)
        for above in (folder, *folder.parents[:3]):
            above.chmod(above.stat().st_mode | 0o001)
    return made


@pytest.fixture(scope="module")
def postgres(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    programs = postgres_programs()
    if not programs:
        pytest.skip("no PostgreSQL server of version 15 or later is installed")
    settings = {"ssl": "on", "ssl_cert_file": str(papers.certificate), "ssl_key_file": str(papers.key)}
    with private_postgres(programs[0], tmp_path_factory.mktemp("tls"), settings) as running:
        yield reader(running)


def reader(running: PrivatePostgres) -> Target:
    """A login that is nobody special."""
    with psycopg.connect(running.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'x'")
    return Target("db.example", running.port, "postgres", "reader", "x", pinned="127.0.0.1")


@pytest.fixture(scope="module")
def mariadb(papers: Papers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    options = [f"--ssl-cert={papers.certificate}", f"--ssl-key={papers.key}"]
    try:
        with private_mariadb(tmp_path_factory.mktemp("tls"), *options) as running:
            yield Target("db.example", running.port, "mysql", "reader", running.password, pinned="127.0.0.1")
    except InvalidInput as error:
        pytest.skip(str(error))


ENCRYPTED = {
    "postgresql": "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mariadb": "SELECT IF(VARIABLE_VALUE = '', 'false', 'true') FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'SSL_CIPHER'",
}


@pytest.fixture(params=["postgresql", "mariadb"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(kind: str, request: pytest.FixtureRequest) -> Target:
    found: Target = request.getfixturevalue("postgres" if kind == "postgresql" else kind)
    return found


def encrypted(kind: str, target: Target) -> bool:
    """Whether one gets in, and the line is encrypted."""
    with closing(ENGINES[kind].open(target, Limits(seconds=5))) as session:
        [(answer,)] = session.read(ENCRYPTED[kind]).rows
    return bool(answer == "true")


def way(target: Target, mode: str, **changes: str) -> Target:
    return replace(target, options={"sslmode": mode}, **changes)  # type: ignore[arg-type]


def test_every_mode_is_offered_and_encrypts_or_does_not(kind: str, target: Target, papers: Papers) -> None:
    assert ENGINES[kind].options["sslmode"] == ("prefer", "require", "verify-full", "disable")
    assert encrypted(kind, way(target, "prefer"))
    assert encrypted(kind, way(target, "require"))
    assert not encrypted(kind, way(target, "disable"))
    assert encrypted(kind, way(target, "verify-full", authorities=str(papers.authority)))


def test_a_server_is_verified_by_name_and_by_who_vouches_for_it(kind: str, target: Target, papers: Papers) -> None:
    for wrong in (
        way(target, "verify-full", authorities=str(papers.stranger)),
        way(target, "verify-full"),
        way(target, "verify-full", authorities=str(papers.authority), host="other.example"),
    ):
        with pytest.raises(ConnectionFailed, match=r"(?i)certificate"):
            ENGINES[kind].open(wrong, Limits(seconds=5))


@pytest.mark.parametrize("kind", ["postgresql"])  # MariaDB of some versions makes a certificate of its own
def test_a_server_that_cannot_encrypt_is_refused_where_that_is_required(kind: str, tmp_path: Path) -> None:
    programs = postgres_programs()
    if not programs:
        pytest.skip("no PostgreSQL server of version 15 or later is installed")
    with private_postgres(programs[0], tmp_path / "plain") as running:
        plain = reader(running)
        for mode in ("require", "verify-full"):
            with pytest.raises(ConnectionFailed, match="does not support SSL"):
                ENGINES[kind].open(way(plain, mode), Limits(seconds=5))
        assert not encrypted(kind, way(plain, "prefer"))
