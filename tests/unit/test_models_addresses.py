"""Addresses of models: what is made clean, what is refused."""

import pytest

from core.errors import InvalidInput
from core.models.addresses import clean_address
from core.models.providers import PROVIDERS
from core.security.networks import leads_to_metadata


@pytest.mark.parametrize(
    ("provider", "pasted", "clean"),
    [
        ("compatible", " https://models.example.com/v1/ ", "https://models.example.com/v1"),
        ("compatible", "https://models.example.com/v1/chat/completions", "https://models.example.com/v1"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
        ("anthropic", "https://api.anthropic.com/v1", "https://api.anthropic.com"),
        ("ollama", "http://localhost:11434/api/chat", "http://localhost:11434"),
        ("ollama", "http://10.1.2.3:11434/v1/", "http://10.1.2.3:11434"),
        ("compatible", "http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_an_address_may_be_pasted_as_it_stands_in_a_manual(provider: str, pasted: str, clean: str) -> None:
    assert clean_address(pasted, PROVIDERS[provider].endings) == clean


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("", "address_needed"),
        ("models.example.com", "address_scheme"),
        ("ftp://models.example.com", "address_scheme"),
        ("file:///etc/passwd", "address_scheme"),
        ("http://", "address_scheme"),
        ("http://host:99999/v1", "address_scheme"),
        ("http://ho st/v1", "address_scheme"),
        ("http://host/v1\r\nX-Evil: 1", "address_scheme"),
        ("https://user:secret@models.example.com/v1", "address_extras"),
        ("https://models.example.com/v1?key=secret", "address_extras"),
        ("https://models.example.com/v1#x", "address_extras"),
        ("http://169.254.169.254/latest", "address_forbidden"),
        ("http://[fe80::1]/v1", "address_forbidden"),
        ("http://[::ffff:169.254.169.254]/v1", "address_forbidden"),
        ("http://[fd00:ec2::254]/v1", "address_forbidden"),
        ("http://metadata.google.internal/v1", "address_forbidden"),
        ("http://2852039166/v1", "address_forbidden"),
        ("http://0xa9fea9fe/v1", "address_forbidden"),
        ("http://0251.0376.0251.0376/v1", "address_forbidden"),
        ("http://169.254.43518/v1", "address_forbidden"),
        ("http://169.254.169.254./v1", "address_forbidden"),
        ("http://[64:ff9b::a9fe:a9fe]/v1", "address_forbidden"),
        ("http://[2002:a9fe:a9fe::]/v1", "address_forbidden"),
    ],
)
def test_an_address_that_cannot_be_a_model_is_refused(address: str, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_address(address)
    assert refused.value.values["problem"].key == f"models_core.{key}"  # type: ignore[attr-defined]
    assert "secret" not in str(refused.value)


def test_private_networks_may_hold_models() -> None:
    assert not any(leads_to_metadata(host) for host in ("127.0.0.1", "10.0.0.5", "192.168.1.2", "::1", "models.lan"))
