"""No secret ever shows: not in logs, errors, the trail, exports, figures, pages, prompts, processes, dumps or backups.

Every secret of a portal is a canary. The portal is driven through what goes well and through what fails, with real
servers; then everything that it said and kept is searched, for each canary as it is and in its usual disguises.
"""

import gzip
import io
import logging
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pyotp
import pytest
from prometheus_client import generate_latest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from core.answering.question import Question
from core.backup import archive
from core.backup.dump import back_up
from core.connections.addresses import NewConnection
from core.connections.opened import Connection
from core.errors import AskwellError
from core.models.book import NewModel
from core.observability import REGISTRY, timings
from core.portal import Portal, adopt, close_current_portal, wire
from core.security.permissions import SYSTEM, Actor, Role
from core.settings import Settings, read_settings
from core.store import embedded
from core.store.embedded import EmbeddedServer
from core.store.sessions import Store, open_url
from pages._frame import TOKEN
from tests.conftest import NOW, someone
from tests.doubles_canaries import Everything, found, told
from tests.integration.conftest import Place
from tests.openai_stub import Body, Cut, OpenAIStub, Refuse, Say, Script

ROOT = Path(__file__).parents[2]


def canary(name: str, plain: bool = False) -> str:
    """A secret; `plain` where only letters and digits may stand."""
    tail = secrets.token_hex(12)
    return f"cnry{name}{tail}" if plain else f'cnry "{name}"@/{tail}%'


@dataclass
class Watched:
    """The portal, its secrets, and everything it has said so far, by where."""

    portal: Portal
    secrets: dict[str, str]
    said: dict[str, list[str | bytes]] = field(default_factory=dict)

    def hears(self, where: str, text: object) -> None:
        self.said.setdefault(where, []).append(text if isinstance(text, bytes) else str(text))

    def tries(self, where: str, act: Callable[..., object], *given: Any, **named: Any) -> object:
        """Do it; what comes back or goes wrong is kept, and handed on if it came back."""
        try:
            outcome = act(*given, **named)
        except (AskwellError, TypeError, ValueError) as error:
            self.hears(where, told(error))
            return None
        self.hears(where, repr(outcome))
        return outcome


@pytest.fixture
def planted(store: Store, server: EmbeddedServer, tmp_path: Path) -> Iterator[Watched]:
    """A portal all of whose secrets are canaries, its own database's password included."""
    log = Everything()
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    known = {
        name: canary(name)
        for name in ("key", "earlier", "admin", "database", "passphrase", "person", "pg", "maria", "wrong", "oidc")
    }
    known |= {name: canary(name, plain=True) for name in ("metrics", "model", "anthropic", "ollama", "first")}
    role = f"canary_{secrets.token_hex(4)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as line:
        made = psycopg.sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
        line.execute(made.format(psycopg.sql.Identifier(role), psycopg.sql.Literal(known["database"])))
    place = f"{quote(role)}:{quote(known['database'], safe='')}@/{store.engine.url.database}"
    url = f"postgresql://{place}?host={quote(server.socket, safe='')}"
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        secret_key=SecretStr(known["key"]),
        previous_secret_keys=SecretStr(canary("earlier", plain=True)),
        admin_email="admin@example.org",
        admin_password=SecretStr(known["admin"]),
        database_url=SecretStr(url),
        metrics_token=SecretStr(known["metrics"]),
        model_key=SecretStr(known["first"]),
        model_url="http://127.0.0.1:9/v1",
        model_name="first",
        backup_passphrase=SecretStr(known["passphrase"]),
        oidc_client_secret=SecretStr(known["oidc"]),
        data_dir=tmp_path / "data",
        allow_server_files=True,
        statement_seconds=1.0,
        model_seconds=2.0,
        log_level="DEBUG",
    )
    known["earlier"] = settings.previous_secret_keys.get_secret_value()
    own = open_url(url)
    portal = wire(own, settings, clock=lambda: NOW)
    adopt(portal)
    watched = Watched(portal, known)
    try:
        yield watched
    finally:
        close_current_portal()
        root.removeHandler(log)
        root.setLevel(level)
        with psycopg.connect(server.url("postgres"), autocommit=True) as line:
            line.execute(psycopg.sql.SQL("REASSIGN OWNED BY {} TO askwell").format(psycopg.sql.Identifier(role)))
            line.execute(psycopg.sql.SQL("DROP ROLE {}").format(psycopg.sql.Identifier(role)))
    hits = [hit for line in log.lines for hit in found(known, "the log", line)]
    assert len(log.lines) > 20
    assert hits == []


