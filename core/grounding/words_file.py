"""The words of a connection as one YAML file, and a file read back: every entry with the line it stands on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from core.errors import InvalidInput
from core.grounding.terms import Term, TermKind
from core.i18n import LANGUAGES, Phrase

VERSION = 1
LONGEST_FILE = 2_000_000  # characters
_BOUND = {
    TermKind.TABLE: (),
    TermKind.COLUMN: ("column",),
    TermKind.VALUE: ("column", "value"),
    TermKind.FILTER: ("sql",),
    TermKind.METRIC: ("sql", "aggregation", "where", "unit"),
}


@dataclass(frozen=True)
class Described:
    """What a table (`column` "") or column is, in one language."""

    table: str
    column: str
    language: str
    text: str


@dataclass(frozen=True)
class Vouched:
    """A question with the SQL that answers it."""

    question: str
    sql: str


@dataclass(frozen=True)
class Words:
    """All that people wrote about a connection; `instructions` None where a file does not speak of them."""

    terms: tuple[Term, ...] = ()
    instructions: str | None = None
    descriptions: tuple[Described, ...] = ()
    verified: tuple[Vouched, ...] = ()


@dataclass(frozen=True)
class Problem:
    """What is wrong with a file: the line (from 1) and the entry it is about, "" for the file as a whole."""

    line: int
    entry: str
    what: Phrase


@dataclass(frozen=True)
class FileWords:
    """The words of a file, and the line of each: of a term by its word, of others by `key_of`."""

    words: Words = field(default_factory=Words)
    lines: Mapping[object, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def written(words: Words) -> str:
    """The words as a file: what is equal is written equally."""
    described: dict[tuple[str, str], dict[str, str]] = {}
    for one in words.descriptions:
        described.setdefault((one.table, one.column), {})[one.language] = one.text
    body: dict[str, Any] = {"askwell": VERSION}
    if words.instructions:
        body["instructions"] = words.instructions
    body["terms"] = [_term_out(term) for term in words.terms]
    body["descriptions"] = [
        {"table": table, **({"column": column} if column else {}), **dict(sorted(texts.items()))}
        for (table, column), texts in sorted(described.items())
    ]
    body["verified"] = [{"question": one.question, "sql": one.sql} for one in words.verified]
    kept = {name: value for name, value in body.items() if value}
    return str(yaml.dump(kept, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120))


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Texts of several lines as blocks, so that SQL stays readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _term_out(term: Term) -> dict[str, Any]:
    """One term: its words, then what it is bound to."""
    also = {name: list(words) for name, words in (("en", term.en), ("zh", term.zh)) if words}
    bound = {name: getattr(term, name) for name in _BOUND[term.kind] if getattr(term, name)}
    out: dict[str, Any] = {"word": term.word, "is": term.kind.value, "table": term.table, **bound}
    out |= {"also": also} if also else {}
    meaning = {language: text for language, text in sorted(term.meaning.items()) if text}
    return out | ({"meaning": meaning} if meaning else {})


def read(text: str) -> FileWords:
    """The words of a file, with what is wrong with it, by line. Nothing of it is believed but plain texts."""
    if len(text) > LONGEST_FILE:
        raise InvalidInput(problem=Phrase("terms.file_long", {"limit": LONGEST_FILE}))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return FileWords(problems=(Problem(line, "", Phrase("terms.file_unread", {"why": error.problem or ""})),))
    except (yaml.YAMLError, RecursionError):
        return FileWords(problems=(Problem(1, "", Phrase("terms.file_unread", {"why": ""})),))
    return _Reader().whole(root)


class _Refused(Exception):
    """An entry that is none, at a line."""

    def __init__(self, node: yaml.Node, problem: str, **values: object) -> None:
        self.line, self.what = node.start_mark.line + 1, Phrase(f"terms.{problem}", values)


class _Reader:
    """Reads one file, entry by entry; what is wrong with one does not hide the next."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lines: dict[object, int] = {}

    def whole(self, root: yaml.Node | None) -> FileWords:
        try:
            parts = _fields(root, ("askwell",), ("instructions", "terms", "descriptions", "verified"))
            if _scalar(parts["askwell"]) != str(VERSION):
                raise _Refused(parts["askwell"], "file_version", version=VERSION)
            told = _scalar(parts["instructions"]).strip() if "instructions" in parts else None
        except _Refused as refused:
            return FileWords(problems=(Problem(refused.line, "", refused.what),))
        words = Words(
            tuple(self._entries(parts.get("terms"), _term)),
            told,
            tuple(one for many in self._entries(parts.get("descriptions"), _described) for one in many),
            tuple(self._entries(parts.get("verified"), _vouched)),
        )
        return FileWords(words, self.lines, tuple(self.problems))

    def _entries(self, node: yaml.Node | None, read_one: Callable[[yaml.Node], Any]) -> Iterator[Any]:
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.problems.append(Problem(node.start_mark.line + 1, "", Phrase("terms.file_no_list")))
            return
        for entry in node.value:
            try:
                found = read_one(entry)
            except _Refused as refused:
                self.problems.append(Problem(refused.line, _name(entry), refused.what))
                continue
            for key in map(key_of, found if isinstance(found, tuple) else (found,)):
                if key in self.lines:
                    twice = Phrase("terms.file_twice", {"line": self.lines[key]})
                    self.problems.append(Problem(entry.start_mark.line + 1, _name(entry), twice))
                self.lines.setdefault(key, entry.start_mark.line + 1)
            yield found


