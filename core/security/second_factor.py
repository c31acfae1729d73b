"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

import hashlib
import hmac
import io
import secrets
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
import segno
import sqlalchemy as sa

from core.clock import Clock
from core.errors import InvalidInput, NotFound
from core.i18n import Phrase
from core.security.audit import Audit
from core.security.people import MOST_FROM_ADDRESS, People, not_oneself
from core.security.permissions import Action, Actor, Role, require
from core.security.sessions import Sessions, SignIn, hash_of
from core.security.throttle import Limit, Throttle
from core.security.vault import Vault
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import sessions
from core.store.tables_people import recovery_codes, second_factors

RECOVERY_CODES = 10
MOST_CODES = 5  # wrong ones of a person within the throttle's window
STEP = 30  # seconds that one code stands for
_ISSUER = "Askwell"
_ENROLLING = timedelta(minutes=30)  # between the picture and the first code
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
_WRONG_CLOCK = 24 * 3600 // STEP  # a code used so far in the future was used by a clock that has been set right


@dataclass(frozen=True)
class Enrolment:
    """What an authenticator app needs. It is read from the store while it is shown, and kept nowhere else."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    def picture(self) -> bytes:
        """The QR code as a PNG."""
        drawn = io.BytesIO()
        segno.make(self.uri, micro=False).save(drawn, kind="png", scale=5, border=3)
        return drawn.getvalue()


@dataclass(frozen=True)
class FactorState:
    """Whether a person has a second factor, since when, and how many recovery codes are left."""

    active: bool
    since: datetime | None = None
    codes_left: int = 0


class SecondFactors:
    """Enrols people, asks for their codes, and lets an administrator start anew for somebody who lost both."""

    def __init__(self, people: People, store: Store, vault: Vault, audit: Audit, settings: Settings, clock: Clock):
        self._people, self._store, self._vault, self._audit = people, store, vault, audit
        self._settings, self._clock = settings, clock
        self._sessions, self._throttle = Sessions(store, audit, settings, clock), Throttle(store, clock)

    def state(self, actor: Actor | None) -> FactorState:
        """One's own second factor."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        left = sa.select(sa.func.count()).where(
            recovery_codes.c.person_id == actor.id, recovery_codes.c.used_at.is_(None)
        )
        query = sa.select(second_factors.c.confirmed_at, left.scalar_subquery().label("left"))
        with self._store.reading() as connection:
            row = connection.execute(query.where(second_factors.c.person_id == actor.id)).first()
        active = row is not None and row.confirmed_at is not None
        return FactorState(active, row.confirmed_at, row.left) if row and active else FactorState(False)

    def begin(self, actor: Actor | None, password: str) -> Enrolment:
        """A new secret for the actor's app; it counts once `confirm` has seen a code of it.

        Whoever has a password gives it. Raises `InvalidInput` for a wrong one, and where there is a factor already.
        """
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        if self._people.me(actor).has_password:
            self._people.confirm_password(actor, password)
        if self.state(actor).active:
            raise InvalidInput(problem=Phrase("people.has_second_factor"))
        with self._store.begin() as connection:
            sealed = self._vault.seal_within(connection, pyotp.random_base32(), _identity(actor.id))
            own = second_factors.c.person_id == actor.id
            connection.execute(second_factors.delete().where(own, second_factors.c.confirmed_at.is_(None)))
            row = {"person_id": actor.id, "created_at": self._clock(), "sealed_secret": sealed}
            connection.execute(second_factors.insert().values(row))
        enrolment = self.enrolling(actor)
        assert enrolment is not None
        return enrolment

    def enrolling(self, actor: Actor | None) -> Enrolment | None:
        """The enrolment that the actor has begun in the last half hour and not confirmed."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        row = self._row(actor.id)
        if row is None or row["confirmed_at"] or row["created_at"] <= self._clock() - _ENROLLING:
            return None
        secret = self._vault.open(row["sealed_secret"], _identity(actor.id))
        name = self._people.me(actor).email
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER))

    def confirm(self, actor: Actor | None, code: str, token: str = "") -> tuple[str, ...]:
        """Ten recovery codes, shown this once: from now on codes of the app are asked for.

        The actor's sessions end but the one of `token`. Raises `InvalidInput` for a wrong code.
        """
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        if self.enrolling(actor) is None:
            raise InvalidInput(problem=Phrase("people.no_second_factor"))
        self._checked(actor.id, code, recovery=False)
        with self._store.begin() as connection:
            own = second_factors.c.person_id == actor.id
            connection.execute(second_factors.update().where(own).values(confirmed_at=self._clock()))
            this = sessions.c.person_id == actor.id, sessions.c.token_hash == hash_of(token)
            connection.execute(sessions.update().where(*this).values(strong=True))
            self._sessions.close(connection, actor.id, token)
            codes = self._new_codes(connection, actor.id)
        self._audit.note(actor, "people.second_factor", change="enrolled")
        return codes

    def renew_codes(self, actor: Actor | None, code: str) -> tuple[str, ...]:
        """Ten new recovery codes instead of those there are. Raises `InvalidInput` for a wrong code."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        self._checked(actor.id, code)
        with self._store.begin() as connection:
            codes = self._new_codes(connection, actor.id)
        self._audit.note(actor, "people.second_factor", change="new recovery codes")
        return codes

    def remove(self, actor: Actor | None, code: str) -> None:
        """Do without a second factor from now on. Raises `InvalidInput` for a wrong code, and where one is a must."""
        require(actor, Action.CHANGE_SELF)
        assert actor is not None
        if self._settings.admins_need_second_factor and actor.role is Role.ADMIN:
            raise InvalidInput(problem=Phrase("people.needs_second_factor"))
        self._checked(actor.id, code)
        self._forget(actor.id)
        self._audit.note(actor, "people.second_factor", change="removed")

    def reset(self, actor: Actor | None, person_id: UUID) -> None:
        """Take another person's second factor away, who has lost it; their sessions end. Raises `NotFound`."""
        require(actor, Action.CHANGE_PEOPLE, person_id)
        not_oneself(actor, person_id)
        if not self._forget(person_id):
            raise NotFound
        with self._store.begin() as connection:
            self._sessions.close(connection, person_id)
        self._audit.note(actor, "people.second_factor", person_id, change="reset")

    def finish(self, token: str, code: str, address: str = "") -> SignIn | None:
        """The whole session for a half one whose code is right; None for a wrong code, and for no such session."""
        row = self._sessions.pending(token)
        if row is None:
            return None
        try:
            self._checked(row["id"], code, address=address)
        except InvalidInput:
            self._audit.note(None, "people.sign_in", row["email"], allowed=False, why="code")
            return None
        self._sessions.sign_out(token)
        return self._sessions.open(row, row["address"], row["agent"], row["way"], pending=False, strong=True)

    def _checked(self, person_id: UUID, code: str, *, recovery: bool = True, address: str = "") -> None:
        """Nothing, if the code is right; it is used up by that. Raises `InvalidInput`, also after too many wrong."""
        own = Limit(f"code:{person_id}", MOST_CODES)
        limits = [own, *([Limit(f"address:{address}", MOST_FROM_ADDRESS)] if address else [])]
        numbers = self._throttle.begin(*limits)
        if numbers is None:
            raise InvalidInput(problem=Phrase("people.too_many_tries"))
        plain = "".join(c for c in unicodedata.normalize("NFKC", code).casefold() if c.isalnum())
        if not (self._use_code(person_id, plain) or (recovery and self._use_recovery(person_id, plain))):
            raise InvalidInput(problem=Phrase("people.wrong_code"))
        self._throttle.right(numbers, own)

    def _use_code(self, person_id: UUID, code: str) -> bool:
        """Whether this is a code of now, of a moment ago or of the next one, later than any that was used."""
        row = self._row(person_id)
        if row is None or len(code) != 6:
            return False
        totp = pyotp.TOTP(self._vault.open(row["sealed_secret"], _identity(person_id)))
        now = int(self._clock().timestamp()) // STEP
        used = row["last_step"] if row["last_step"] < now + _WRONG_CLOCK else 0
        steps = [s for s in (now - 1, now, now + 1) if s > used and _same(totp.generate_otp(s), code)]
        if not steps:
            return False
        theirs = second_factors.c.person_id == person_id, second_factors.c.last_step == row["last_step"]
        with self._store.begin() as connection:  # of two that bring the same code at once, one is too late
            done = connection.execute(second_factors.update().where(*theirs).values(last_step=steps[0]))
        return done.rowcount == 1

    def _use_recovery(self, person_id: UUID, code: str) -> bool:
        used = recovery_codes.update().where(
            recovery_codes.c.person_id == person_id,
            recovery_codes.c.code_hash == _code_hash(person_id, code),
            recovery_codes.c.used_at.is_(None),
        )
        with self._store.begin() as connection:
            return connection.execute(used.values(used_at=self._clock())).rowcount == 1

    def _new_codes(self, connection: sa.Connection, person_id: UUID) -> tuple[str, ...]:
        codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
        rows = [{"person_id": person_id, "code_hash": _code_hash(person_id, code)} for code in codes]
        connection.execute(recovery_codes.delete().where(recovery_codes.c.person_id == person_id))
        connection.execute(recovery_codes.insert(), rows)
        return tuple("-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes)

    def _forget(self, person_id: UUID) -> bool:
        with self._store.begin() as connection:
            connection.execute(recovery_codes.delete().where(recovery_codes.c.person_id == person_id))
            gone = connection.execute(second_factors.delete().where(second_factors.c.person_id == person_id))
        return gone.rowcount == 1

    def _row(self, person_id: UUID) -> "sa.RowMapping | None":
        query = sa.select(second_factors).where(second_factors.c.person_id == person_id)
        with self._store.reading() as connection:
            return connection.execute(query).mappings().first()


def _identity(person_id: UUID) -> str:
    return f"second_factors:{person_id}"


def _code_hash(person_id: UUID, code: str) -> bytes:
    """What is kept of a recovery code: it has 79 bits of chance, so one round of SHA-256 gives nothing away."""
    return hashlib.sha256(f"{person_id} {code}".encode()).digest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