def test_no_secret_shows_anywhere(
    planted: Watched, postgres_place: Place, mariadb_place: Place, tmp_path: Path
) -> None:
    admin = planted.portal.people.first_admin()
    people_come_and_go(planted, admin)
    asker = someone(planted.portal, Role.ANALYST, "Asker")
    with timings() as steps:
        databases_answer_and_fail(planted, admin, asker, postgres_place, "pg")
        databases_answer_and_fail(planted, admin, asker, mariadb_place, "maria")
        models_answer_and_fail(planted, admin, asker)
    planted.hears("spans", steps)
    the_portal_itself_fails(planted)
    processes_are_looked_at(planted)
    pages_are_drawn(planted)
    planted.hears("figures", generate_latest(REGISTRY))
    planted.hears("the trail as a file", planted.portal.audit.export(admin))
    planted.hears("the trail", planted.portal.audit.list(SYSTEM, limit=10_000))
    planted.portal.refusals.flush()
    the_database_is_dumped(planted)
    a_backup_is_opened(planted, tmp_path / "backup")
    planted.hears("reprs", [planted.portal, planted.portal.settings, planted.portal.store, vars(planted.portal)])
    for where in (
        "prompts",
        "processes",
        "pages",
        "dump",
        "backup",
        "exports",
        "reprs",
        "people",
        "databases",
        "models",
    ):
        assert planted.said[where], where
    hits = [
        hit for where, texts in planted.said.items() for text in texts for hit in found(planted.secrets, where, text)
    ]
    assert hits == [], "\n".join(hits)
    for shown in ("At pg", "Verify now", "No backup was ever made"):
        assert shown in str(planted.said["pages"]), shown
    assert "errors.model_rejected_key" in str(planted.said["models"])
    assert "QueryTimedOut" in str(planted.said["databases"])


def people_come_and_go(planted: Watched, admin: Actor) -> None:
    """Sign-ins right and wrong, sessions, a second factor, an invitation and an API key, each with its secret."""
    portal, known = planted.portal, planted.secrets
    portal.people.invite(SYSTEM, "pat@example.org", "Pat", Role.ADMIN, known["person"])
    signed = portal.people.sign_in("pat@example.org", known["person"], "192.0.2.7", "a browser")
    assert signed is not None
    known["session"] = signed.token
    planted.hears("people", repr(signed))
    planted.tries("people", lambda: portal.people.sign_in("pat@example.org", known["wrong"], "192.0.2.7"))
    planted.tries("people", lambda: portal.people.change_password(signed.actor, known["wrong"], known["pg"]))
    enrolled = portal.second_factors.begin(signed.actor, known["person"])
    known["totp"] = enrolled.secret
    planted.hears("people", repr(enrolled))
    planted.tries("people", lambda: portal.second_factors.confirm(signed.actor, "000000"))
    codes = portal.second_factors.confirm(signed.actor, pyotp.TOTP(enrolled.secret).at(NOW))
    known |= {f"recovery {place}": code for place, code in enumerate(codes[:3])}
    invited = portal.invitations.make(admin, "quinn@example.org", "Quinn", Role.VIEWER)
    known["invitation"] = invited.token
    planted.hears("people", repr(invited))
    made = portal.keys.issue(admin, "program", {"ask"}, NOW + timedelta(days=3))
    known["api key"] = made.key
    planted.hears("people", repr(made))
    planted.tries("people", lambda: portal.keys.identify(made.key))
    planted.tries("people", lambda: portal.keys.identify(made.key[:-2] + "xx"))
    planted.hears("people", [portal.people.list(admin), portal.sessions.list(admin), portal.keys.everyones(admin)])


