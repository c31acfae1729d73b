"""What a machine can hold about the house: sizes, words in both languages, documents kept up, strangers refused."""

import ast
import inspect
import re
import string
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints
from uuid import uuid4

import pytest

from core import errors
from core.answering.question import Question
from core.connections.addresses import NewConnection
from core.errors import NotAllowed
from core.i18n import catalogue
from core.models.book import NewModel
from core.portal import Portal
from core.security.permissions import LEAST_ROLE, Action
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
CODE = sorted(
    path
    for folder in ("core", "pages", "data")
    for path in (ROOT / folder).rglob("*.py")
    if "versions" not in path.parts and "local" not in path.parts
)
MOST_LINES, MOST_IN_FUNCTION, MOST_IN_PAGE = 400, 60, 150
FORBIDDEN_NAMES = re.compile(r"(?:.*_)?(?:service|manager|helper|handler|util|base|misc|common)s?")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_file_hides_one_decision_and_a_function_fits_on_a_screen(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    lines = source.count("\n")
    assert lines <= (MOST_IN_PAGE if path.parent.name == "pages" and path.name[0] != "_" else MOST_LINES)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= MOST_IN_FUNCTION, node.name
    assert not FORBIDDEN_NAMES.fullmatch(path.stem)


def test_the_core_package_imports_nothing_by_itself() -> None:
    assert (ROOT / "core" / "__init__.py").read_text() == ""


def test_broad_excepts_stand_only_in_the_doors() -> None:
    broad = re.compile(r"except\s*(?::|\(?\s*(?:Base)?Exception\b)")
    doors = ("core/api/", "core/worker.py", "core/cli")
    found = [
        name_of(path)
        for path in CODE
        if path.is_relative_to(ROOT / "core")
        and not name_of(path).startswith(doors)
        and broad.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_every_string_is_there_in_both_languages_with_the_same_values() -> None:
    for key, entry in catalogue().items():
        assert entry.get("en"), key
        assert entry.get("zh"), key
        assert fields(entry["zh"]) <= fields(entry["en"]) | {"n"}, key


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_key_that_the_code_says_exists() -> None:
    areas = {key.split(".")[0] for key in catalogue()}
    quoted = re.compile(r"""(?:say|Phrase|phrase)\(\s*["']([a-z_]+\.[a-z0-9_]+)["']""")
    missing = [
        (name_of(path), key)
        for path in CODE
        for key in quoted.findall(path.read_text(encoding="utf-8"))
        if key.split(".")[0] in areas and key not in catalogue()
    ]
    assert missing == []


def all_errors(root: type[errors.AskwellError] = errors.AskwellError) -> Iterator[type[errors.AskwellError]]:
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)


def test_every_error_says_what_happened_in_both_languages() -> None:
    for error in all_errors():
        if error.__module__ != "core.errors":
            continue
        assert error.__doc__, error
        assert error.key in catalogue(), error
        assert catalogue()[error.key]["en"] == error.__doc__, error


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`ASKWELL_{name.upper()}`" in page, name
        assert field.description, name
        assert field.description in page, name


def test_every_action_has_a_least_role() -> None:
    assert set(LEAST_ROLE) == set(Action)


def test_every_module_has_one_owner_line() -> None:
    page = (ROOT / "docs" / "ownership.md").read_text(encoding="utf-8")
    missing = [name_of(p) for p in CODE if p.name != "__init__.py" and f"`{name_of(p)}`" not in page]
    assert missing == []


def test_pages_never_touch_the_store_or_langchain() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(?:import|from)\s+(?:sqlalchemy|langchain|psycopg|core\.store)", source, re.M), path


def test_nothing_from_data_is_drawn_as_html() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert "unsafe_allow_html" not in source, path
        assert "st.html(" not in source, path
        assert "components.v1" not in source, path


def test_no_page_keeps_state_in_a_module() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                assert not isinstance(node.value, ast.List | ast.Dict | ast.Set) or is_table(node), (path, node.lineno)


def is_table(node: ast.Assign) -> bool:
    """A constant table in capitals, filled where it stands."""
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)


