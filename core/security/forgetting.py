"""What goes with a person who is forgotten: their questions and conversations, keys, and traces in counters."""

from uuid import UUID

import sqlalchemy as sa

from core.store import tables, tables_keys, tables_privacy

# Rows that are about nobody else. Answers, thumbs and what was sent to models for them go with their conversations.
_OWN = (
    tables_privacy.model_exchanges,
    tables.feedback,
    tables.conversations,
    tables.connection_people,
    tables_keys.api_keys,
)


def forget(connection: sa.Connection, person_id: UUID, email: str) -> None:
    """Take these rows away. What others rely on stays, without the person: what models cost, what was vouched for."""
    for table in _OWN:
        connection.execute(table.delete().where(table.c.person_id == person_id))
    spent = tables.model_calls
    connection.execute(spent.update().where(spent.c.person_id == person_id).values(person_id=None))
    failures = tables.sign_in_failures
    connection.execute(failures.delete().where(failures.c.subject.icontains(email, autoescape=True)))
