"""A guarded `SQLDatabase`, for anything written for LangChain.

What LangChain's own class does with an engine, this one does with a connection of the portal: each statement passes
the guard and runs read-only, with limits. Nothing else is reachable through it.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import sqlglot.expressions as exp
from sqlalchemy import Executable, Result

from core.connections.opened import Connection
from core.connections.schema import Table, tables_named
from core.errors import AskwellError, InvalidInput
from core.i18n import Phrase

with warnings.catch_warnings():
    # The package says on import that nobody maintains it any more. We take the shape of one class from it.
    warnings.simplefilter("ignore")
    from langchain_community.utilities.sql_database import SQLDatabase, truncate_word

# As SQLAlchemy names them, which is what prompts written for LangChain expect.
_DIALECTS = {"postgres": "postgresql"}


class GuardedSQLDatabase(SQLDatabase):
    """One connection as LangChain's tools and chains take a database.

    `sample_rows` rows of each table go into its description: none by default, so that no data reaches a model unless
    somebody decided it.
    """

    def __init__(self, connection: Connection, sample_rows: int = 0, max_string_length: int = 300) -> None:
        # The parent's own beginning would open an engine, past the guard.
        if not isinstance(connection, Connection):
            raise TypeError("a guarded database is made of a connection of the portal")
        self._connection = connection
        self._sample_rows_in_table_info = sample_rows
        self._max_string_length = max_string_length

    @classmethod
    def from_uri(cls, *_: Any, **__: Any) -> "GuardedSQLDatabase":
        """Never: an address from outside would be reached past the portal. Open a connection and pass it."""
        raise TypeError("a guarded database is made of a connection of the portal")

    @property
    def dialect(self) -> str:
        """The name of the dialect, as SQLAlchemy has it."""
        name = self._connection.dialect.value
        return _DIALECTS.get(name, name)

    def get_usable_table_names(self) -> Iterable[str]:
        """The tables this connection's actor may see, in order."""
        return sorted(self._connection.schema.by_key)

    def get_table_info(self, table_names: list[str] | None = None, get_col_comments: bool = True) -> str:
        """CREATE TABLE statements of these tables (else of all). Raises `ValueError` for a table there is not."""
        known = self._connection.schema.by_key
        wanted = list(self.get_usable_table_names()) if table_names is None else table_names
        if missing := set(wanted) - set(known):
            raise ValueError(f"table_names {missing} not found in database")
        tables = tables_named(self._connection.schema, wanted)
        return "\n\n".join(self._described(table, get_col_comments) for table in tables)

    def _described(self, table: Table, with_comments: bool) -> str:
        lines = [
            f"\t{self._quoted(c.name)} {c.type}{'' if c.nullable else ' NOT NULL'}"
            + (f" COMMENT {exp.Literal.string(c.comment).sql()}" if with_comments and c.comment else "")
            for c in table.columns
        ]
        if table.primary_key:
            lines.append(f"\tPRIMARY KEY ({self._listed(table.primary_key)})")
        lines += [
            f"\tFOREIGN KEY ({self._listed(key.columns)}) REFERENCES "
            f"{self._place(self._connection.schema.by_key[key.referred_table])} ({self._listed(key.referred_columns)})"
            for key in table.foreign_keys
        ]
        text = f"CREATE TABLE {self._place(table)} (\n" + ",\n".join(lines) + "\n)"
        if self._sample_rows_in_table_info:
            text += "\n\n" + self._sampled(table)
        return text

    def _sampled(self, table: Table) -> str:
        sample = self._connection.sample(table.key, self._sample_rows_in_table_info)
        head = "\t".join(column.name for column in sample.columns)
        rows = "\n".join("\t".join(str(self._short(cell))[:100] for cell in row) for row in sample.rows)
        told = f"{len(sample.rows)} rows from {table.key} table:\n{head}\n{rows}"
        # Cells are data: none may end the comment they stand in.
        return "/*\n" + told.replace("*/", "* /") + "\n*/"

    def _place(self, table: Table) -> str:
        names = (table.namespace, table.name) if table.namespace else (table.name,)
        return ".".join(self._quoted(name) for name in names)

    def _listed(self, names: Sequence[str]) -> str:
        return ", ".join(self._quoted(name) for name in names)

    def _quoted(self, name: str) -> str:
        plain = name.isidentifier() and name.isascii() and name == name.lower()
        return exp.to_identifier(name, quoted=not plain).sql(self._connection.dialect.value)

    def _short(self, cell: object) -> Any:
        return truncate_word(cell, length=self._max_string_length)

    def run(
        self,
        command: str | Executable,
        fetch: Literal["all", "one", "cursor"] = "all",
        include_columns: bool = False,
        *,
        parameters: dict[str, Any] | None = None,
        execution_options: dict[str, Any] | None = None,
    ) -> str | Sequence[dict[str, Any]] | Result[Any]:
        """The rows of one statement as text, as LangChain shows them. Raises `QueryRefused` and `QueryFailed`."""
        if not isinstance(command, str) or fetch == "cursor" or parameters or execution_options:
            raise InvalidInput(problem=Phrase("connections_core.plain_sql_only"))
        table = self._connection.run(self._connection.check(command))
        rows = [tuple(self._short(cell) for cell in row) for row in table.rows[: 1 if fetch == "one" else None]]
        if not rows:
            return ""
        names = [column.name for column in table.columns]
        return str([dict(zip(names, row, strict=True)) for row in rows]) if include_columns else str(rows)

    def run_no_throw(
        self,
        command: str,
        fetch: Literal["all", "one"] = "all",
        include_columns: bool = False,
        *,
        parameters: dict[str, Any] | None = None,
        execution_options: dict[str, Any] | None = None,
    ) -> str | Sequence[dict[str, Any]] | Result[Any]:
        """Like `run`, with an error as text, so that a model can mend what it wrote."""
        try:
            return self.run(command, fetch, include_columns, parameters=parameters, execution_options=execution_options)
        except AskwellError as error:
            return f"Error: {error}"
