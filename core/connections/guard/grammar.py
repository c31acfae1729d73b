"""What a query may be made of: sqlglot's node types that only read. Whatever is not named here is refused.

Functions are nodes too, more than seven hundred; `words.py` allows them by the name in the text.
"""

from sqlglot import exp

from core.connections.guard.refusal import refusal
from core.connections.guard.statement import Tree
from core.connections.guard.words import vocabulary
from core.connections.schema import Dialect

_QUERIES = """
Select Union Except Intersect Subquery Values With CTE RecursiveWithSearch From Join Lateral Where Group Having Qualify
Order Ordered Limit LimitOptions Offset Fetch Distinct GroupingSets Cube Rollup Window WindowSpec WithinGroup Filter
Table TableAlias TableSample IndexTableHint Pivot PivotAlias PivotAny UnpivotColumns HavingMax IgnoreNulls RespectNulls
"""

_VALUES = """
Identifier Column Star Alias Aliases Literal National Null Boolean BitString HexString ByteString RawString
UnicodeString Heredoc Introducer CharacterSet Var Interval IntervalSpan DataType DataTypeParam ColumnDef Kwarg Variadic
PropertyEQ Lambda Comprehension Bracket Slice Paren Tuple Dot JSONKeyValue JSONColumnDef JSONSchema JSONValue JSON
JSONExtractQuote FormatJson OnCondition OverflowTruncateBehavior TranslateCharacters JSONPath JSONPathFilter JSONPathKey
JSONPathRecursive JSONPathRoot JSONPathScript JSONPathSelector JSONPathSlice JSONPathSubscript JSONPathUnion
JSONPathWildcard
"""

_OPERATORS = """
Add Sub Mul Div IntDiv Mod Neg DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift
EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is Not In Between Like ILike SimilarTo Glob Match Escape All Any Overlaps
Adjacent ExtendsLeft ExtendsRight Distance DistanceNd AtTimeZone FromTimeZone IntervalOp ForIn
"""

_ALLOWED = frozenset(f"{_QUERIES} {_VALUES} {_OPERATORS}".split())

_WRITES = (exp.DML, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into, exp.Copy, exp.Merge)
_STATE = (exp.Parameter, exp.SessionParameter, exp.Set, exp.Pragma)


def check_grammar(tree: Tree) -> None:
    """Refuses a statement that holds anything but reading, anywhere, or that is no query at its root."""
    for kind, nodes in tree.nodes.items():
        if not issubclass(kind, exp.Func) and kind.__name__ not in _ALLOWED:
            for node in nodes:
                if not _names_output(node) and not _reads_setting(node, tree.statement.dialect):
                    _refuse_node(node)
    _check_root(tree.root)


def _names_output(node: exp.Expr) -> bool:
    """`ORDER BY #2` on DuckDB: the second of what is selected. Anywhere else it is a column of a table, unseen."""
    ordered = node.parent
    order = ordered.parent if isinstance(node, exp.PositionalColumn) and isinstance(ordered, exp.Ordered) else None
    return isinstance(order, exp.Order) and isinstance(order.parent, exp.Query)


def _reads_setting(node: exp.Expr, dialect: Dialect) -> bool:
    """`@@time_zone` on MySQL: one of a few settings of the session, read and not set."""
    if (
        type(node) is not exp.SessionParameter
        or dialect is not Dialect.MYSQL
        or isinstance(node.parent, exp.PropertyEQ)
    ):
        return False
    kind = node.args.get("kind")
    return kind in (None, "", "session") and node.name.lower() in vocabulary(dialect).settings


def _refuse_node(node: exp.Expr) -> None:
    if isinstance(node, _WRITES):
        raise refusal("writes")
    if isinstance(node, exp.Lock):
        raise refusal("locks")
    if isinstance(node, exp.Placeholder):
        raise refusal("parameter")
    if isinstance(node, _STATE):
        raise refusal("variable")
    raise refusal("not_allowed", part=node.key.upper())


def _check_root(root: exp.Expr) -> None:
    arms = [root]
    while arms:
        arm = arms.pop()
        if isinstance(arm, exp.Subquery | exp.Paren):
            arms.append(arm.this)
        elif isinstance(arm, exp.SetOperation):
            arms += [arm.this, arm.expression]
        elif isinstance(arm, exp.Select):
            if not arm.expressions:
                raise refusal("no_columns")
        elif not isinstance(arm, exp.Values | exp.Pivot):
            raise refusal("no_query")
