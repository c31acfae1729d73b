"""The script that makes a login which can only read, for whoever runs the database to read and run.

It names no password: PostgreSQL lets nobody sign in without one, and on MySQL the account stays locked, until the
person has given it one. Every name in it is quoted by its dialect's rules.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from core.connections.session import DISK_MEGABYTES, IDLE_SECONDS, LOCK_SECONDS, STEP_MEGABYTES
from core.errors import InvalidInput
from core.i18n import Phrase, Words

_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
_MOST_CONNECTIONS = 20
DEFAULT_LOGIN = "askwell_reader"


@dataclass(frozen=True)
class LoginWish:
    """A login as somebody wants it. `tables` are (schema, table), none for all of the `schemas`.

    MySQL has no schemas: there the one is the database itself. `seconds` is the longest a statement may take.
    """

    database: str
    schemas: Sequence[str] = ("public",)
    tables: Sequence[tuple[str, str]] = ()
    login: str = DEFAULT_LOGIN
    seconds: float = 30.0
    encrypted: bool = False
    words: Words = field(default_factory=lambda: Words("en"))


def grant_script(kind: str, wish: LoginWish) -> str:
    """SQL that makes the login. Raises `InvalidInput` for a name that no database would take."""
    if not _LOGIN.fullmatch(wish.login):
        raise InvalidInput(problem=Phrase("powers.bad_login"))
    names = (wish.database, *wish.schemas, *(part for place in wish.tables for part in place))
    if kind not in _SCRIPTS or not wish.database or any(not name.isprintable() for name in names):
        raise InvalidInput(problem=Phrase("powers.no_script"))
    return "\n".join(_SCRIPTS[kind](wish)) + "\n"


def _quoted(name: str, dialect: str) -> str:
    return str(exp.to_identifier(name, quoted=True).sql(dialect))


def _note(wish: LoginWish, name: str, **values: object) -> str:
    """A line for people; whatever it holds stays in its line."""
    return "-- " + " ".join(wish.words.say(f"powers.script_{name}", **values).split())


def _postgresql(wish: LoginWish) -> list[str]:
    login, database = (_quoted(name, "postgres") for name in (wish.login, wish.database))
    schemas = list(dict.fromkeys(wish.schemas if not wish.tables else (schema for schema, _ in wish.tables)))
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"'{max(1, round(wish.seconds * 1000))}ms'",
        "lock_timeout": f"'{LOCK_SECONDS}s'",
        "idle_in_transaction_session_timeout": f"'{IDLE_SECONDS}s'",
        "work_mem": f"'{STEP_MEGABYTES}MB'",
    }
    lines = [
        _note(wish, "postgresql", database=wish.database),
        f"CREATE ROLE {login} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        f" CONNECTION LIMIT {_MOST_CONNECTIONS};",
        *(f"ALTER ROLE {login} SET {name} = {value};" for name, value in settings.items()),
        f"GRANT CONNECT ON DATABASE {database} TO {login};",
    ]
    places = [_quoted(schema, "postgres") for schema in schemas]
    lines += [f"GRANT USAGE ON SCHEMA {place} TO {login};" for place in places]
    tables = (".".join(_quoted(part, "postgres") for part in table) for table in wish.tables)
    lines += [f"GRANT SELECT ON {table} TO {login};" for table in tables]
    if not wish.tables:
        lines += [f"GRANT SELECT ON ALL TABLES IN SCHEMA {place} TO {login};" for place in places]
        lines.append(_note(wish, "later"))
        lines += [f"ALTER DEFAULT PRIVILEGES IN SCHEMA {place} GRANT SELECT ON TABLES TO {login};" for place in places]
    return [
        *lines,
        _note(wish, "disk"),
        f"ALTER ROLE {login} SET temp_file_limit = '{DISK_MEGABYTES}MB';",
        _note(wish, "everyone"),
        *(f"-- REVOKE CREATE ON SCHEMA {place} FROM PUBLIC;" for place in places),
        f"-- REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC;",
        _note(wish, "password_postgresql", login=wish.login),
    ]


def _mysql(wish: LoginWish, limits: str = "") -> list[str]:
    account = f"'{wish.login}'@'%'"
    # In a grant on a whole database, _ and % stand for any character, unless a backslash is before them.
    whole = re.sub(r"([_%\\])", r"\\\1", wish.database)
    lines = [
        _note(wish, "mysql"),
        f"CREATE USER {account}{' REQUIRE SSL' if wish.encrypted else ''}"
        f" WITH MAX_USER_CONNECTIONS {_MOST_CONNECTIONS}{limits} ACCOUNT LOCK;",
    ]
    if wish.tables:
        places = (f"{_quoted(wish.database, 'mysql')}.{_quoted(table, 'mysql')}" for _, table in wish.tables)
        lines += [f"GRANT SELECT, SHOW VIEW ON {place} TO {account};" for place in places]
    else:
        lines.append(f"GRANT SELECT, SHOW VIEW ON {_quoted(whole, 'mysql')}.* TO {account};")
    return [
        *lines,
        _note(wish, "password_mysql"),
        f"-- ALTER USER {account} IDENTIFIED BY '…' ACCOUNT UNLOCK;",
    ]


def _mariadb(wish: LoginWish) -> list[str]:
    return _mysql(wish, f" MAX_STATEMENT_TIME {max(1, round(wish.seconds))}")


_SCRIPTS: Mapping[str, Callable[[LoginWish], list[str]]] = {
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mariadb,
}
