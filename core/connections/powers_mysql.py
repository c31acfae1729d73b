"""What a MySQL or MariaDB login may do beside reading, from its grants."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.connections.powers import Power, power, some
from core.connections.session import Session

_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?:(?:TABLE|FUNCTION|PROCEDURE|PACKAGE(?: BODY)?) )?(?P<on>.+?) TO ")
_ROLE = re.compile(r"GRANT (?P<role>.+?) TO ")
_HARMLESS = {
    "USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "SHOW CREATE ROUTINE", "SHOW_ROUTINE", "REPLICATION CLIENT",
    "BINLOG MONITOR", "SLAVE MONITOR", "REPLICA MONITOR",
}  # fmt: skip
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "DELETE HISTORY", "REFERENCES"), "may_write_on"),
    **dict.fromkeys(("CREATE", "ALTER", "DROP", "INDEX", "CREATE VIEW"), "may_create_on"),
    **dict.fromkeys(("TRIGGER", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE"), "may_program_on"),
    "EXECUTE": "may_execute_on",
    "LOCK TABLES": "may_lock_on",
    "CREATE TEMPORARY TABLES": "may_make_temporary_on",
    "PROCESS": "sees_statements",
    "FILE": "uses_files",
    "CREATE USER": "makes_roles",
    "CREATE ROLE": "makes_roles",
    "DROP ROLE": "makes_roles",
}
_GRAVE = {"uses_files", "makes_roles", "passes_on", "administers"}
_CHANGING = {"may_write_on", "may_create_on", "may_program_on"}


@dataclass(frozen=True)
class _Grant:
    rights: frozenset[str]
    on: str
    passes_on: bool


def mysql_powers(session: Session) -> tuple[Power, ...]:
    """What this login may do beside reading; one sentence for one that may do everything."""
    lines = [str(line) for (line,) in session.look("SHOW GRANTS")]
    grants = [grant for line in lines if (grant := _read(line)) is not None]
    everywhere = frozenset[str]().union(*(grant.rights for grant in grants if grant.on in ("*.*", "`mysql`.*")))
    if everywhere & {"ALL PRIVILEGES", "SUPER"} or {_KINDS.get(right) for right in everywhere} & _CHANGING:
        # Whoever may write the server's own tables of accounts may do everything.
        return (power("superuser", grave=True),)
    return tuple(_powers(grants, lines))


def _read(line: str) -> _Grant | None:
    found = _GRANT.match(line)
    if found is None:
        return None
    rights = re.sub(r"\([^)]*\)", "", found["rights"]).split(",")
    named = frozenset(" ".join(right.split()).upper() for right in rights)
    return _Grant(named, found["on"], "WITH GRANT OPTION" in line or "GRANT OPTION" in named or "PROXY" in named)


def _powers(grants: list[_Grant], lines: list[str]) -> Iterator[Power]:
    held: dict[str, list[str]] = defaultdict(list)
    for grant in grants:
        named = {right for right in grant.rights if right not in _HARMLESS}
        kinds = (
            {"may_do_all_on"} if "ALL PRIVILEGES" in named else {_KINDS.get(right, "administers") for right in named}
        )
        for kind in kinds | ({"passes_on"} if grant.passes_on else set()):
            unknown = sorted(right for right in named if right not in _KINDS)
            held[kind] += unknown if kind == "administers" else [grant.on]
    for kind, names in held.items():
        yield power(kind, grave=kind in _GRAVE, names=some(list(dict.fromkeys(names))))
    if any(grant.on in ("*.*", "`mysql`.*") and "SELECT" in grant.rights for grant in grants):
        yield power("reads_accounts")
    roles = [found["role"] for line in lines if " ON " not in line and (found := _ROLE.match(line))]
    if roles:
        yield power("becomes", names=some(roles))
