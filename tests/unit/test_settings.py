"""The portal refuses to start on secrets that are missing or known, and says which."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from core.errors import SettingsInvalid
from core.settings import DEMO_PASSWORD, read_settings

SOUND: Mapping[str, object] = {
    "_env_file": None,
    "secret_key": "k" * 32,
    "admin_email": "admin@example.org",
    "admin_password": "a long password",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own environment."""
    for name in ("DEMO", "SECRET_KEY", "ADMIN_EMAIL", "ADMIN_PASSWORD"):
        monkeypatch.delenv(f"ASKWELL_{name}", raising=False)


def test_sound_settings_are_taken() -> None:
    assert read_settings(**SOUND).embedded


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"secret_key": ""}, "ASKWELL_SECRET_KEY"),
        ({"secret_key": "changeme"}, "ASKWELL_SECRET_KEY"),
        ({"secret_key": "too short"}, "ASKWELL_SECRET_KEY"),
        ({"admin_email": ""}, "ASKWELL_ADMIN_EMAIL"),
        ({"admin_password": ""}, "ASKWELL_ADMIN_PASSWORD"),
        ({"admin_password": DEMO_PASSWORD}, "ASKWELL_ADMIN_PASSWORD"),
        ({"admin_password": "short"}, "ASKWELL_ADMIN_PASSWORD"),
        ({"port": "many"}, "ASKWELL_PORT"),
    ],
)
def test_what_is_missing_default_or_wrong_is_named_and_not_shown(given: Mapping[str, object], named: str) -> None:
    with pytest.raises(SettingsInvalid, match=named) as refused:
        read_settings(**{**SOUND, **given})
    assert "k" * 32 not in str(refused.value)
    assert DEMO_PASSWORD not in str(refused.value)


def test_the_key_may_lie_in_a_file_but_not_in_two_places(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert read_settings(**{**SOUND, "secret_key": "", "secret_key_file": file}).secret_key_file == file
    with pytest.raises(SettingsInvalid, match="give one"):
        read_settings(**SOUND, secret_key_file=file)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(_env_file=None)
    for name in ("SECRET_KEY", "ADMIN_EMAIL", "ADMIN_PASSWORD"):
        assert f"ASKWELL_{name}" in str(refused.value)


def test_demo_mode_needs_no_secrets() -> None:
    assert read_settings(_env_file=None, demo=True).demo
