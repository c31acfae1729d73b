"""PostgreSQL's own parser as the second opinion: libpg_query, whose tree is held against closed lists of its own.

Its tree is read as JSON, since a binary tree as deep as a sum of fifty numbers cannot be read back; and that by what
stands between its marks, without building it. No mark can be forged: within a string of JSON every quote has a
backslash before it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
# The marks that nearly all trees are made of, the commonest first: what is all of these is on the lists.
_COMMON_TEXT = """
String A_Const ival ColumnRef A_Expr lexpr rexpr ResTarget val FuncCall RangeVar SelectStmt stmt sval alias whereClause
SortBy node A_Star larg rarg List JoinExpr quals limitCount arg typeName TypeCast CommonTableExpr ctequery withClause
BoolExpr CoalesceExpr CaseExpr CaseWhen expr result defresult over NullTest RangeSubselect subquery SubLink subselect
testexpr havingClause fval boolval WindowDef limitOffset SQLValueFunction
"""
_COMMON = tuple(f'"{key}":{{' for key in _COMMON_TEXT.split())
_SAMPLES = frozenset({"bernoulli", "system"})
_REASONS = {"LockingClause": "locks", "intoClause": "writes", "ParamRef": "parameter"}
# Kinds of A_Expr that are named by words: `x IN (…)`, LIKE, BETWEEN, NULLIF, IS DISTINCT FROM.
_WORDED = frozenset(
    {"AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM", "AEXPR_NULLIF"}
)
_COMMANDS = frozenset({"ExplainStmt", "VariableShowStmt"})
_EXPLAINS = frozenset({"costs", "verbose", "format", "summary", "buffers", "memory", "generic_plan"})
_CATALOGUE = ("", "pg_catalog")
_TEXT = r'"(?:[^"\\]|\\.)*"'
_ONE_QUERY = re.compile(r'\{"version":\d+,"stmts":\[\{"stmt":\{"SelectStmt":\{')
_RELATION = re.compile(rf'(?:"catalogname":{_TEXT},)?(?:"schemaname":({_TEXT}),)?"relname":({_TEXT})')
_STRING = re.compile(rf'"sval":({_TEXT})')
_NAMES = re.compile(rf'(?:\{{"String":\{{"sval":{_TEXT}\}}\}},?)+\]')
_KIND = '"kind":"'


def agree_on_query(tree: Tree, may: Allowed) -> None:
    """One SELECT, of known kinds of nodes, over the same tables, with allowed functions, operators and types."""
    found = _parsed(tree.statement)
    if not _ONE_QUERY.match(found) or found.count('"stmt":{') != 1:
        raise refusal("several_statements" if found.count('"stmt":{') > 1 else "no_query")
    if not _all_common(found):
        _check_nodes(found)
    if _tables(found) != _relations(tree):
        raise _disagreement()
    for key, kind, listed in _lists(found):
        if not _NAMES.fullmatch(listed) or (key == "name" and not kind.isidentifier()):
            raise _disagreement()
        _LOOKS[key]([json.loads(name) for name in _STRING.findall(listed)], kind, may)


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
    try:
        found = json.loads(_parsed(statement))["stmts"]
    except RecursionError:
        raise refusal("too_nested", limit=MAX_NESTING) from None
    if len(found) != 1:
        raise refusal("several_statements")
    only: Mapping[str, Any] = found[0]["stmt"]
    return only


def _parsed(statement: Statement) -> str:
    """The tree of all statements there are, as JSON without blanks."""
    result = lib.pg_query_parse(statement.text.encode())
    try:
        check_error(result)
        return str(result.parse_tree.decode())
    except PgQueryError as error:
        near = statement.text[max(error.cursorpos - 1, 0) :].strip()[:60] if error.cursorpos else ""
        dialect = NAMES[Dialect.POSTGRES]
        raise refusal("unreadable_near" if near else "unreadable", dialect=dialect, near=near) from error
    finally:
        lib.pg_query_free_parse_result(result)


def _all_common(found: str) -> bool:
    """Whether every mark of the tree is a common one, as the numbers say; those within strings have a backslash."""
    left = found.count('":{') - found.count('\\":{')
    for mark in _COMMON:
        left -= found.count(mark)
        if not left:
            return True
    return False


def _check_nodes(found: str) -> None:
    """Refuses a node that is not on the lists."""
    seen: set[tuple[str, str]] = set()
    before, *others = found.split('":{')
    for after in others:
        seen.add((before[before.rfind('"') + 1 :], after[1:2]))
        before = after
    for key, first in seen:
        # A small letter begins a place; what stands in it says its kind itself, unless only one kind can. What ends in
        # a backslash is within a string.
        known = key in _KINDS or key in _PARTS or key.endswith("\\") or (key[:1].islower() and first.isupper())
        if not known:
            raise refusal(_REASONS.get(key, "not_allowed"), part=key)


def _tables(found: str) -> Counter[tuple[str, str]]:
    """The tables that are read, by schema and name."""
    relations: Counter[tuple[str, str]] = Counter()
    for after in found.split('"RangeVar":{')[1:]:
        name = _RELATION.match(after)
        if name is None:
            raise _disagreement()
        schema, table = (json.loads(part or '""') for part in name.groups())
        relations[(schema, table)] += 1
    return relations


def _lists(found: str) -> set[tuple[str, str, str]]:
    """The names of functions, operators, types and samples, each as it is listed: its key, what kind of operator it
    is, and its parts up to the first closing bracket."""
    seen = set()
    before, *others = found.split('":[')
    for after in others:
        key = before[before.rfind('"') + 1 :]
        if key in _LOOKS:
            kind = before[before.rfind(_KIND) + len(_KIND) : -len('","name')] if key == "name" else ""
            seen.add((key, kind, after[: after.find("]") + 1]))
        before = after
    return seen


def _check_function(names: Sequence[str], kind: str, may: Allowed) -> None:  # noqa: ARG001
    owner, name = "".join(names[:-1]), names[-1]
    if f"{owner}.{name}" in may.granted:
        return
    if owner not in _CATALOGUE:
        raise refusal("qualified_function", function=name)
    by_syntax = bool(owner) and name in _BY_SYNTAX
    # `left`, `date` and `int4range` are words of the language as well as functions.
    known = name in (may.own if owner else may.functions) or name in may.openings - may.made
    if not by_syntax and not known:
        raise refusal("made_function" if name in may.made else "unknown_function", function=name)


def _check_operator(names: Sequence[str], kind: str, may: Allowed) -> None:
    """PostgreSQL's own operators by their plain names; a name that people have given a meaning of theirs is not."""
    own = vocabulary(Dialect.POSTGRES).operators
    if len(names) > 1 or (kind not in _WORDED and names[0] not in own) or names[0] in may.operators:
        raise refusal("made_operator", operator=names[-1])


