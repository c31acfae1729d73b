"""The whole shape of the portal's database: every table, wherever it is described."""

from core.store import (
    tables_audit,
    tables_catalogue,
    tables_choices,
    tables_evaluation,
    tables_joins,
    tables_keys,
    tables_people,
    tables_policies,
    tables_privacy,
    tables_vault,
    tables_words,
)
from core.store.tables import metadata

__all__ = [
    "metadata",
    "tables_audit",
    "tables_catalogue",
    "tables_choices",
    "tables_evaluation",
    "tables_joins",
    "tables_keys",
    "tables_people",
    "tables_policies",
    "tables_privacy",
    "tables_vault",
    "tables_words",
]
