"""`connect`, `index` and `user add`: what an operator sets up from the terminal."""

import getpass
import secrets
import sys
from dataclasses import replace

from core.cli.portal_door import OPERATOR, connection_named, portal
from core.connections.addresses import from_url
from core.errors import InvalidInput
from core.i18n import Phrase, Words
from core.security.permissions import SYSTEM, Role


def connect(url: str, name: str, accept_powers: bool = False) -> None:
    """Add the database that the URL describes; a password is asked for where somebody can type one.

    A login that may do far more than read is taken only with `accept_powers`.

    Raises `InvalidInput` and `ConnectionFailed`.
    """
    new = replace(from_url(url, name), accepts_powers=accept_powers)
    with portal() as opened:
        words = Words(opened.settings.language)
        if "password" in new.engine.fields and not new.secret and sys.stdin.isatty():
            new = replace(new, password=getpass.getpass(words.say("terminal.password", user=new.user)))
        info = opened.connections.add(SYSTEM, new)
        print(words.say("terminal.connected", name=info.name, n=info.tables))


def index(name: str) -> None:
    """Read the connection's schema and values anew, here and now. Raises `InvalidInput` and `ConnectionFailed`."""
    with portal() as opened:
        words = Words(opened.settings.language)
        info = connection_named(opened, name)
        opened.knowledge.build(info.id)
        info = connection_named(opened, name)
        print(words.say("terminal.indexed", name=info.name, n=info.tables))


def add_user(email: str, role: str, name: str) -> None:
    """Invite somebody and print their first password, which they must change. Raises `InvalidInput`."""
    if role not in list(Role):
        raise InvalidInput(problem=Phrase("terminal.unknown_role", {"role": role, "known": ", ".join(Role)}))
    password = secrets.token_urlsafe(12)
    with portal() as opened:
        person = opened.people.invite(OPERATOR, email, name, Role(role), password)
        words = Words(opened.settings.language)
        print(words.say("terminal.user_added", email=person.email, role=person.role.value, password=password))