def databases_answer_and_fail(planted: Watched, admin: Actor, asker: Actor, place: Place, name: str) -> None:
    """The right password and a wrong one, nobody there, no such host, statements that fail or take too long."""
    portal, known = planted.portal, planted.secrets
    login = place.target.user + "_" + secrets.token_hex(3)
    make_login(place, login, known[name])
    target = replace(place.target, user=login, password=known[name])
    new = NewConnection(f"At {name}", place.kind, target.host, target.port, target.database, login, known[name])
    for changed in (
        {}, {"password": known["wrong"]}, {"host": "127.0.0.1", "port": 9}, {"host": "no-such-host.invalid"},
        {"database": "none"}, {"host": f"h@{known['wrong']}"}, {"options": {"password": known["wrong"]}},
    ):  # fmt: skip
        planted.tries("databases", portal.connections.test, admin, replace(new, **changed))
    added = planted.tries(
        "databases", lambda: portal.connections.add(admin, replace(new, accepts_powers=True), own=True)
    )
    assert added is not None
    info = next(info for info in portal.connections.list(admin) if info.name == f"At {name}")
    portal.connections.share(admin, info.id, everyone=True)
    portal.knowledge.build(info.id)
    opened = portal.connections.open(asker, info.id)
    planted.hears("databases", [info, opened])
    for statement in (
        "SELECT count(*) AS n FROM words",
        "SELECT 1 / 0 AS x",
        place.slow,
        "DELETE FROM words",
        "SELECT nothing",
    ):
        planted.tries("databases", asked_of, opened, statement)
    for rung in ("instant", None):
        card = list(portal.answers.ask(asker, Question("How many words are there?", info.id, rung=rung)))
        planted.hears("answers", card)
        for form in ("csv", "excel"):
            answer = getattr(card[-1], "answer_id", None)
            exported = planted.tries("exports", portal.answers.export, asker, answer, form)
            planted.hears("exports", exported if isinstance(exported, bytes) else repr(exported))
    make_login(place, login, known["wrong"] + "!")  # the stored password is no longer right
    planted.tries("databases", lambda: opened.run(opened.check("SELECT count(*) AS n FROM words")))
    planted.tries("databases", lambda: portal.connections.refresh(admin, info.id))
    make_login(place, login, known[name])


def asked_of(opened: Connection, statement: str) -> object:
    return opened.run(opened.check(statement))


def make_login(place: Place, login: str, password: str) -> None:
    """A login that may read, with this password from now on."""
    if place.kind == "postgresql":
        owner = place.owner
        with psycopg.connect(
            host=owner.host, user=owner.user, password=owner.password, dbname=place.target.database, autocommit=True
        ) as line:
            name, word = psycopg.sql.Identifier(login), psycopg.sql.Literal(password)
            with suppress(psycopg.errors.DuplicateObject):
                line.execute(psycopg.sql.SQL("CREATE ROLE {} LOGIN").format(name))
            line.execute(psycopg.sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, word))
            line.execute(psycopg.sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(name))
        return
    import pymysql

    owner = place.owner
    with (
        pymysql.connect(unix_socket=owner.host, user=owner.user, password=owner.password, autocommit=True) as maria,
        maria.cursor() as cursor,
    ):
        cursor.execute("CREATE OR REPLACE USER %s@localhost IDENTIFIED BY %s", (login, password))
        cursor.execute("GRANT SELECT ON place.* TO %s@localhost", (login,))


def models_answer_and_fail(planted: Watched, admin: Actor, asker: Actor) -> None:
    """A model that answers, refuses the key and repeats it, breaks, and hangs up; three protocols, a key for each."""
    portal, known = planted.portal, planted.secrets
    info = next(info for info in portal.connections.list(admin) if info.name == "At pg")
    for provider, name in (("compatible", "model"), ("anthropic", "anthropic"), ("ollama", "ollama")):
        key = known[name]
        steps: list[Script] = [
            Say("```sql\nSELECT count(*) AS n FROM words\n```"), Refuse(401, f"no such key: {key}"),
            Refuse(500, f"broken for {key}"), Cut("SELECT count(*) FROM words", 7), Body(b"<html>nothing</html>"),
        ]  # fmt: skip
        steps = steps if provider == "compatible" else steps[1:3]
        with OpenAIStub(*steps) as stub:
            url = stub.url if provider == "compatible" else stub.url.removesuffix("/v1")
            new = NewModel(name, provider, url, "m", SecretStr(key))
            made = portal.models.connect(admin, new)
            planted.hears("models", [new, made, portal.models.list(asker)])
            for number in range(len(steps)):
                asked = Question(
                    f"Which words are there, in their order ({number})?", info.id, rung="model", model_id=made.id
                )
                planted.hears("models", list(portal.answers.ask(asker, asked)))
            planted.tries("models", portal.models.test, admin, made.id)
            planted.tries("models", portal.models.test, admin, replace(new, base_url="http://127.0.0.1:9/v1"))
            with_sign_in = replace(new, base_url=f"http://u:{known['wrong']}@h/")
            planted.tries("models", portal.models.connect, admin, with_sign_in)
            for request in stub.requests:
                planted.hears("prompts", request.raw)
                planted.hears("prompts", request.path)
    planted.hears("models", portal.models.spend(admin))


