"""Where the database of a question lies in a folder: a SQLite or DuckDB file, or a dump to be loaded."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.connections.schema import Dialect
from core.errors import InvalidInput
from core.i18n import Phrase

ANY = "any"

# What the names of files and folders say about the dialect of what lies in them.
_FILES = {".sqlite": Dialect.SQLITE, ".sqlite3": Dialect.SQLITE, ".db": Dialect.SQLITE, ".duckdb": Dialect.DUCKDB}
_SPELLINGS = {
    "postgres": Dialect.POSTGRES,
    "postgresql": Dialect.POSTGRES,
    "pg": Dialect.POSTGRES,
    "mysql": Dialect.MYSQL,
    "mariadb": Dialect.MYSQL,
    "sqlite": Dialect.SQLITE,
    "sqlite3": Dialect.SQLITE,
    "duckdb": Dialect.DUCKDB,
}
_DUMP = ".sql"
_PREFIXES = ("", "defog_")
_LOADABLE = (Dialect.POSTGRES, Dialect.MYSQL, Dialect.SQLITE)
_PREFERENCE = (Dialect.SQLITE, Dialect.DUCKDB, Dialect.POSTGRES, Dialect.MYSQL)


@dataclass(frozen=True)
class Source:
    """One database as it lies on the disk; `dump` where it is SQL text that has to be loaded first.

    A dump whose dialect nothing tells has None and serves whichever is asked for.
    """

    name: str
    dialect: Dialect | None
    file: Path
    dump: bool


@dataclass(frozen=True)
class Found:
    """The database that a question is about, its dialect settled."""

    name: str
    dialect: Dialect
    file: Path
    dump: bool


@dataclass(frozen=True)
class Shelf:
    """The databases below one folder, found once."""

    folder: Path
    sources: tuple[Source, ...]

    def find(self, name: str, dialect: str) -> Found:
        """The database `name` in `dialect`, or in any where that is "any"; a file is preferred to a dump.

        Raises `InvalidInput` that says what was looked for.
        """
        wished = _PREFERENCE if dialect == ANY else (spoken(dialect),)
        untold = next((one for one in _LOADABLE if one in wished), None)
        candidates = []
        for rank, prefix in enumerate(_PREFIXES):
            for source in (each for each in self.sources if each.name == prefix + name.lower()):
                is_in = source.dialect or untold
                if is_in is not None and is_in in wished:
                    order = (source.dialect is None, wished.index(is_in), source.dump, rank, str(source.file))
                    candidates.append((order, Found(name, is_in, source.file, source.dump)))
        if not candidates:
            looked = ", ".join(name + ending for ending in _endings(wished))
            values = {"name": name, "dialect": dialect, "folder": str(self.folder), "looked": looked}
            raise InvalidInput(problem=Phrase("terminal.no_database", values))
        return min(candidates, key=lambda candidate: candidate[0])[1]


def shelve(folder: Path) -> Shelf:
    """What lies below `folder`, at any depth. Raises `InvalidInput` if it is not a folder."""
    if not folder.is_dir():
        raise InvalidInput(problem=Phrase("terminal.no_folder", {"folder": str(folder)}))
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return Shelf(folder, tuple(source for file in files for source in _sources(folder, file)))


def spoken(dialect: str) -> Dialect:
    """The dialect of this name, in any of its usual spellings. Raises `InvalidInput` that lists the known ones."""
    if dialect not in _SPELLINGS:
        raise InvalidInput(
            problem=Phrase("terminal.unknown_dialect", {"dialect": dialect, "known": ", ".join(Dialect)})
        )
    return _SPELLINGS[dialect]


def _sources(folder: Path, file: Path) -> Iterable[Source]:
    """What this file can be, under its own name and without the dialect that stands at the name's end."""
    ending, stem = file.suffix.lower(), file.stem.lower()
    if ending not in _FILES and ending != _DUMP:
        return
    short, _, last = stem.replace("-", "_").replace(".", "_").rpartition("_")
    dialect = _FILES.get(ending) or _SPELLINGS.get(last) or _of_folder(folder, file)
    yield Source(stem, dialect, file, ending == _DUMP)
    if short and last in _SPELLINGS:
        yield Source(short, dialect, file, ending == _DUMP)


def _of_folder(folder: Path, file: Path) -> Dialect | None:
    """The dialect that the nearest folder above names."""
    above = [folder.absolute().name, *file.relative_to(folder).parts[:-1]]
    return next((_SPELLINGS[part.lower()] for part in reversed(above) if part.lower() in _SPELLINGS), None)


def _endings(dialects: Iterable[Dialect]) -> list[str]:
    files = [ending for ending, dialect in _FILES.items() if dialect in dialects][:1]
    return [*files, *(f".{dialect}{_DUMP}" for dialect in dialects if dialect is not Dialect.DUCKDB)]
