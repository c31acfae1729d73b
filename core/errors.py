"""Every error a person can meet, in one tree.

    AskwellError
    ├── SettingsInvalid           the portal refuses to start
    ├── SecretUnreadable          a stored password or key cannot be opened any more
    ├── NotAllowed                the actor may not do this
    ├── NotFound                  no such thing, or not for this actor
    ├── InvalidInput              what was given cannot be used
    ├── TooMany                   this often is too often
    ├── StoreUnreachable          the portal's own PostgreSQL is away
    ├── ConnectionFailed          a user's database cannot be reached or opened
    │   └── ConnectionRests       it failed again and again, and is left alone for some seconds
    ├── QueryRefused              the guard said no
    ├── QueryFailed               the database said no
    │   ├── QueryTimedOut         it took too long
    │   ├── QueryLost             the line to it broke meanwhile
    │   ├── LimitedQueryFailed    of one that was limited to what its actor may see
    │   └── QueryCancelled        a person stopped it
    ├── Stopped                   a person stopped the question between two steps
    ├── BudgetSpent               no money left for a model
    └── ModelUnavailable          a language model could not help
        ├── NoModel               none is set up
        ├── ModelRateLimited      429
        ├── ModelTimedOut         no answer in time
        ├── ModelRejectedKey      401 or 403
        ├── ModelTooSmall         what it was told did not fit
        └── ModelBroken           garbage, a cut stream, 5xx

The docstring is the English message a person sees and says what to do next; `key` names the same message in
`core/i18n`, and a value may be a `Phrase` of it. `detail` is technical text for a folded box: never a secret, never
a stack trace.
"""

import re


class AskwellError(Exception):
    """Something went wrong. Try again; if it happens again, tell your administrator."""

    key: str = "errors.askwell_error"

    def __init_subclass__(cls) -> None:
        cls.key = "errors." + re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, detail: str = "", **values: object) -> None:
        super().__init__(detail or (self.__doc__ or "").strip().format_map(_Shown(values)))
        self.detail = detail
        self.values = values


class _Shown(dict[str, object]):
    """Values for a message; one that is missing shows its own name instead of failing."""

    def __missing__(self, key: str) -> str:
        return key


class SettingsInvalid(AskwellError):
    """The portal cannot start: {problem}"""


class SecretUnreadable(AskwellError):
    """A stored password or key can no longer be opened: the key it was sealed with is gone. Enter it again."""


class NotAllowed(AskwellError):
    """You may not do this. Ask your administrator if you need it."""


class NotFound(AskwellError):
    """This does not exist, or it is not shared with you."""


class InvalidInput(AskwellError):
    """{problem}"""


class TooMany(AskwellError):
    """This was done too often in a short time. Try again in {n} seconds."""


class StoreUnreachable(AskwellError):
    """The portal's own database does not answer. Nothing was lost; try again in a moment."""


class ConnectionFailed(AskwellError):
    """The database could not be reached. Check its address and sign-in on the Connections page."""


class ConnectionRests(ConnectionFailed):
    """The database did not answer three times in a row. It is asked again in {seconds} seconds at the latest."""


class QueryRefused(AskwellError):
    """This SQL was not run: {reason}"""


class QueryFailed(AskwellError):
    """The database could not run this query."""


class QueryTimedOut(QueryFailed):
    """The database needed more than {seconds} seconds, so the query was stopped. Ask for less, or a shorter period."""


class QueryLost(QueryFailed):
    """The connection to the database broke while this query ran. Ask again."""


class LimitedQueryFailed(QueryFailed):
    """The database could not run this query on the rows and columns that you may see. Write it in another way."""


class QueryCancelled(QueryFailed):
    """Stopped, as you asked."""


class Stopped(AskwellError):
    """Stopped, as you asked."""


class BudgetSpent(AskwellError):
    """The budget for language models is spent. Simple questions are still answered."""


class ModelUnavailable(AskwellError):
    """The language model could not help. Try again, or choose another model."""


class NoModel(ModelUnavailable):
    """No language model is set up. An administrator can add one on the Models page; simple questions need none."""


class ModelRateLimited(ModelUnavailable):
    """The language model is busy. Try again in a minute, or choose another model."""


class ModelTimedOut(ModelUnavailable):
    """The language model did not answer in time. Try again, or choose another model."""


class ModelRejectedKey(ModelUnavailable):
    """The language model did not accept the key. Check it on the Models page."""


class ModelTooSmall(ModelUnavailable):
    """The question and what the model must know about the data are too long for it. Choose a model that reads more."""


class ModelBroken(ModelUnavailable):
    """The language model's answer was cut off or could not be read. Try again, or choose another model."""
