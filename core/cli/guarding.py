"""`guard`: the portal's own check of SQL, line by line, for other programs."""

import json
import logging
from collections.abc import Callable, Iterable
from typing import IO

from core.connections.guard import CheckedQuery, Scope, check
from core.connections.schema import Dialect
from core.errors import InvalidInput, QueryRefused
from core.evaluation.databases import spoken
from core.i18n import Phrase

_log = logging.getLogger(__name__)


def guard(dialect: str, connection: str, lines: Iterable[bytes], output: IO[str]) -> None:
    """Answer each line as it comes; with a connection, names are resolved against its real schema.

    Raises `InvalidInput` for an unknown dialect, before any line is read.
    """
    spoken_dialect = spoken(dialect.lower())
    checking = _with_connection(connection, spoken_dialect) if connection else _without(spoken_dialect)
    for line in lines:
        if line.strip():
            print(json.dumps(_verdict(line, checking)), file=output, flush=True)


def _without(dialect: Dialect) -> Callable[[str], CheckedQuery]:
    scope = Scope(dialect, schema=None)
    return lambda sql: check(sql, scope)


def _with_connection(name: str, dialect: Dialect) -> Callable[[str], CheckedQuery]:
    """The check of a connection of this portal, by its schema as it is now; the portal is left again at once."""
    from core.cli.portal_door import connection_named, portal
    from core.security.permissions import SYSTEM

    with portal() as opened:
        connection = opened.connections.open(SYSTEM, connection_named(opened, name).id)
        scope = connection.scope
    if scope.dialect is not dialect:
        values = {"name": name, "dialect": scope.dialect.value}
        raise InvalidInput(problem=Phrase("terminal.other_dialect", values))
    return lambda sql: check(sql, scope)


def _verdict(line: bytes, checking: Callable[[str], CheckedQuery]) -> dict[str, object]:
    """One line's answer. Whatever goes wrong, the answer is no."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return _refused(None, Phrase("terminal.guard_no_json"))
    name = entry.get("id") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(entry.get("sql"), str):
        return _refused(name, Phrase("terminal.guard_no_sql"))
    try:
        return {"id": name, "allowed": True, "reason": "", "sql": checking(entry["sql"]).sql}
    except QueryRefused as error:
        return _refused(name, error.values.get("reason") or error)
    except Exception as error:  # noqa: BLE001  (a door: whatever breaks, the answer is no)
        _log.debug("the guard broke", exc_info=True)
        return _refused(name, Phrase("terminal.guard_broke", {"what": type(error).__name__}))


def _refused(name: object, reason: object) -> dict[str, object]:
    return {"id": name, "allowed": False, "reason": str(reason), "sql": None}
