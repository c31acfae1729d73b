"""PostgreSQL's own parser as the second opinion: libpg_query, whose tree is held against closed lists of its own.

Its tree is walked as JSON, since a binary tree as deep as a sum of fifty numbers cannot be read back.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from postgast import PgQueryError
from postgast.errors import check_error
from postgast.native import lib
from sqlglot import exp

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import NAMES, Statement, Tree
from core.connections.guard.text import MAX_NESTING
from core.connections.guard.words import Allowed, lower, vocabulary
from core.connections.schema import Dialect

# Node kinds of PostgreSQL 17 that only read. INTO, row locks, parameters and XML have kinds of their own.
_KINDS_TEXT = """
SelectStmt ResTarget ColumnRef A_Star A_Const A_Expr A_ArrayExpr A_Indirection A_Indices BoolExpr FuncCall
RangeVar RangeSubselect RangeFunction RangeTableSample JoinExpr SortBy WindowDef CommonTableExpr SubLink CaseExpr
CaseWhen CoalesceExpr MinMaxExpr NullTest BooleanTest TypeCast TypeName RowExpr List String Integer Float Boolean
BitString GroupingSet GroupingFunc CollateClause NamedArgExpr SQLValueFunction ColumnDef
JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor JsonObjectAgg JsonArrayAgg JsonKeyValue
JsonIsPredicate JsonParseExpr JsonScalarExpr JsonSerializeExpr JsonFuncExpr JsonTable JsonTableColumn
JsonTablePathSpec JsonArgument JsonValueExpr JsonFormat
"""
# Parts that have no kind in the JSON, since only one can stand there.
_PARTS_TEXT = """
stmt withClause larg rarg alias typeName over search_clause cycle_clause collClause output format returning
context_item pathspec on_empty on_error formatted_expr raw_expr key value constructor expr arg relation
join_using_alias ival fval sval boolval bsval
"""
# What the grammar makes of words like EXTRACT, OVERLAPS and AT TIME ZONE, which are no calls in the text.
_BY_SYNTAX_TEXT = """
extract timezone overlay position substring btrim ltrim rtrim overlaps like_escape similar_to_escape normalize
is_normalized json_query json_value json_exists pg_collation_for
"""
_KINDS, _PARTS = frozenset(_KINDS_TEXT.split()), frozenset(_PARTS_TEXT.split())
_BY_SYNTAX = frozenset(_BY_SYNTAX_TEXT.split())
_SAMPLES = frozenset({"bernoulli", "system"})
_REASONS = {"LockingClause": "locks", "intoClause": "writes", "ParamRef": "parameter"}
# Kinds of A_Expr that are named by words: `x IN (…)`, LIKE, BETWEEN, NULLIF, IS DISTINCT FROM.
_WORDED = frozenset(
    {"AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM", "AEXPR_NULLIF"}
)
_COMMANDS = frozenset({"ExplainStmt", "VariableShowStmt"})
_EXPLAINS = frozenset({"costs", "verbose", "format", "summary", "buffers", "memory", "generic_plan"})
_CATALOGUE = ("", "pg_catalog")


def agree_on_query(tree: Tree, may: Allowed) -> None:
    """One SELECT, of known kinds of nodes, over the same tables, with allowed functions, operators and types."""
    statement = tree.statement
    root = _only(statement)
    if set(root) != {"SelectStmt"}:
        raise refusal("no_query")
    relations: Counter[tuple[str, str]] = Counter()
    for kind, node in _walk(root):
        if kind == "RangeVar":
            relations[(node.get("schemaname", ""), node.get("relname", ""))] += 1
        elif (look := _LOOKS.get(kind)) is not None:
            look(node, may)
    if relations != _relations(tree):
        raise _disagreement()


def agree_on_command(statement: Statement) -> None:
    """EXPLAIN without ANALYZE, or SHOW; what is explained is looked at by itself."""
    root = _only(statement)
    if not set(root) <= _COMMANDS:
        raise refusal("no_query")
    options = root.get("ExplainStmt", {}).get("options", [])
    for option in options:
        name = option["DefElem"]["defname"]
        if name not in _EXPLAINS:
            raise refusal("explain_option", option=name)


def _only(statement: Statement) -> Mapping[str, Any]:
    """The tree of the one statement there is."""
    result = lib.pg_query_parse(statement.text.encode())
    try:
        check_error(result)
        found = json.loads(result.parse_tree)["stmts"]
    except PgQueryError as error:
        near = statement.text[max(error.cursorpos - 1, 0) :].strip()[:60] if error.cursorpos else ""
        dialect = NAMES[Dialect.POSTGRES]
        raise refusal("unreadable_near" if near else "unreadable", dialect=dialect, near=near) from error
    except RecursionError:
        raise refusal("too_nested", limit=MAX_NESTING) from None
    finally:
        lib.pg_query_free_parse_result(result)
    if len(found) != 1:
        raise refusal("several_statements")
    only: Mapping[str, Any] = found[0]["stmt"]
    return only


def _walk(root: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every node with its kind, or with its place where the kind is not said. Refuses what is not on the lists."""
    waiting: list[Any] = [root]
    while waiting:
        part = waiting.pop()
        if type(part) is list:
            waiting += part
        if type(part) is not dict:
            continue
        for key, value in part.items():
            if type(value) is dict:
                # A small letter begins a place; what stands in it says its kind itself, unless only one kind can.
                if key not in _KINDS and key not in _PARTS and not (key[0].islower() and _says_kind(value)):
                    raise refusal(_REASONS.get(key, "not_allowed"), part=key)
                yield key, value
                waiting.append(value)
            elif type(value) is list:
                waiting += value


