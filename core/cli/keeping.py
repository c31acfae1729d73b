"""`rotate-key` and `audit`: the keys that secrets are sealed with, and the trail's chain."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from core.errors import InvalidInput
from core.i18n import Phrase, Words
from core.security.audit import Audit
from core.security.operator_keys import keys_of
from core.security.permissions import SYSTEM
from core.security.rotation import Rotated, Rotation
from core.security.vault import Vault, open_vault
from core.security.witness import Witness
from core.settings import Settings, read_settings
from core.store.migrate import migrate
from core.store.sessions import Store, open_store

BROKEN = 3  # the exit code of a trail that is not as it was written


@contextmanager
def _opened() -> Iterator[tuple[Settings, Store]]:
    """The store alone, migrated: nothing that a running portal would notice."""
    settings = read_settings()
    store = open_store(settings)
    try:
        migrate(store)
        yield settings, store
    finally:
        store.close()


def _witness(settings: Settings) -> Witness:
    return Witness(settings.data_dir / "audit.head")


def rotate_key(wrapping: bool, lost: bool, as_json: bool) -> None:
    """Rotate, and say what was done. `lost` gives up what no key opens any more.

    Raises `SettingsInvalid` for a missing key and `InvalidInput` while another rotation runs.
    """
    with _opened() as (settings, store):
        words = Words(settings.language)
        if lost:
            _give_up(settings, store, words)
        vault = open_vault(settings, store)
        done = Rotation(store, vault, _witness(settings)).run(wrapping)
        Audit(store, vault, _witness(settings)).note(
            SYSTEM, "vault.rotate", done.current, resealed=done.resealed, rewrapped=done.rewrapped, wrapping=wrapping
        )
    print(json.dumps(asdict(done)) if as_json else "\n".join(_told(done, words)))


def _give_up(settings: Settings, store: Store, words: Words) -> None:
    vault = Vault(keys_of(settings), store)
    with store.begin() as connection:
        gone = vault.give_up(connection)
    print(words.say("keeping.given_up", n=gone), file=sys.stderr)


def _told(done: Rotated, words: Words) -> Iterator[str]:
    """What a person wants to know."""
    yield words.say("keeping.rotated", n=done.resealed, name=done.current, rewrapped=done.rewrapped)
    for key, number in sorted(done.uses.items()):
        yield words.say("keeping.uses", name=key, n=number)
    if done.removed:
        yield words.say("keeping.removed", keys=", ".join(done.removed))
    for key in done.removable:
        yield words.say("keeping.removable", name=key)
    for key in done.needed:
        yield words.say("keeping.needed", name=key)
    if done.unreadable:
        yield words.say("keeping.unreadable", n=len(done.unreadable), names=", ".join(done.unreadable))


def verify_audit(head: str, as_json: bool) -> int:
    """Look at the whole trail; gives the exit code: 0 if it is as it was written. `head` is one noted elsewhere."""
    expected = _head(head) if head else None
    with _opened() as (settings, store):
        audit = Audit(store, open_vault(settings, store), _witness(settings))
        verdict = audit.examine(expected)
    words = Words(settings.language)
    if as_json:
        print(json.dumps(verdict.figures()))
    elif verdict.ok:
        numbers = {"n": verdict.rows, "first": verdict.first, "last": verdict.last, "head": verdict.head}
        print(words.say("keeping.trail_sound", **numbers))
    else:
        problem = words.say(f"audit.problem_{verdict.problem}")
        row = "–" if verdict.row is None else str(verdict.row)
        print(words.say("keeping.trail_broken", problem=problem, row=row), file=sys.stderr)
    return 0 if verdict.ok else BROKEN


def let_go(days: int) -> None:
    """Let rows of the trail go that are older than so many days; 0: as the settings say."""
    with _opened() as (settings, store):
        audit = Audit(store, open_vault(settings, store), _witness(settings))
        kept = days or settings.audit_days
        gone = audit.let_go(kept)
        print(Words(settings.language).say("keeping.let_go", n=gone, days=kept))


def _head(text: str) -> tuple[int, str]:
    number, _, mark = text.partition(":")
    try:
        bytes.fromhex(mark)
        return int(number), mark
    except ValueError:
        raise InvalidInput(problem=Phrase("keeping.bad_head")) from None