def key_of(one: Term | Described | Vouched) -> object:
    """What makes an entry the same as one that is kept."""
    if isinstance(one, Term):
        return ("term", one.folded)
    return ("description", one.table, one.column, one.language) if isinstance(one, Described) else (
        "verified", one.question.strip().casefold())  # fmt: skip


def _term(node: yaml.Node) -> Term:
    parts = _fields(
        node, ("word", "is", "table"), ("also", "meaning", "column", "value", "sql", *_BOUND[TermKind.METRIC])
    )
    kind = _scalar(parts["is"])
    if kind not in list(TermKind):
        raise _Refused(parts["is"], "file_no_kind", kind=kind)
    bound = _BOUND[TermKind(kind)]
    for name, part in parts.items():
        if name not in ("word", "is", "table", "also", "meaning", *bound):
            raise _Refused(part, "file_unknown", name=name)
    also = _fields(parts["also"], (), LANGUAGES) if "also" in parts else {}
    meaning = _fields(parts["meaning"], (), LANGUAGES) if "meaning" in parts else {}
    said = {name: _scalar(parts[name]).strip() for name in bound if name in parts}
    term = Term.of(
        None, {"word": _scalar(parts["word"]).strip(), "kind": kind, "table": _scalar(parts["table"]), **said}
    )
    return replace(
        term,
        en=_scalars(also.get("en")),
        zh=_scalars(also.get("zh")),
        meaning={language: _scalar(text).strip() for language, text in meaning.items()},
    )


def _described(node: yaml.Node) -> tuple[Described, ...]:
    parts = _fields(node, ("table",), ("column", *LANGUAGES))
    column = _scalar(parts["column"]) if "column" in parts else ""
    table = _scalar(parts["table"])
    return tuple(Described(table, column, name, _scalar(parts[name]).strip()) for name in LANGUAGES if name in parts)


def _vouched(node: yaml.Node) -> Vouched:
    parts = _fields(node, ("question", "sql"), ())
    return Vouched(_scalar(parts["question"]).strip(), _scalar(parts["sql"]).strip())


def _fields(node: yaml.Node | None, needed: Sequence[str], more: Sequence[str]) -> dict[str, yaml.Node]:
    """The parts of an entry by name; each name once, and none but these."""
    if not isinstance(node, yaml.MappingNode):
        raise _Refused(node or yaml.ScalarNode("", "", yaml.Mark("", 0, 0, 0, None, None)), "file_no_entry")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = _scalar(key)
        if name not in (*needed, *more):
            raise _Refused(key, "file_unknown", name=name)
        if name in found:
            raise _Refused(key, "file_name_twice", name=name)
        found[name] = value
    for name in needed:
        if name not in found:
            raise _Refused(node, "file_missing", name=name)
    return found


def _scalar(node: yaml.Node) -> str:
    """A text; numbers and the like count as they are written."""
    if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
        raise _Refused(node, "file_no_text")
    return str(node.value)


def _scalars(node: yaml.Node | None) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode):
        raise _Refused(node, "file_no_list")
    return tuple(_scalar(item).strip() for item in node.value)


def _name(entry: yaml.Node) -> str:
    """What an entry is called, as far as that can be read."""
    if isinstance(entry, yaml.MappingNode):
        for key, value in entry.value:
            if getattr(key, "value", "") in ("word", "question", "table") and isinstance(value, yaml.ScalarNode):
                return str(value.value)[:80]
    return ""
