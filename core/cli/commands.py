"""Every command with its options, and the door where errors become one plain sentence and an exit code.

Nothing heavy is imported here: `guard` must answer a program at once, without a database, a model or a page.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.errors import AskwellError, InvalidInput, SettingsInvalid
from core.i18n import LANGUAGES, Words

if TYPE_CHECKING:
    from typer.core import TyperGroup

_log = logging.getLogger(__name__)
FAILED, MISUSED = 1, 2

terminal = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None
)
user = typer.Typer(no_args_is_help=True)
terminal.add_typer(user, name="user")
audit = typer.Typer(no_args_is_help=True)
terminal.add_typer(audit, name="audit")

Json = Annotated[bool, typer.Option("--json")]
Rung = Annotated[str, typer.Option("--rung")]
Model = Annotated[str, typer.Option("--model")]


@terminal.command()
def serve(
    port: Annotated[int | None, typer.Option(min=0, max=65535)] = None,
    host: Annotated[str, typer.Option()] = "",
) -> None:
    from core.cli.serving import serve as run

    run(host, port)


@terminal.command()
def ask(
    question: Annotated[str, typer.Argument()],
    connection: Annotated[str, typer.Option("--connection")],
    rung: Rung = "",
    model: Model = "",
    as_json: Json = False,
) -> None:
    from core.cli.asking import ask as run

    raise typer.Exit(run(question, connection, rung, model, as_json))


@terminal.command()
def connect(
    url: Annotated[str, typer.Argument()],
    name: Annotated[str, typer.Option("--name")],
    accept_powers: Annotated[bool, typer.Option("--accept-powers")] = False,
) -> None:
    from core.cli.connecting import connect as run

    run(url, name, accept_powers)


@terminal.command()
def index(name: Annotated[str, typer.Argument()]) -> None:
    from core.cli.connecting import index as run

    run(name)


@user.command("add")
def add_user(
    email: Annotated[str, typer.Argument()],
    role: Annotated[str, typer.Option("--role")] = "viewer",
    name: Annotated[str, typer.Option("--name")] = "",
) -> None:
    from core.cli.connecting import add_user as run

    run(email, role, name)


@terminal.command()
def guard(
    dialect: Annotated[str, typer.Option("--dialect")],
    connection: Annotated[str, typer.Option("--connection")] = "",
) -> None:
    from core.cli.guarding import guard as run

    run(dialect, connection, sys.stdin.buffer, sys.stdout)


@terminal.command()
def evaluate(
    questions: Annotated[Path, typer.Argument()],
    databases: Annotated[Path, typer.Option("--databases")],
    rung: Rung = "",
    model: Model = "",
    limit: Annotated[int | None, typer.Option("--limit", min=1)] = None,
    workers: Annotated[int, typer.Option("--workers", min=1)] = 1,
    details: Annotated[Path | None, typer.Option("--details")] = None,
    as_json: Json = False,
) -> None:
    from core.cli.evaluating import Wish
    from core.cli.evaluating import evaluate as run

    run(Wish(questions, databases, rung, model, limit, workers, details, as_json))


@terminal.command()
def permissions() -> None:
    from core.security.permission_page import permission_page

    print(permission_page(), end="")


@terminal.command()
def bench(
    name: Annotated[str, typer.Argument()],
    shared: Annotated[Path | None, typer.Option("--shared")] = None,
    as_json: Json = False,
) -> None:
    from core.cli.benching import bench as run

    run(name, as_json, shared)


@terminal.command("rotate-key")
def rotate_key(
    wrapping: Annotated[bool, typer.Option("--wrapping")] = False,
    lost: Annotated[bool, typer.Option("--lost")] = False,
    as_json: Json = False,
) -> None:
    from core.cli.keeping import rotate_key as run

    run(wrapping, lost, as_json)


@audit.command("verify")
def verify_audit(head: Annotated[str, typer.Option("--head")] = "", as_json: Json = False) -> None:
    from core.cli.keeping import verify_audit as run

    raise typer.Exit(run(head, as_json))


@audit.command("let-go")
def let_go(days: Annotated[int, typer.Option("--days", min=0)] = 0) -> None:
    from core.cli.keeping import let_go as run

    run(days)


@terminal.command()
def backup(file: Annotated[Path, typer.Argument()], as_json: Json = False) -> None:
    from core.cli.keeping_all import back_up as run

    run(file, as_json)


@terminal.command()
def restore(
    file: Annotated[Path, typer.Argument()],
    replace: Annotated[bool, typer.Option("--replace")] = False,
    as_json: Json = False,
) -> None:
    from core.cli.keeping_all import bring_back as run

    run(file, replace, as_json)


def main(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code: 0 done, 1 it failed, 2 it was called wrongly."""
    words = Words(_language(arguments))
    try:
        _worded(terminal, words)(args=list(arguments), prog_name="python -m core")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except AskwellError as error:
        print(words.say(error.key, **error.values), file=sys.stderr)
        if error.detail:
            print(error.detail, file=sys.stderr)
        return MISUSED if isinstance(error, InvalidInput | SettingsInvalid) else FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return FAILED
    except Exception as error:  # noqa: BLE001  (the outermost door)
        from core.observability import configure_logging

        configure_logging(_setting("log_level", "INFO"))
        _log.debug("the command broke", exc_info=True)
        print(words.say("terminal.broke", what=type(error).__name__), file=sys.stderr)
        return FAILED
    return 0


def _language(arguments: Sequence[str]) -> str:
    """What the terminal speaks. Programs read `guard`, which therefore has one language and reads no settings."""
    return LANGUAGES[0] if arguments[:1] == ["guard"] else _setting("language", LANGUAGES[0])


def _setting(name: str, otherwise: str) -> str:
    """One setting, also where others are missing or wrong."""
    from core.settings import Settings

    nothing: dict[str, Any] = {}
    try:
        return str(getattr(Settings(**nothing), name))
    except ValueError:
        return otherwise


def _worded(app: typer.Typer, words: Words) -> "TyperGroup":
    """The command with its help in the reader's language: `terminal.help_<command>`, `terminal.option_<name>`."""
    group: Any = typer.main.get_command(app)
    waiting = [("terminal", group)]
    while waiting:
        name, command = waiting.pop()
        command.help = command.short_help = words.say(f"terminal.help_{name}")
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                parameter.metavar = parameter.name.upper()
            if parameter.name != "help":
                parameter.help = words.say(f"terminal.option_{parameter.name}")
        waiting += [(inner.replace("-", "_"), child) for inner, child in getattr(command, "commands", {}).items()]
    return group  # type: ignore[no-any-return]