def _check_sample(names: Sequence[str], kind: str, may: Allowed) -> None:  # noqa: ARG001
    if "".join(names) not in _SAMPLES:
        raise refusal("not_allowed", part="TABLESAMPLE")


def _check_type(names: Sequence[str], kind: str, may: Allowed) -> None:  # noqa: ARG001
    """Types of PostgreSQL itself, and those whose values no code of people checks."""
    owner, name = "".join(names[:-1]), names[-1]
    own = name in vocabulary(Dialect.POSTGRES).words and owner in _CATALOGUE
    if not own and name not in may.types:
        raise refusal("unknown_word", word=name, dialect=NAMES[Dialect.POSTGRES])


def _relations(tree: Tree) -> Counter[tuple[str, str]]:
    """The tables that sqlglot saw, by the names that PostgreSQL would read."""
    found = (table for table in tree.all_of(exp.Table) if isinstance(table.this, exp.Identifier))
    return Counter((_folded(table.args.get("db")), _folded(table.this)) for table in found)


def _folded(name: exp.Expr | None) -> str:
    if name is None:
        return ""
    return name.name if name.args.get("quoted") else lower(name.name)


def _disagreement() -> Exception:
    return refusal("second_opinion", dialect=NAMES[Dialect.POSTGRES])


# Where in the tree names are listed; each of these keys belongs to one kind of node among those on the lists.
_LOOKS: Mapping[str, Callable[[Sequence[str], str, Allowed], None]] = {
    "funcname": _check_function,
    "name": _check_operator,
    "useOp": _check_operator,
    "operName": _check_operator,
    "method": _check_sample,
    "names": _check_type,
}
