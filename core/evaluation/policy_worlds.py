"""Small worlds for the trial of policies: tables, rows, views and policies from a seed, in any dialect.

Each world is made twice: as it is, and as one person may see it, filtered and masked here, in Python, before any
database has seen it. Every text, and some numbers, stand in one cell only, so a leak shows by itself.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp, parse_one

from core.connections.digests import digest
from core.connections.schema import Dialect, Kind
from core.security.policies import Mask, MaskKind, Rights, TableRights

SALT = "5a17" * 8
Row = dict[str, Any]
Rows = Mapping[str, Sequence[Row]]

_TYPES = {Kind.INTEGER: "INT", Kind.NUMBER: "DECIMAL(10, 2)", Kind.DATE: "DATE"}
_REGIONS, _STATES = ("north", "south", "east"), ("new", "paid", "gone")
_RECKONED = ("score", "id", "customer_id")
TABLES: Mapping[str, Mapping[str, Kind]] = {
    "customers": {
        "id": Kind.INTEGER,
        "region": Kind.TEXT,
        "name": Kind.TEXT,
        "score": Kind.INTEGER,
        "joined": Kind.DATE,
        "manager_id": Kind.INTEGER,
    },
    "orders": {
        "id": Kind.INTEGER,
        "customer_id": Kind.INTEGER,
        "amount": Kind.NUMBER,
        "status": Kind.TEXT,
        "note": Kind.TEXT,
        "day": Kind.DATE,
    },
    "Order Lines": {
        "id": Kind.INTEGER,
        "order_id": Kind.INTEGER,
        "Product": Kind.TEXT,
        "qty": Kind.INTEGER,
        "code": Kind.INTEGER,
    },
    "stores": {"id": Kind.INTEGER, "region": Kind.TEXT, "name": Kind.TEXT, "size": Kind.INTEGER},
}
VIEWS: Mapping[str, str] = {
    "v_customers": 'SELECT "id", "name" AS "label", "region", "score" * 2 AS "twice" '
    'FROM "customers" WHERE "score" > 1',
    "v_sales": 'SELECT c."region" AS "region", COUNT(*) AS "orders_made", MAX(o."note") AS "last_note" '
    'FROM "customers" AS c JOIN "orders" AS o ON o."customer_id" = c."id" GROUP BY c."region"',
    "v_labels": 'SELECT v."label" AS "label", s."name" AS "store" FROM "v_customers" AS v '
    'LEFT JOIN "stores" AS s ON s."region" = v."region"',
}


@dataclass(frozen=True)
class Rule:
    """A row rule in SQL, and the same in Python."""

    sql: str
    holds: Callable[[Row, Rows], bool]


def _is(column: str, value: str) -> Rule:
    return Rule(f"{column} = '{value}'", lambda row, _: row[column] == value)


RULES: Mapping[str, Sequence[Rule]] = {
    "customers": (
        _is("region", "north"),
        Rule("score >= 3 OR region IS NULL", lambda row, _: (row["score"] or 0) >= 3 or row["region"] is None),
        Rule("customers.id <> 4", lambda row, _: row["id"] != 4),
        Rule(
            "EXISTS (SELECT 1 FROM orders WHERE orders.customer_id = customers.id AND status = 'paid')",
            lambda row, all_of: any(o["customer_id"] == row["id"] and o["status"] == "paid" for o in all_of["orders"]),
        ),
    ),
    "orders": (
        _is("status", "paid"),
        Rule("amount > 40", lambda row, _: row["amount"] is not None and row["amount"] > 40),
        Rule(
            "customer_id IN (SELECT id FROM customers WHERE region = 'south')",
            lambda row, all_of: any(
                c["id"] == row["customer_id"] and c["region"] == "south" for c in all_of["customers"]
            ),
        ),
        Rule("NOT status IN ('gone')", lambda row, _: row["status"] not in ("gone", None)),
    ),
    "Order Lines": (
        Rule("qty BETWEEN 2 AND 6", lambda row, _: row["qty"] is not None and 2 <= row["qty"] <= 6),
        Rule("qty IS NULL OR qty > 3", lambda row, _: row["qty"] is None or row["qty"] > 3),
    ),
    "stores": (_is("region", "east"),),
}
MASKS: Mapping[Kind, Sequence[Mask]] = {
    Kind.TEXT: (
        Mask(MaskKind.NULL),
        Mask(MaskKind.HASH),
        Mask(MaskKind.PARTIAL, "2"),
        Mask(MaskKind.CONSTANT, "it's \\ hidden"),
    ),
    Kind.INTEGER: (
        Mask(MaskKind.NULL),
        Mask(MaskKind.HASH),
        Mask(MaskKind.BUCKET, "5"),
        Mask(MaskKind.CONSTANT, "-7"),
        Mask(MaskKind.PARTIAL, "1"),
    ),
    Kind.NUMBER: (Mask(MaskKind.NULL), Mask(MaskKind.BUCKET, "25"), Mask(MaskKind.CONSTANT, "1.5")),
    Kind.DATE: (
        Mask(MaskKind.NULL),
        Mask(MaskKind.BUCKET, "quarter"),
        Mask(MaskKind.BUCKET, "month"),
        Mask(MaskKind.BUCKET, "year"),
        Mask(MaskKind.CONSTANT, "2001-02-03"),
    ),
}


@dataclass(frozen=True)
class World:
    """Tables with their rows, what one person may see of them, and the texts and numbers they must never see."""

    rows: Rows
    rights: Rights
    seen: Rows
    canaries: frozenset[str]

    def scripts(self, dialect: Dialect, views: Sequence[str]) -> tuple[str, str]:
        """SQL that makes the world as it is, with all views, and as it is seen, with these."""
        whole = _script(self.rows, {}, dialect, tuple(VIEWS))
        return whole, _script(self.seen, self.rights.tables, dialect, views)


def make_world(rng: random.Random) -> World:
    """A world in which at least one table is less than whole."""
    rows = _rows(rng)
    tables: dict[str, TableRights] = {}
    kept: dict[str, Sequence[Row]] = {}
    hidden_tables: set[str] = set()
    rules: dict[str, list[Rule]] = {}
    for name in TABLES:
        if name == "stores" and rng.random() < 0.2:
            hidden_tables.add(name)
            continue
        own, rules[name] = _rights(name, rng)
        if own != TableRights():
            tables[name] = own
    for name, found in rules.items():
        left = [row for row in rows[name] if all(rule.holds(row, rows) for rule in found)]
        kept[name] = [_seen(row, name, tables.get(name, TableRights())) for row in left]
    rights = Rights(frozenset(hidden_tables), tables, f"trial-{rng.random()}", SALT)
    return World(rows, rights, kept, _canaries(rows, kept))


def _rows(rng: random.Random) -> dict[str, list[Row]]:
    begin = date(2024, 1, 1)

    def some(value: Any) -> Any:
        return None if rng.random() < 0.12 else value

    def own(what: str, number: int) -> str:
        return f"{what}{number}x{rng.randrange(16**6):06x}"

    def day() -> date:
        return begin + timedelta(days=rng.randrange(800))

    customers = [
        {
            "id": n,
            "region": some(rng.choice(_REGIONS)),
            "name": some(own("name", n)),
            "score": some(rng.randrange(-6, 9)),
            "joined": some(day()),
            "manager_id": some(rng.randrange(1, 12)),
        }
        for n in range(1, 13)
    ]
    orders = [
        {
            "id": n,
            "customer_id": some(rng.randrange(1, 15)),
            "amount": some(Decimal(rng.randrange(100, 9000)) / 100),
            "status": some(rng.choice(_STATES)),
            "note": own("note", n),
            "day": some(day()),
        }
        for n in range(1, 31)
    ]
    lines = [
        {
            "id": n,
            "order_id": rng.randrange(1, 33),
            "Product": some(own("thing", n)),
            "qty": some(rng.randrange(1, 9)),
            "code": 700_001 + 1010 * n,
        }
        for n in range(1, 25)
    ]
    stores = [
        {"id": n, "region": some(rng.choice(_REGIONS)), "name": own("store", n), "size": rng.randrange(1, 5)}
        for n in range(1, 7)
    ]
    return {"customers": customers, "orders": orders, "Order Lines": lines, "stores": stores}


def _rights(table: str, rng: random.Random) -> tuple[TableRights, list[Rule]]:
    rules = rng.sample(RULES[table], min(len(RULES[table]), rng.choice((0, 1, 1, 2))))
    columns = list(TABLES[table])
    hidden = frozenset(rng.sample(columns, rng.choice((0, 0, 1, 2))))
    open_columns = [column for column in columns if column not in hidden]
    chosen = rng.sample(open_columns, min(len(open_columns), rng.choice((0, 1, 1, 2))))
    masks = {column: rng.choice(_masks_for(column, TABLES[table][column])) for column in sorted(chosen)}
    return TableRights(hidden, masks, tuple(rule.sql for rule in rules)), rules


def _masks_for(column: str, kind: Kind) -> Sequence[Mask]:
    """The masks of a kind; where views reckon with a column or join by it, it stays a number."""
    texts = (MaskKind.HASH, MaskKind.PARTIAL)
    return [mask for mask in MASKS[kind] if column not in _RECKONED or mask.kind not in texts]


def _seen(row: Row, table: str, rights: TableRights) -> Row:
    return {
        column: masked_value(value, rights.masks.get(column), TABLES[table][column])
        for column, value in row.items()
        if column not in rights.hidden_columns
    }


def masked_value(value: Any, mask: Mask | None, kind: Kind) -> Any:
    """What stands for one value, computed apart from any database."""
    if mask is None or value is None or mask.kind is MaskKind.NULL:
        return value if mask is None else None
    if mask.kind is MaskKind.HASH:
        return str(digest(SALT, value))[:20]
    if mask.kind is MaskKind.PARTIAL:
        text, count = str(value), int(mask.argument)
        return "***" + text[-count:] if len(text) >= 2 * count else "***"
    if mask.kind is MaskKind.CONSTANT:
        given: Mapping[Kind, Callable[[str], Any]] = {
            Kind.TEXT: str,
            Kind.INTEGER: int,
            Kind.NUMBER: Decimal,
            Kind.DATE: date.fromisoformat,
        }
        return given[kind](mask.argument)
    if kind is Kind.DATE:
        first = {"year": 1, "quarter": 3 * ((value.month - 1) // 3) + 1}.get(mask.argument, value.month)
        return value.replace(month=first, day=1)
    width = Decimal(mask.argument)
    return (Decimal(value) / width).to_integral_value("ROUND_FLOOR") * width


def _canaries(rows: Rows, seen: Rows) -> frozenset[str]:
    """The texts and codes of single cells that are in no cell that may be seen."""
    own = {_cell(value) for found in rows.values() for row in found for value in row.values()}
    shown = {_cell(value) for found in seen.values() for row in found for value in row.values()}
    return frozenset(cell for cell in own - shown if cell)


def _cell(value: Any) -> str:
    """A value that stands nowhere else, as text; "" for others."""
    if isinstance(value, str):
        return value if "x" in value and len(value) > 8 else ""
    return str(value) if isinstance(value, int) and value > 700_000 else ""


def _script(rows: Rows, tables: Mapping[str, TableRights], dialect: Dialect, views: Sequence[str]) -> str:
    statements: list[exp.Expr] = []
    for name, found in rows.items():
        rights = tables.get(name, TableRights())
        columns = {column: kind for column, kind in TABLES[name].items() if column not in rights.hidden_columns}
        table = exp.Table(this=_name(name))
        listed = [_column(column, kind, rights.masks.get(column), dialect) for column, kind in columns.items()]
        statements.append(exp.Create(this=exp.Schema(this=table, expressions=listed), kind="TABLE"))
        if found:
            values = exp.Values(
                expressions=[exp.Tuple(expressions=[_literal(row[c]) for c in columns]) for row in found]
            )
            statements.append(exp.Insert(this=table.copy(), expression=values))
    for name in views:
        query = parse_one(VIEWS[name], read="postgres")
        statements.append(exp.Create(this=exp.Table(this=_name(name)), kind="VIEW", expression=query))
    return ";\n".join(statement.sql(dialect.value) for statement in statements) + ";\n"


def _column(name: str, kind: Kind, mask: Mask | None, dialect: Dialect) -> exp.Expr:
    if mask and mask.kind is not MaskKind.NULL and dialect is Dialect.SQLITE:
        return exp.ColumnDef(this=_name(name))  # an expression has no type there
    if mask and mask.kind in (MaskKind.HASH, MaskKind.PARTIAL):
        kind = Kind.TEXT
    if mask and mask.kind is MaskKind.BUCKET and kind is Kind.INTEGER:
        kind = Kind.NUMBER
    text = "VARCHAR(60)" if dialect is Dialect.MYSQL else "TEXT"
    return exp.ColumnDef(this=_name(name), kind=exp.DataType.build(_TYPES.get(kind, text), dialect=dialect.value))


def _literal(value: Any) -> exp.Expr:
    if value is None:
        return exp.Null()
    if isinstance(value, date):
        return exp.Literal.string(value.isoformat())
    if isinstance(value, str):
        return exp.Literal.string(value)
    number = exp.Literal.number(str(abs(value)))
    return exp.Neg(this=number) if value < 0 else number


def _name(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
