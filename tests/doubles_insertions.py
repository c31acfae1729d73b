"""Fragments of attacks put between the words of harmless statements, and real engines that tell what came of it."""

import re
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from random import Random

import duckdb
import postgast

from core.connections.schema import Dialect
from tests.doubles_guard import CASES

FRAGMENTS = (
    "; DROP TABLE orders", "; DELETE FROM orders; --", "; ATTACH 'x' AS y", "; COMMIT", ";", "DROP TABLE orders",
    "UNION SELECT * FROM vault", "UNION ALL SELECT id, secret FROM vault", ", (SELECT secret FROM vault)", ", vault",
    "OR EXISTS (SELECT 1 FROM vault)", "AND 1 IN (SELECT id FROM vault)", "CROSS JOIN vault", "NATURAL JOIN vault",
    "IN vault", "FROM vault", "TABLE vault", "(SELECT secret FROM vault LIMIT 1)", "WITH vault AS (SELECT 1)",
    "INTO OUTFILE '/tmp/x'", "INTO x", "INTO @x", "FOR UPDATE", "FOR SHARE", "LOCK IN SHARE MODE", "RETURNING *",
    "pg_sleep(1)", "SLEEP(1)", "BENCHMARK(9, 1)", "load_extension('x')", "read_text('/etc/passwd')", "getenv('HOME')",
    "set_config('a', 'b', false)", "pg_read_file('/etc/passwd')", "LOAD_FILE('/etc/passwd')", "query('SELECT 1')",
    "randomblob(9)", "nextval('s')", "lo_import('x')", "dblink('a', 'b')", "writefile('a', 'b')", "@@version",
    "@x := 1", "$1", ":x", "?", "{{ x }}", "OPERATOR(public.===)", "===", "::regclass", "::vault", "COLLATE x",
    "'vault'::regclass",
    "/*! UNION SELECT secret FROM vault */", "/*!50000 SLEEP(1) */", "/*M! x */", "/*+ SET_VAR(a=1) */", "/* x */",
    "/* /* */ vault */", "/*", "*/", "--", "-- x\n", "#", "# x\n", "'", '"', "`", "''", "\\", "\\'", "$$", "$a$", "E'",
    "U&'", 'U&"v\\0061ult"', "N'", "x'", "[", "]", "[vault]", "`vault`", '"vault"', "'vault'", "(", ")", "{", "}", ",",
    ".", "..", "::", "||", "\ufeff", "\u00a0", "\u2003", "\u200b", "\u202e", "\u037e", "\uff1b", "\u2019", "ｖａｕｌｔ",
    "va\u0443lt", "\x00", "\x0b", "\r", "\r\n", "\n", "\t", "ſelect", "VAULT", "main.vault", "public.vault", "AS", "ON",
    "NOT", "ALL", "LATERAL", "RECURSIVE", "EXPLAIN", "ANALYZE", "PRAGMA", "DESCRIBE vault", "SUMMARIZE vault",
    "PIVOT vault",     "COPY", "EXECUTE", "rowid",
    "ctid", "#1", "*",
    "COLUMNS('.*')", "secret", "vault.secret", ".getenv()", "LIMIT", "1",
)  # fmt: skip
_BOUNDARY = re.compile(r"\s+|(?<=[\w'\"`)\]])(?=[^\w\s])|(?<=[^\w\s])(?=[\w'\"`(\[])")


def inserted(sql: str, random: Random) -> str:
    """The statement with one to three fragments at the boundaries of its words, its case perhaps turned."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = [match.start() for match in _BOUNDARY.finditer(sql)] + [0, len(sql)]
        place = random.choice(places)
        sql = f"{sql[:place]} {random.choice(FRAGMENTS)} {sql[place:]}"
    return sql.swapcase() if random.random() < 0.05 else sql


class SqliteJudge:
    """A real SQLite with the small shop: what a statement reads, and whether anything is different after it."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.executescript((CASES / "shop_sqlite.sql").read_text(encoding="utf-8"))
        for function in ("json_each", "json_tree"):
            # They set themselves up when first used, for which they look into the catalogue.
            self._connection.execute(f"SELECT 1 FROM {function}('[]')").fetchall()
        self._before = self._state()

    def finds(self, sql: str) -> str:
        """What is wrong with the statement; "" where nothing is, or where SQLite will not have it."""
        read: set[str] = set()

        def look(action: int, first: str | None, second: str | None, *_: str | None) -> int:
            if action == sqlite3.SQLITE_READ:
                read.add((first or "").lower())
            elif action not in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE):
                read.add(f"action {action} {first} {second}")
            return sqlite3.SQLITE_OK

        self._connection.set_authorizer(look)
        try:
            self._connection.execute(sql).fetchmany(50)
        except (sqlite3.Error, sqlite3.Warning, ValueError):
            pass
        finally:
            self._connection.set_authorizer(None)
        wrong = [name for name in read if "vault" in name or name.startswith(("sqlite_", "action"))]
        return f"reads or does {wrong}" if wrong else "" if self._state() == self._before else "changed something"

    def _state(self) -> str:
        return sha256("\n".join(self._connection.iterdump()).encode()).hexdigest()


