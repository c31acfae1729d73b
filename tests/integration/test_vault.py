"""Secrets at rest: sealed with data keys that the operator's key wraps, in both forms, with keys that come and go."""

import base64
import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from core.errors import SecretUnreadable, SettingsInvalid
from core.portal import Portal, wire
from core.security.operator_keys import derived, keys_of
from core.security.sealed import SEALED
from core.security.vault import Vault, open_vault
from core.settings import Settings
from core.store import tables
from core.store.sessions import Store
from core.store.shape import metadata
from tests.conftest import vault_over

ROW = "connections:7b0c0c2e-0000-4000-8000-000000000001"


def first_form(secret: str, text: str, identity: str) -> str:
    """A secret as the first version sealed it: with the operator's key itself."""
    key, nonce = derived(secret), os.urandom(12)
    sealed = nonce + key.cipher.encrypt(nonce, text.encode(), identity.encode())
    return f"v1.{key.id}.{base64.urlsafe_b64encode(sealed).decode()}"


def test_a_sealed_secret_opens_only_in_its_own_row(store: Store) -> None:
    vault = vault_over(store)
    sealed = vault.seal("hunter2", ROW)
    assert sealed.startswith("v2.")
    assert "hunter2" not in sealed
    assert vault.open(sealed, ROW) == "hunter2"
    for wrong in (f"{ROW}x", "models:1"):
        with pytest.raises(SecretUnreadable):
            vault.open(sealed, wrong)
    assert (vault.seal("", ROW), vault.open("", ROW)) == ("", "")


@pytest.mark.parametrize("broken", ["v2.nokey.AAAA", "v3.x.y", "hunter2", "v2.", "v1.00000000.AAAA"])
def test_what_is_not_a_seal_is_never_taken_for_a_secret(store: Store, broken: str) -> None:
    with pytest.raises(SecretUnreadable):
        vault_over(store).open(broken, ROW)


def test_a_changed_seal_does_not_open(store: Store) -> None:
    vault = vault_over(store)
    form, key, text = vault.seal("hunter2", ROW).split(".")
    raw = bytearray(base64.urlsafe_b64decode(text))
    raw[-1] ^= 1
    with pytest.raises(SecretUnreadable):
        vault.open(f"{form}.{key}.{base64.urlsafe_b64encode(raw).decode()}", ROW)


def test_another_process_with_the_same_key_opens_it_and_one_with_another_key_does_not(store: Store) -> None:
    sealed = vault_over(store, "one key of the operator").seal("hunter2", ROW)
    assert vault_over(store, "one key of the operator").open(sealed, ROW) == "hunter2"
    with pytest.raises(SecretUnreadable):
        vault_over(store, "another key of the operator").open(sealed, ROW)