def the_portal_itself_fails(planted: Watched) -> None:
    """Its own database refuses the password, or is not there; settings are wrong; keys are not those of the secrets."""
    known, settings = planted.secrets, planted.portal.settings
    url = settings.database_url.get_secret_value()
    right = quote(known["database"], safe="")
    for wrong in (
        url.replace(right, quote(known["wrong"], safe="")), f"postgresql://u:{right}@127.0.0.1:9/x",
        f"postgresql://u:{right}@no-such-host.invalid/x", f"postgresql://u:{right}@[bad/x", f"mysql://u:{right}@h/x",
    ):  # fmt: skip
        planted.tries("store", wire_at, wrong, settings)
    changed = settings.model_copy(update={"secret_key": SecretStr(known["wrong"] + "x" * 32)})
    planted.tries("store", lambda: wire(planted.portal.store, changed))
    for given in (
        {"secret_key": [known["wrong"]]}, {"port": known["wrong"]}, {"model_key": {"x": known["wrong"]}},
        {"secret_key": known["wrong"][:20]}, {"admin_password": known["wrong"][:9]},
    ):  # fmt: skip
        planted.tries("settings", read_settings, _env_file=None, **given)


def wire_at(url: str, settings: Settings) -> Portal:
    return wire(open_url(url), settings)


def processes_are_looked_at(planted: Watched) -> None:
    """Command lines and environments of this process's children and theirs."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid():
                planted.hears("processes", (folder / "cmdline").read_bytes())
                planted.hears("processes", (folder / "environ").read_bytes())
    planted.hears("processes", (Path("/proc/self/cmdline")).read_bytes())


def pages_are_drawn(planted: Watched) -> None:
    """Every page and every section as an administrator sees it, all of what is sent to the browser."""
    signed = planted.portal.people.sign_in("admin@example.org", planted.secrets["admin"])
    assert signed is not None
    token = planted.secrets["session of an administrator"] = signed.token
    for name in ("ask", "history", "models", "connections", "admin"):
        page = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=60)
        page.session_state[TOKEN] = token
        page.run()
        planted.hears("pages", drawn(page))
        for section in ("keys", "audit", "jobs", "health") if name == "admin" else ():
            page.session_state["admin.section"] = section
            page.run()
            planted.hears("pages", drawn(page))


def drawn(page: AppTest) -> str:
    """Everything that was sent to the browser."""
    return "\n".join(str(getattr(block, "proto", "")) for tree in (page.main, page.sidebar) for block in tree)


def the_database_is_dumped(planted: Watched) -> None:
    """As a backup by PostgreSQL's own tools would hold it."""
    settings, url = planted.portal.settings, planted.portal.store.engine.url
    host, password = str(url.query["host"]), str(url.password)
    login = {"PGUSER": str(url.username), "PGPASSWORD": password, "PGHOST": host, "PGDATABASE": str(url.database)}
    command = [str(embedded.binaries() / "pg_dump"), "--inserts"]
    done = subprocess.run(command, env={**os.environ, **login}, capture_output=True, check=False)
    dump = done.stdout
    assert done.returncode == 0, done.stderr
    assert b"sealed_password" in dump
    assert settings.admin_email.encode() in dump
    planted.hears("dump", dump)


def a_backup_is_opened(planted: Watched, file: Path) -> None:
    """The file as it lies there, and all that is inside."""
    passphrase = planted.secrets["passphrase"]
    manifest = back_up(planted.portal.store, planted.portal.settings, file)
    planted.hears("backup", file.read_bytes())
    planted.hears("backup", repr(manifest))
    with archive.reading(file, passphrase) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            assert content is not None
            planted.hears("backup", content.read())


def test_the_search_finds_a_secret_in_each_disguise() -> None:
    import base64
    import json

    secret = canary("one")
    for text in (
        f"password={secret}", f"postgresql://u:{quote(secret, safe='')}@h", json.dumps({"p": secret}),
        repr(secret), base64.b64encode(f"user:{secret} and more".encode()), secret.encode().hex(),
        base64.urlsafe_b64encode(f"x{secret} and more".encode()), base64.b64encode(f"yy{secret}---".encode()),
    ):  # fmt: skip
        assert found({"one": secret}, "here", text), text
    assert found({"one": secret}, "here", "nothing of the kind") == []
    assert found({"one": secret}, "here", gzip.compress(io.BytesIO(secret.encode()).read())) == []