FACES: dict[str, tuple[str, ...]] = {
    "people": (
        "invite",
        "change",
        "erase",
        "change_self",
        "change_password",
        "confirm_password",
        "list",
        "me",
    ),
    "sessions": ("list", "end", "end_all"),
    "second_factors": ("state", "begin", "enrolling", "confirm", "renew_codes", "remove", "reset"),
    "invitations": ("make", "list", "revoke"),
    "groups": ("list", "make", "remove", "fill", "belong", "describe"),
    "single_sign_on": (),
    "audit": ("list", "export", "verify", "state"),
    "jobs": ("list", "cancel", "retry"),
    "connections": ("add", "upload", "change", "remove", "list", "share", "test", "open", "refresh"),
    "policies": ("list", "named", "check_rule", "keep", "remove", "rights", "preview", "ask_as"),
    "knowledge": ("ground", "recall", "index", "browse", "describe", "verify", "verified", "forget", "starters"),
    "models": ("list", "connect", "remove", "make_default", "test", "lease", "spend"),
    "privacy": ("overview", "tag", "set_level"),
    "answers": ("ask", "rerun", "history", "open", "change", "rate", "rows", "export", "sent"),
    "running": ("start", "watch", "stop", "current"),
}
# What needs no actor: a stranger's sign-in, what ends a session, and what the portal does for itself.
INNER = {
    "people": {"sign_in", "identify", "sign_out", "actor", "first_admin", "ensure_first_admin"},
    "sessions": {"open", "standing", "pending", "sign_out", "close", "is_familiar"},
    "second_factors": {"finish"},
    "invitations": {"look", "accept"},
    "groups": set(),
    "single_sign_on": {"is_fresh", "sign_in"},
    "audit": {"note", "note_within", "erase_within", "let_go", "begin", "examine"},
    "jobs": {"defer", "close"},
    "connections": {"close"},
    "policies": set(),
    "knowledge": {"build", "values", "can_ask"},
    "models": {"embedder"},
    "privacy": {"rules"},
    "answers": set(),
    "running": {"close"},
}


@pytest.mark.parametrize("face", FACES)
def test_every_public_method_of_a_face_is_listed_and_starts_with_the_actor(face: str) -> None:
    owner = get_type_hints(Portal)[face]
    public = {name for name, _ in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_")}
    assert public == set(FACES[face]) | INNER[face]
    for method in FACES[face]:
        assert list(inspect.signature(getattr(owner, method)).parameters)[1] == "actor", method


@pytest.mark.parametrize(("face", "method"), [(face, method) for face in FACES for method in FACES[face]])
def test_a_stranger_is_refused_by_every_method(face: str, method: str, portal: Portal) -> None:
    called = getattr(getattr(portal, face), method)
    others = list(inspect.signature(called).parameters.values())[1:]
    nothing: dict[str, object] = {
        p.name: uuid4() for p in others if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    }
    if face == "knowledge" and method in ("ground", "recall", "starters"):
        nothing["connection"] = SimpleNamespace(id=uuid4())
    if face == "connections" and method in ("add", "test", "change"):
        nothing["new"] = NewConnection("x", "sqlite")
    if face == "models" and method == "connect":
        nothing["new"] = NewModel("x", "openai", "", "x")
    if face in ("answers", "running") and "question" in nothing:
        nothing["question"] = Question("how many?")
    with pytest.raises(NotAllowed):
        begin(called(None, **nothing))


def begin(outcome: object) -> None:
    """Let what was only handed out begin: a stream's first event, a lease's first moment."""
    if inspect.isgenerator(outcome):
        next(outcome)
    elif isinstance(outcome, AbstractContextManager):
        outcome.__enter__()
