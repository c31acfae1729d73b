"""What calls cost."""

from decimal import Decimal

import pytest

from core.models.budgets import price_of
from core.models.listening import Tokens, rough_tokens


def test_a_price_that_was_given_wins_over_the_list() -> None:
    price = price_of("openai", "gpt-5.5", False, Decimal(1), Decimal(2))
    assert price.cost(Tokens(1_000_000, 500_000)) == Decimal(2)
    assert price.shown == (Decimal(1), Decimal(2))


def test_a_listed_model_is_priced_from_the_table_with_its_cached_tokens_cheaper() -> None:
    price = price_of("openai", "gpt-5.5", False, None, None)
    fresh, cached = price.cost(Tokens(1000, 0)), price.cost(Tokens(1000, 0, cached=1000))
    assert fresh
    assert cached
    assert 0 < cached < fresh
    assert all(price.shown)


@pytest.mark.parametrize(
    ("provider", "model"), [("compatible", "gpt-5.5"), ("openai", "no-such-model"), ("qwen", "qwen-plus")]
)
def test_a_price_nobody_knows_is_none_and_not_zero(provider: str, model: str) -> None:
    price = price_of(provider, model, False, None, None)
    assert price.cost(Tokens(1000, 1000)) is None
    assert price.shown == (None, None)


def test_ones_own_hardware_costs_nothing() -> None:
    price = price_of("ollama", "qwen3:8b", True, None, None)
    assert price.cost(Tokens(1000, 1000)) == 0
    assert price.cost(Tokens(1000, 1000, reported=False)) == 0


def test_what_was_not_reported_is_counted_roughly_and_charged_not_at_all() -> None:
    price = price_of("compatible", "m", False, Decimal(1), Decimal(2))
    assert price.cost(Tokens(1000, 1000, reported=False)) is None
    assert rough_tokens("four letters a token") == 5
    assert rough_tokens("上个月的销售额") == 5
    assert rough_tokens("") == 0
