"""Keys change while the portal runs: every secret opens at every moment, and an interrupted rotation goes on."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.errors import InvalidInput, SettingsInvalid
from core.security.audit import Audit
from core.security.operator_keys import OperatorKeys, derived
from core.security.permissions import SYSTEM
from core.security.rotation import Rotation
from core.security.sealed import uses
from core.security.vault import Vault, open_vault
from core.security.witness import Witness
from core.settings import Settings
from core.store.sessions import Store
from core.store.tables import models
from core.store.tables_vault import data_keys
from tests.conftest import audit_over, vault_over
from tests.integration.test_vault import first_form

ROOT = Path(__file__).parents[2]


def fill(store: Store, vault: Vault, number: int) -> dict[UUID, str]:
    """So many models with a secret each; gives the secrets."""
    secrets = {uuid4(): f"secret {place}" for place in range(number)}
    with store.begin() as connection:
        rows = [
            {
                "id": row, "name": str(row), "provider": "openai", "model": "m",
                "sealed_key": vault.seal_within(connection, text, f"models:{row}"),
            }
            for row, text in secrets.items()
        ]  # fmt: skip
        connection.execute(models.insert(), rows)
    return secrets


def opened(store: Store, vault: Vault) -> dict[UUID, str]:
    """Every secret as a portal with this vault reads it."""
    with store.begin() as connection:
        rows = connection.execute(sa.select(models.c.id, models.c.sealed_key)).all()
    return {row: vault.open(sealed, f"models:{row}") for row, sealed in rows}


def age(store: Store) -> None:
    """As if every key had been made two hours ago."""
    with store.begin() as connection:
        connection.execute(
            sa.update(data_keys).values(created_at=data_keys.c.created_at - sa.text("interval '2 hours'"))
        )


def test_a_rotation_seals_everything_anew_while_a_portal_runs(store: Store) -> None:
    running, rotating = vault_over(store), vault_over(store)
    secrets = fill(store, running, 250)
    trail = audit_over(store)
    trail.note(SYSTEM, "people.sign_in")
    done = Rotation(store, rotating, Witness()).run()
    assert (done.resealed, done.uses, done.unreadable) == (250, {f"v2.{done.current}": 250}, ())
    assert opened(store, running) == secrets
    assert running.seal("later", "models:x").startswith(f"v2.{done.current}.")
    trail.note(SYSTEM, "people.sign_in")
    assert trail.verify(SYSTEM).ok
    with store.begin() as connection:
        assert len(set(connection.scalars(sa.text("SELECT key_id FROM audit")))) == 2


def test_an_old_data_key_goes_only_when_nothing_uses_it_and_some_time_has_passed(store: Store) -> None:
    vault = vault_over(store)
    fill(store, vault, 3)
    first = Rotation(store, vault, Witness()).run()
    assert (first.removed, len(first.kept)) == ((), 4)  # two for secrets, two for the trail
    age(store)
    trail = audit_over(store)
    trail.note(SYSTEM, "people.sign_in")
    second = Rotation(store, vault, Witness()).run()
    assert second.resealed == 3
    age(store)
    third = Rotation(store, vault, Witness()).run()
    assert set(third.removed) >= {first.current}
    assert opened(store, vault_over(store)).keys()
    assert trail.verify(SYSTEM).ok


def test_another_key_of_the_operator_wraps_the_same_data_keys(store: Store) -> None:
    old, new = "the old key of this operator", "the new key of this operator"
    running = vault_over(store, old)
    secrets = fill(store, running, 5)
    identity = f"models:{next(iter(secrets))}"
    with store.begin() as connection:
        first = {"sealed_key": first_form(old, next(iter(secrets.values())), identity)}
        connection.execute(models.update().where(models.c.id == next(iter(secrets))).values(first))
    both = Vault(OperatorKeys(lambda: (new, old)), store)
    assert opened(store, both) == secrets
    done = Rotation(store, both, Witness()).run(wrapping_only=True)
    assert (done.resealed, done.rewrapped) == (1, 1)
    assert (done.removable, done.needed) == ((derived(old).id,), ())
    assert opened(store, vault_over(store, new)) == secrets
    assert opened(store, running) == secrets  # it has the data keys in memory


def test_an_operators_key_that_is_still_needed_is_said_and_its_absence_stops_the_rotation(store: Store) -> None:
    old, new = "the old key of this operator", "the new key of this operator"
    fill(store, vault_over(store, old), 2)
    with pytest.raises(SettingsInvalid, match="needed"):
        Rotation(store, vault_over(store, new), Witness()).run()


def test_secrets_nobody_can_open_are_named_and_left_alone(store: Store) -> None:
    vault = vault_over(store)
    secrets = fill(store, vault, 3)
    moved, other = list(secrets)[:2]
    with store.begin() as connection:
        sealed = connection.scalar(sa.select(models.c.sealed_key).where(models.c.id == other))
        connection.execute(models.update().where(models.c.id == moved).values(sealed_key=sealed))
    done = Rotation(store, vault, Witness()).run()
    assert (done.resealed, done.unreadable) == (2, (f"models:{moved}",))
    with store.begin() as connection:
        assert connection.scalar(sa.select(models.c.sealed_key).where(models.c.id == moved)) == sealed


def test_lost_keys_can_be_given_up(store: Store, settings: Settings) -> None:
    fill(store, vault_over(store, "a key that is lost"), 4)
    lost = Audit(store, vault_over(store, "a key that is lost"))
    lost.note(SYSTEM, "people.sign_in")
    with pytest.raises(SettingsInvalid):
        open_vault(settings, store)
    with store.begin() as connection:
        assert Vault(OperatorKeys(lambda: (settings.secret_key.get_secret_value(),)), store).give_up(connection) == 4
    vault = open_vault(settings, store)
    assert vault.open(vault.seal("new", "models:1"), "models:1") == "new"
    trail = Audit(store, vault)
    trail.note(SYSTEM, "people.sign_in")
    assert trail.verify(SYSTEM).problem == "no_key"
    assert opened(store, vault_over(store, "a key that is lost")).keys()  # it comes back with its key


def test_two_rotations_do_not_run_at_once(store: Store) -> None:
    rotation = Rotation(store, vault_over(store), Witness())
    with rotation._alone(), pytest.raises(InvalidInput, match="running"):
        rotation.run()


def test_what_is_sealed_meanwhile_is_rotated_too(store: Store) -> None:
    vault = vault_over(store)
    fill(store, vault, 300)
    late = threading.Event()

    def watch(_: int) -> None:
        if not late.is_set():
            late.set()
            with store.begin() as connection:
                old = next(key.id for key in vault.data_keys.all(connection) if key.purpose == "secrets")
                raw = vault.data_keys.raw(connection, old)
                assert raw is not None
            # A portal that had chosen its key before the rotation began, and writes only now.
            row = uuid4()
            sealed = sealed_with(raw, old, "late", f"models:{row}")
            with store.begin() as connection:
                given = {"id": row, "name": "late", "provider": "openai", "model": "m", "sealed_key": sealed}
                connection.execute(models.insert().values(given))

    done = Rotation(store, vault, Witness()).run(watch=watch)
    assert (done.resealed, len(done.uses)) == (301, 1)


def sealed_with(raw: bytes, key_id: str, text: str, identity: str) -> str:
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    sealed = nonce + AESGCM(raw).encrypt(nonce, text.encode(), identity.encode())
    return f"v2.{key_id}.{urlsafe_b64encode(sealed).decode()}"


def test_a_rotation_killed_at_any_moment_goes_on_and_loses_nothing(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    vault = open_vault(settings, store)
    secrets = fill(store, vault, 2_000)
    environment = {
        **os.environ,
        "ASKWELL_SECRET_KEY": settings.secret_key.get_secret_value(),
        "ASKWELL_ADMIN_EMAIL": settings.admin_email,
        "ASKWELL_ADMIN_PASSWORD": settings.admin_password.get_secret_value(),
        "ASKWELL_DATABASE_URL": store.url,
        "ASKWELL_DATA_DIR": str(tmp_path / "data"),
    }
    command = [sys.executable, "-m", "core", "rotate-key", "--json"]
    for number in range(4):
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until_it_rotates(store, child)
        time.sleep(0.03 * number)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        assert opened(store, open_vault(settings, store)) == secrets
        assert opened(store, vault) == secrets
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    done = json.loads(ended.stdout)
    with store.begin() as connection:
        assert dict(uses(connection)) == done["uses"] == {f"v2.{done['current']}": 2_000}
    assert opened(store, vault) == secrets
    wrong = {**environment, "ASKWELL_SECRET_KEY": "somebody else's key, just as long as it must be"}
    refused = subprocess.run(command, cwd=ROOT, env=wrong, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "sealed with another key" in refused.stderr
    assert "somebody else" not in refused.stderr
    verify = subprocess.run(
        [*command[:3], "audit", "verify", "--json"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert (verify.returncode, json.loads(verify.stdout)["ok"]) == (0, True)
    with store.begin() as connection:
        connection.execute(sa.text("SET LOCAL askwell.trail = 'erasing'"))
        connection.execute(sa.text("UPDATE audit SET actor = 'Eve' WHERE id = 1"))
    broken = subprocess.run(
        [*command[:3], "audit", "verify", "--json"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert (broken.returncode, json.loads(broken.stdout)["row"]) == (3, 1)


def wait_until_it_rotates(store: Store, child: "subprocess.Popen[bytes]") -> None:
    """Come back when the child holds the rotation's lock, or has ended."""
    held = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :low AND objsubid = 1")
    while child.poll() is None:
        with store.reading() as connection:
            if connection.scalar(held, {"low": 4_027_186_554}):
                return
        time.sleep(0.005)


def test_the_settings_say_which_keys_there_are(settings: Settings) -> None:
    shown = repr(settings.model_copy(update={"previous_secret_keys": SecretStr("an old key")}))
    assert "an old key" not in shown
    assert settings.secret_key.get_secret_value() not in shown
