"""DuckDB's own parser as the second opinion: one statement, of known kinds of nodes, over the same tables, with allowed
functions. Its tree comes as JSON, in which nothing can be forged: a quote within a string has a backslash before it.

It runs in the portal's process, on a database in memory that can reach nothing and is never asked to run anything.
"""

import atexit
import json
import re
import threading
from functools import cache
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import NAMES, Statement, Tree
from core.connections.guard.words import Allowed, lower
from core.connections.schema import Dialect

if TYPE_CHECKING:
    import duckdb

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "memory_limit": "128MB",  # the tree of the longest text that is read takes half of it
    "threads": 1,
}
# To DuckDB, a query may have a named one that writes: what it is made of decides, not that it is a SELECT.
_TREE = """
    SELECT tree, json_array_length(tree, '$.statements')
    FROM (SELECT json_serialize_sql(?, skip_null := true, skip_empty := true) AS tree)
"""
_KINDS_TEXT = """
SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE
BASE_TABLE SUBQUERY JOIN TABLE_FUNCTION EXPRESSION_LIST EMPTY PIVOT COLUMN_DATA
ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
FUNCTION AGGREGATE COLUMN_REF COLLATE STAR LAMBDA LAMBDA_REF CASE_EXPR VALUE_CONSTANT VALUE_NULL POSITIONAL_REFERENCE
GROUPING_FUNCTION STRUCT_EXTRACT ARROW CAST TYPE INVALID
"""
_KINDS = frozenset(_KINDS_TEXT.split())
_FAMILIES = ("COMPARE_", "CONJUNCTION_", "OPERATOR_", "WINDOW_", "ARRAY_")
_TEXT = r'"(?:[^"\\]|\\.)*"'
_KIND = re.compile(r'"type":"(\w+)"')
_TABLE = re.compile(rf'"table_name":({_TEXT})')
_CALL = re.compile(rf'"function_name":({_TEXT})')
# What the grammar makes of brackets, braces and words, under names that are no functions to call.
_BY_SYNTAX = frozenset({"array_extract", "array_slice", "count_star", "list_value", "row", "struct_pack", "unnest"})
_PIVOTS = (TokenType.PIVOT, TokenType.UNPIVOT)
_lock = threading.Lock()


@cache
def _parser() -> "duckdb.DuckDBPyConnection":
    import duckdb

    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute("SET lock_configuration = true")
    # Left to the end of the process, the driver would complain of what it never got back.
    atexit.register(_parser.cache_clear)
    return connection


def agree_on_query(tree: Tree, may: Allowed) -> None:
    """Exactly one SELECT, of nothing but reading. A pivot whose columns the data decide is several to DuckDB."""
    found, count = _tree(tree.statement)
    if not count:
        kind = _only(tree.statement)
        pivots = tree.nodes.get(exp.Pivot) and any(t.token_type in _PIVOTS for t in tree.statement.tokens)
        if kind != "MULTI" or not pivots:
            raise refusal("no_query")
        return
    if count > 1:
        raise refusal("several_statements")
    for kind in set(_KIND.findall(found)):
        if kind not in _KINDS and not kind.startswith(_FAMILIES):
            raise refusal("not_allowed", part=kind)
    seen = {lower(table.name) for table in tree.all_of(exp.Table)}
    if not {lower(json.loads(name)) for name in set(_TABLE.findall(found))} <= seen:
        raise refusal("second_opinion", dialect=NAMES[Dialect.DUCKDB])
    granted = {name.rpartition(".")[2] for name in may.granted}
    for name in {str(json.loads(name)) for name in set(_CALL.findall(found))}:
        word = lower(name)
        operator = not any(character.isalnum() for character in word)
        if not (operator or word in may.functions or word in may.openings or word in granted or word in _BY_SYNTAX):
            raise refusal("made_function" if word in may.made else "unknown_function", function=name)


def agree_on_command(statement: Statement) -> None:
    """DuckDB takes DESCRIBE, SUMMARIZE and SHOW for queries, too."""
    if _only(statement) not in ("SELECT", "EXPLAIN", "MULTI"):
        raise refusal("no_query")


def _tree(statement: Statement) -> tuple[str, int]:
    """The tree of all statements there are, and how many; 0 where one is no SELECT."""
    import duckdb

    try:
        with _lock:
            found = _parser().execute(_TREE, [statement.text]).fetchone()
    except duckdb.Error as error:
        raise refusal("unreadable", dialect=NAMES[Dialect.DUCKDB]) from error
    return (str(found[0]), int(found[1] or 0)) if found else ("", 0)


def _only(statement: Statement) -> str:
    """The kind of the one statement there is."""
    import duckdb

    try:
        with _lock:
            found = _parser().extract_statements(statement.text)
    except duckdb.Error as error:
        raise refusal("unreadable", dialect=NAMES[Dialect.DUCKDB]) from error
    if len(found) != 1:
        raise refusal("several_statements")
    return str(found[0].type.name)
