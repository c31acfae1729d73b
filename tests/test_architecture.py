"""What a machine can hold about the house: sizes, words in both languages, documents kept up, strangers refused."""

import ast
import inspect
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import pytest

from core import errors
from core.health import examine
from core.i18n import catalogue
from core.portal import Portal
from core.security.faces import METHODS
from core.security.permission_page import permission_page
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
        assert not re.search(
            r"unsafe_allow|st\.iframe|LinkColumn|ImageColumn|VideoColumn|AudioColumn|st\.image\(", source
        )


def test_a_list_in_which_nothing_is_chosen_says_so_in_the_reader_s_language() -> None:
    """Streamlit's own words for it are English."""
    silent = []
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            given = {word.arg: word.value for word in node.keywords}
            index = given.get("index")
            empty = isinstance(index, ast.Constant) and index.value is None
            if node.func.attr == "multiselect" or (node.func.attr == "selectbox" and empty):
                silent += [] if "placeholder" in given else [f"{path.name}:{node.lineno}"]
    assert silent == []


def test_no_page_keeps_state_in_a_module() -> None:
    for path in (ROOT / "pages").glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                assert not isinstance(node.value, ast.List | ast.Dict | ast.Set) or is_table(node), (path, node.lineno)


def is_table(node: ast.Assign) -> bool:
    """A constant table in capitals, filled where it stands."""
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)


# Every public method of a face that people and programs may call: the permission table lists them.
FACES = {face: [n.partition(".")[2] for n in METHODS if n.startswith(f"{face}.")] for face in get_type_hints(Portal)}
# What needs no actor: a stranger's sign-in, what ends a session, and what the portal does for itself.
INNER = {
    "people": {"sign_in", "identify", "sign_out", "actor", "first_admin", "ensure_first_admin"},
    "sessions": {"open", "standing", "pending", "sign_out", "close", "is_familiar"},
    "second_factors": {"finish"},
    "invitations": {"look", "accept"},
    "groups": set(),
    "single_sign_on": {"is_fresh", "sign_in"},
    "audit": {"note", "note_within", "erase_within", "let_go", "begin", "examine"},
    "keys": {"identify"},
    "refusals": {"note", "flush"},
    "limits": {"count"},
    "jobs": {"defer", "close"},
    "connections": {"close"},
    "policies": set(),
    "functions": set(),
    "knowledge": {"build", "values", "keyed", "can_ask"},
    "joins": set(),
    "terms": set(),
    "models": {"embedder"},
    "privacy": {"rules"},
    "schema_changes": set(),
    "choices": set(),
    "answers": set(),
    "evaluation": {"work"},
    "running": {"close"},
}


@pytest.mark.parametrize("face", INNER)
def test_every_public_method_of_a_face_is_listed_and_starts_with_the_actor(face: str) -> None:
    owner = get_type_hints(Portal)[face]
    public = {name for name, _ in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_")}
    assert public == set(FACES[face]) | INNER[face]
    for method in FACES[face]:
        assert list(inspect.signature(getattr(owner, method)).parameters)[1] == "actor", method


def test_every_face_of_the_portal_is_held_to_that() -> None:
    assert set(FACES) - set(INNER) == {"settings", "clock", "store"}
    assert {name.partition(".")[0] for name in METHODS} <= {*FACES, "portal"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_requires_the_action_that_the_table_says(name: str) -> None:
    face, _, method = name.partition(".")
    called = examine if name == "portal.health" else getattr(get_type_hints(Portal)[face], method)
    required = re.search(r"require\(\s*actor,\s*Action\.(\w+)", inspect.getsource(called))
    assert required, "its first line is require(actor, Action.…)"
    assert Action[required[1]] is METHODS[name].action


def test_the_permission_table_is_said_in_words_and_its_page_is_up_to_date() -> None:
    for action in Action:
        assert f"permissions.{action.replace('.', '_')}" in catalogue(), action
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert page == permission_page(), "python -m core permissions > docs/permissions.md"


FRESH = {"enter", "again", "who", "identify", "session_token", "_standing", "standing"}


def calls(node: ast.AST) -> set[str]:
    """The names of everything called within."""
    found = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in found}


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=name_of)
def test_fragments_and_dialogs_ask_again_who_acts(path: Path) -> None:
    """They run long after the page was drawn: who was allowed then may not be now."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.FunctionDef) or node.name == "_look_again":
            continue
        drawn_alone = {ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
        if drawn_alone & {"st.fragment", "st.dialog"}:
            assert calls(node) & FRESH, f"{node.name} must begin with again(…)"