def _says_kind(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value))[0].isupper()


def _check_function(call: Mapping[str, Any], may: Allowed) -> None:
    names = _names(call["funcname"])
    owner, name = "".join(names[:-1]), names[-1]
    if f"{owner}.{name}" in may.granted:
        return
    if owner not in _CATALOGUE:
        raise refusal("qualified_function", function=name)
    by_syntax = bool(owner) and name in _BY_SYNTAX
    # `left`, `date` and `int4range` are words of the language as well as functions.
    known = name in (may.own if owner else may.functions) or name in may.openings
    if not by_syntax and not known:
        raise refusal("made_function" if name in may.made else "unknown_function", function=name)


def _check_operator(node: Mapping[str, Any], may: Allowed) -> None:
    """PostgreSQL's own operators by their plain names; a name that people have given a meaning of theirs is not."""
    names = _names(node.get("name") or node.get("useOp") or node.get("operName") or [])
    plain = node.get("kind", "AEXPR_OP") not in _WORDED
    own = vocabulary(Dialect.POSTGRES).operators
    if names and (len(names) > 1 or (plain and names[0] not in own) or names[0] in may.operators):
        raise refusal("made_operator", operator=names[-1])


def _check_sample(node: Mapping[str, Any], may: Allowed) -> None:  # noqa: ARG001
    if "".join(_names(node["method"])) not in _SAMPLES:
        raise refusal("not_allowed", part="TABLESAMPLE")


def _check_type(node: Mapping[str, Any], may: Allowed) -> None:
    """Types of PostgreSQL itself, and those whose values no code of people checks."""
    names = _names(node.get("names", []))
    owner, name = "".join(names[:-1]), names[-1] if names else ""
    own = name in vocabulary(Dialect.POSTGRES).words and owner in _CATALOGUE
    if not own and name not in may.types:
        raise refusal("unknown_word", word=name, dialect=NAMES[Dialect.POSTGRES])


def _relations(tree: Tree) -> Counter[tuple[str, str]]:
    """The tables that sqlglot saw, by the names that PostgreSQL would read."""
    found = (node for node in tree.nodes if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier))
    return Counter((_folded(table.args.get("db")), _folded(table.this)) for table in found)


def _folded(name: exp.Expr | None) -> str:
    if name is None:
        return ""
    return name.name if name.args.get("quoted") else lower(name.name)


def _names(parts: list[Mapping[str, Any]]) -> list[str]:
    return [str(part["String"]["sval"]) for part in parts]


def _disagreement() -> Exception:
    return refusal("second_opinion", dialect=NAMES[Dialect.POSTGRES])


_LOOKS: Mapping[str, Callable[[Mapping[str, Any], Allowed], None]] = {
    "FuncCall": _check_function,
    "A_Expr": _check_operator,
    "SortBy": _check_operator,
    "SubLink": _check_operator,
    "RangeTableSample": _check_sample,
    "TypeName": _check_type,
    "typeName": _check_type,
}
