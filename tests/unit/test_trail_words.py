"""Whatever the trail says was done can be said in both languages."""

import re
from pathlib import Path

from core.connections.statements import ACTION as STATEMENT
from core.i18n import catalogue
from core.security.permissions import Action

CORE = Path(__file__).resolve().parents[2] / "core"
NOTED = re.compile(r"""audit\.note(?:_within\(\s*\w+,|\()\s*[\w.()]+,\s*"(\w+\.\w+)\"""")


def test_every_action_of_the_trail_has_words() -> None:
    written = {name for path in CORE.rglob("*.py") for name in NOTED.findall(path.read_text(encoding="utf-8"))}
    assert {"people.sign_in", "models.connect", "people.erase"} <= written
    written.add(STATEMENT)
    missing = [name for name in {*written, *Action} if f"audit.{name.replace('.', '_')}" not in catalogue()]
    assert missing == []
