"""A portal in a temporary folder, for `evaluate` and `bench`: nothing of the user's own portal is read or changed."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from core.portal import Portal, open_portal
from core.security.permissions import SYSTEM, Actor
from core.settings import Settings

_PERSON = "measuring@askwell.example"


def scratch_settings(folder: Path, model_url: str | None = None, model_name: str = "") -> Settings:
    """Settings of a portal below `folder` and nowhere else; what they do not name is as in the environment.

    A `model_url` of None leaves the model to the environment, under another name if one is given.
    """
    given: dict[str, Any] = {
        "demo": False,
        "secret_key": SecretStr(secrets.token_urlsafe(32)),
        "admin_email": _PERSON,
        "admin_password": SecretStr(secrets.token_urlsafe(16)),
        "database_url": SecretStr(""),
        "data_dir": folder / "portal",
        "allow_server_files": True,
        "allow_private_addresses": True,
        "limit_questions": "",
    }
    if model_url is not None:
        return Settings(**given, model_url=model_url, model_name=model_name, model_key=SecretStr(""))
    settings = Settings(**given)
    if not settings.model_url:
        return Settings(**given, model_name="")
    return Settings(**given, model_name=model_name) if model_name else settings


@contextmanager
def scratch_portal(folder: Path, model_url: str = "", model_name: str = "") -> Iterator[Portal]:
    """The portal, while the block lasts, with this model or with none."""
    with open_portal(scratch_settings(folder, model_url, model_name)) as opened:
        yield opened


def own_person(opened: Portal) -> Actor:
    """The scratch portal's own person: conversations are kept for somebody."""
    person = next(person for person in opened.people.list(SYSTEM) if person.email == _PERSON)
    return Actor(person.id, person.name, person.role)
