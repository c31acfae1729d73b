"""What the guard's tests share: a small schema for each dialect, and the cases that lie in `tests/cases/guard`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlglot

from core.connections.guard import Scope
from core.connections.routines import Routines
from core.connections.schema import Column, Dialect, Kind, Schema, Table

CASES = Path(__file__).parent / "cases" / "guard"


@cache
def guarded_scope(dialect: Dialect) -> Scope:
    """An actor who may read the tables of `schema.toml`, and no others."""
    listed = tomllib.loads((CASES / "schema.toml").read_text(encoding="utf-8"))["tables"]
    tables = tuple(_table(key, columns) for key, columns in listed.items())
    return Scope(dialect, Schema(dialect, tables), namespace="shop" if dialect is Dialect.MYSQL else "")


def _table(key: str, columns: str) -> Table:
    namespace, _, name = key.rpartition(".")
    return Table(name, tuple(Column(column, "text", Kind.TEXT) for column in columns.split()), namespace)


@dataclass(frozen=True)
class GuardCase:
    """One statement of a case file, with why it is there."""

    dialect: Dialect
    why: str
    sql: str

    def __str__(self) -> str:
        return f"{self.dialect.value}: {self.why}"


def guard_cases(outcome: str) -> list[GuardCase]:
    """The cases of all dialects that end so: "allowed" or "refused". Each begins with a line `--: why`."""
    found = []
    for dialect in Dialect:
        text = (CASES / f"{dialect.value}_{outcome}.sql").read_text(encoding="utf-8")
        for case in text.split("--: ")[1:]:
            why, _, sql = case.partition("\n")
            found.append(GuardCase(dialect, why.strip(), sql.strip()))
    return found


def benign_statements(dialect: Dialect) -> list[str]:
    """Harmless statements over the small shop of `shop_<dialect>.sql`, under headings that say what they try."""
    texts = [(CASES / f"{name}_benign.sql").read_text(encoding="utf-8") for name in ("any", dialect.value)]
    blocks = [block.partition("\n")[2] for text in texts for block in text.split("--: ")[1:]]
    return [sql.strip() for block in blocks for sql in re.split(r";\n|;\Z", block) if sql.strip()]


def attack_statements(dialect: Dialect) -> list[str]:
    """Statements that must be refused over the tables of `schema.toml`, one a line."""
    return (CASES / f"{dialect.value}_attacks.sql").read_text(encoding="utf-8").splitlines()[1:]


@cache
def shop_scope(dialect: Dialect) -> Scope:
    """The small shop of `shop_<dialect>.sql` without its `vault`, as the script itself makes it."""
    text = (CASES / f"shop_{dialect.value}.sql").read_text(encoding="utf-8")
    made = [sqlglot.parse_one(line, dialect=dialect.value) for line in re.findall(r"^CREATE TABLE .*?;$", text, re.M)]
    tables = tuple(
        Table(node.this.this.name, tuple(Column(c.name, "text", Kind.TEXT) for c in node.this.expressions))
        for node in made
        if node.this.this.name != "vault"
    )
    # What the catalogue would add: one function that no list of ours names.
    routines = Routines(harmless=frozenset({"timezone"}))
    namespace = "guarded" if dialect is Dialect.MYSQL else ""
    return Scope(dialect, Schema(dialect, tables), namespace=namespace, routines=routines)