def test_the_store_holds_neither_secrets_nor_keys(store: Store) -> None:
    vault = vault_over(store)
    vault.seal("hunter2", ROW)
    with store.begin() as connection:
        [key] = vault.data_keys.all(connection)
        raw = vault.data_keys.raw(connection, key.id)
    assert raw is not None
    for form in (raw.hex(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        assert form not in key.wrapped


def test_secrets_of_the_first_form_stay_readable(portal: Portal, store: Store, settings: Settings) -> None:
    row = tables.models.insert().values(name="Old", provider="openai", model="m").returning(tables.models.c.id)
    with store.begin() as connection:
        made = connection.scalar(row)
        sealed = first_form(settings.secret_key.get_secret_value(), "sk-old", f"models:{made}")
        connection.execute(tables.models.update().values(sealed_key=sealed))
    assert open_vault(settings, store).open(sealed, f"models:{made}") == "sk-old"
    other = settings.model_copy(update={"secret_key": SecretStr("a different key, just as long as it must be")})
    with pytest.raises(SettingsInvalid, match="another key"):
        open_vault(other, store)


def test_the_portal_refuses_to_start_on_a_wrong_key_and_names_it(store: Store, settings: Settings) -> None:
    vault = open_vault(settings, store)
    vault.seal("hunter2", ROW)
    secret = settings.secret_key.get_secret_value()
    other = settings.model_copy(update={"secret_key": SecretStr("a different key, just as long as it must be")})
    with pytest.raises(SettingsInvalid, match="ASKWELL_PREVIOUS_SECRET_KEYS") as refused:
        wire(store, other)
    assert derived(secret).id in str(refused.value)
    assert secret not in str(refused.value)
    both = other.model_copy(update={"previous_secret_keys": SecretStr(f"unused key of old, {secret.replace(',', '')}")})
    with pytest.raises(SettingsInvalid):  # a key with a comma in it cannot be given that way
        wire(store, both)
    with store.begin() as connection:
        assert len(vault.data_keys.all(connection)) == 1


def test_a_data_key_that_vanished_stops_the_start(portal: Portal, store: Store, settings: Settings) -> None:
    row = tables.models.insert().values(name="One", provider="openai", model="m").returning(tables.models.c.id)
    with store.begin() as connection:
        made = connection.scalar(row)
    sealed = open_vault(settings, store).seal("sk", f"models:{made}")
    with store.begin() as connection:
        connection.execute(tables.models.update().values(sealed_key=sealed))
        connection.execute(sa.text("DELETE FROM data_keys"))
    with pytest.raises(SettingsInvalid, match="is gone"):
        open_vault(settings, store)


def test_a_key_file_must_be_its_owners_alone_and_is_read_again_for_a_new_key(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("the first key of this operator, long enough\n")
    file.chmod(0o644)
    from_file = settings.model_copy(update={"secret_key": SecretStr(""), "secret_key_file": file})
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        keys_of(from_file)
    file.chmod(0o600)
    running = open_vault(from_file, store)
    sealed = running.seal("hunter2", ROW)
    file.write_text("the second key of this operator, longer yet\nthe first key of this operator, long enough\n")
    rotating = open_vault(from_file, store)
    with store.begin() as connection:
        assert rotating.data_keys.rewrap(connection) == 1
        fresh = rotating.data_keys.make(connection, "secrets")
    again = rotating.seal("hunter3", ROW)
    assert fresh in again
    assert (running.open(sealed, ROW), running.open(again, ROW)) == ("hunter2", "hunter3")
    file.write_text("short\n")
    with pytest.raises(SettingsInvalid, match="shorter"):
        keys_of(from_file)


def test_demo_mode_makes_a_key_once_and_never_a_second_one_over_sealed_secrets(
    store: Store, settings: Settings
) -> None:
    demo = settings.model_copy(update={"demo": True, "secret_key": SecretStr("")})
    sealed = open_vault(demo, store).seal("hunter2", ROW)
    key = demo.data_dir / "demo.key"
    assert key.stat().st_mode & 0o077 == 0
    assert open_vault(demo, store).open(sealed, ROW) == "hunter2"
    key.unlink()
    with pytest.raises(SettingsInvalid, match="missing"):
        open_vault(demo, store)
    assert not key.exists()


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    known = {sealed.where for sealed in SEALED}
    named = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if column.name.startswith("sealed_")
    }
    assert {"connections.sealed_password", "models.sealed_key"} <= known
    assert named == known


def test_what_the_registries_seal_opens_by_the_identity_that_the_rotation_uses(portal: Portal, store: Store) -> None:
    from core.models.book import NewModel
    from core.security.permissions import SYSTEM

    portal.models.connect(SYSTEM, NewModel("One", "openai", "", "m", "sk-secret"))
    [sealed] = [sealed for sealed in SEALED if sealed.where == "models.sealed_key"]
    with store.begin() as connection:
        row = connection.execute(sa.select(tables.models)).mappings().one()
    vault: Vault = open_vault(portal.settings, store)
    assert vault.open(row["sealed_key"], sealed.identity_of(row)) == "sk-secret"