class DuckdbJudge:
    """A real DuckDB with the small shop, likewise."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"enable_external_access": False, "threads": 1})
        self._connection.execute((CASES / "shop_duckdb.sql").read_text(encoding="utf-8"))
        self._connection.execute("PRAGMA disable_optimizer")
        self._before = self._state()

    def finds(self, sql: str) -> str:
        try:
            plan = self._connection.execute(f"EXPLAIN {sql}").fetchall()
            self._connection.execute(sql).fetchmany(50)
        except (duckdb.Error, RuntimeError, UnicodeDecodeError):
            plan = []
        if any("memory.main.vault" in str(row) for row in plan):
            return "reads the vault"
        return "" if self._state() == self._before else "changed something"

    def _state(self) -> str:
        told = "SELECT table_name FROM duckdb_tables() ORDER BY 1"
        names = [name for (name,) in self._connection.execute(told).fetchall()]
        rows = [self._connection.table(name).fetchall() for name in names]
        return sha256(repr((names, rows)).encode()).hexdigest()


class PostgresJudge:
    """PostgreSQL's own parser through another door than the guard's: the tables and the kinds of statement."""

    def finds(self, sql: str) -> str:
        try:
            tree = postgast.parse(sql)
        except (postgast.PgQueryError, ValueError) as error:
            return f"is no PostgreSQL: {error}"
        except Exception as error:  # too deep for its reader: the guard's own look has to do
            return "" if type(error).__name__ == "DecodeError" else str(error)
        kinds = [statement.stmt.WhichOneof("node") for statement in tree.stmts]
        if len(kinds) != 1 or kinds[0] not in ("select_stmt", "explain_stmt", "variable_show_stmt"):
            return f"is {kinds}"
        ctes = {cte.ctename for cte in postgast.find_nodes(tree, postgast.pg_query_pb2.CommonTableExpr)}
        read = {str(name).rpartition(".")[2] for name in postgast.extract_tables(tree)} - ctes
        return f"reads {read}" if "vault" in read else ""


class MysqlJudge:
    """No parser of MySQL's is at hand: what stands outside quotes and comments has none of the words that do harm."""

    _QUOTED = re.compile(
        r"'(?:[^'\\]|\\.|'')*'|`(?!vault`)[^`]*`|\"(?:[^\"\\]|\\.|\"\")*\"|/\*(?![!M+]).*?\*/|#[^\n]*|--\s[^\n]*", re.S
    )
    _HARM = re.compile(
        r"\b(?:from|join|table|in|describe|desc|explain)\s*[(`]*\s*vault\b|\b(?:sleep|benchmark|load_file|nextval)\s*\(|"
        r"\b(?:outfile|dumpfile|for\s+update|for\s+share|share\s+mode|drop|delete|commit|returning|into)\b|"
        r"@|;|/\*(?:M?!|\+)",
        re.IGNORECASE,
    )

    def finds(self, sql: str) -> str:
        code = self._QUOTED.sub(" '' ", sql)
        found = None if re.search(r"with\s+vault\s+as", code, re.IGNORECASE) else self._HARM.search(code)
        return f"holds {found.group()}" if found else ""


Judge = PostgresJudge | MysqlJudge | SqliteJudge | DuckdbJudge
JUDGES: dict[Dialect, Callable[[], Judge]] = {
    Dialect.POSTGRES: PostgresJudge,
    Dialect.MYSQL: MysqlJudge,
    Dialect.SQLITE: SqliteJudge,
    Dialect.DUCKDB: DuckdbJudge,
}
