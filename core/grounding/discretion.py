"""What people wrote about a connection, as far as it tells an actor nothing that policies keep from them."""

import re
from collections.abc import Callable, Sequence

from core.grounding.names import words_of
from core.grounding.phrases import phrases_of
from core.grounding.sources import Opened
from core.grounding.values import ValueHit
from core.grounding.visible import Sight
from core.security.policies import Rights

Matching = Callable[[Sequence[str]], list[ValueHit]]


def discreet(text: str, connection: Opened, matching: Matching) -> str:
    """The lines of a text that neither name a table or column that is hidden from the connection's actor, nor hold a
    value that they may not see. `matching` looks phrases up among all stored values."""
    sight = Sight.of(connection)
    if sight.is_whole or not text:
        return text
    hidden = _hidden_names(connection, sight.rights)
    return "\n".join(line for line in text.splitlines() if not _tells(line, hidden, sight, matching)).strip()


def _hidden_names(connection: Opened, rights: Rights) -> list[str]:
    """Names of hidden tables and columns, as written and in plain words, but for those seen elsewhere as well."""
    names = {name for table in rights.tables.values() for name in table.hidden_columns}
    names |= {part for key in rights.hidden_tables for part in (key, key.rpartition(".")[2])}
    seen = {n.casefold() for t in connection.schema.tables for n in (t.key, t.name, *t.by_name)}
    kept = [name for name in names if name.casefold() not in seen]
    return list(dict.fromkeys((*kept, *(" ".join(words_of(name)) for name in kept))))


def _tells(line: str, hidden: Sequence[str], sight: Sight, matching: Matching) -> bool:
    plain = " ".join(words_of(line))
    for name in hidden:
        pattern = rf"(?<!\w){re.escape(name)}s?(?!\w)"
        if re.search(pattern, line, re.IGNORECASE) or re.search(pattern, plain, re.IGNORECASE):
            return True
    return any(not sight.shows(hit.table, hit.column) for hit in matching(phrases_of(line)))
