"""Which SQL that somebody else wrote may be offered to an actor, and which verified questions they may see."""

from core.connections.guard import check
from core.errors import QueryRefused
from core.grounding.sources import Opened
from core.grounding.verified import VerifiedQuestion, may_be_offered
from core.grounding.visible import Sight
from core.security.permissions import Actor


def passes(connection: Opened, sql: str) -> bool:
    """Whether the guard lets the connection's actor run this."""
    try:
        check(sql, connection.scope)
    except QueryRefused:
        return False
    return True


def tells_nothing(connection: Opened, sql: str) -> bool:
    """Whether SQL that another wrote may be shown to this connection's actor."""
    try:
        return may_be_offered(check(sql, connection.scope))
    except QueryRefused:
        return False


def may_see(actor: Actor, connection: Opened, verified: VerifiedQuestion) -> bool:
    """Whether the actor may see this question and its SQL: with all rights, all; else their own that still pass, and
    others' that name no values of rows that may not be theirs."""
    if Sight.of(connection).is_whole:
        return True
    return (verified.author_id == actor.id and passes(connection, verified.sql)) or tells_nothing(
        connection, verified.sql
    )
