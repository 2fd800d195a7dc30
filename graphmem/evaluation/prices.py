"""What models cost. A table to be checked, not a promise: prices change; `--price` and this file say what is reckoned.

Dollars for a million tokens, asked and answered, as the providers listed them in the middle of 2025, without discounts
for batches or cached prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from graphmem.errors import ConfigError, InputError


class Price(NamedTuple):
    """Dollars for a million tokens."""

    asked: float
    answered: float = 0.0


PRICES: Mapping[str, Price] = {
    "gpt-4o-mini": Price(0.15, 0.60),
    "gpt-4o": Price(2.50, 10.00),
    "gpt-4.1-nano": Price(0.10, 0.40),
    "gpt-4.1-mini": Price(0.40, 1.60),
    "gpt-4.1": Price(2.00, 8.00),
    "gpt-5-nano": Price(0.05, 0.40),
    "gpt-5-mini": Price(0.25, 2.00),
    "gpt-5": Price(1.25, 10.00),
    "o4-mini": Price(1.10, 4.40),
    "text-embedding-3-small": Price(0.02),
    "text-embedding-3-large": Price(0.13),
    "claude-3-5-haiku": Price(0.80, 4.00),
    "claude-sonnet-4": Price(3.00, 15.00),
    "gemini-2.0-flash": Price(0.10, 0.40),
    "gemini-2.5-flash": Price(0.30, 2.50),
    "deepseek-chat": Price(0.27, 1.10),
}
_MILLION = 1_000_000


class Prices:
    """The table, with prices of one's own in front."""

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._known = {**PRICES, **(own or {})}

    def of(self, model: str) -> Price | None:
        """The price of a model; a dated name such as gpt-4o-mini-2024-07-18 has that of the longest name it begins
        with.
        """
        if model in self._known:
            return self._known[model]
        begins = [name for name in self._known if model.startswith(f"{name}-2")]
        return self._known[max(begins, key=len)] if begins else None

    def dollars(self, model: str, asked: int, answered: int = 0) -> float | None:
        """What tokens cost; None when the price is not known."""
        price = self.of(model)
        return None if price is None else (asked * price.asked + answered * price.answered) / _MILLION

    def require(self, models: Iterable[str]) -> None:
        """Raises ConfigError for the first model without a price."""
        for model in models:
            if self.of(model) is None:
                raise ConfigError(
                    f"The price of the model {model!r} is not known.",
                    advice=f"Give it, in dollars for a million tokens asked and answered: --price {model}=0.15/0.60",
                )


def parse(written: str) -> tuple[str, Price]:
    """`MODEL=ASKED/ANSWERED`, or `MODEL=ASKED` for an embedder. Raises InputError."""
    model, found, amounts = written.rpartition("=")
    parts = amounts.split("/")
    try:
        price = Price(*map(float, parts)) if found and model and len(parts) <= 2 else None
    except ValueError:
        price = None
    if price is None or min(price) < 0:
        raise InputError(
            "--price", f"{written!r} is not MODEL=ASKED/ANSWERED.", advice="For example gpt-4o-mini=0.15/0.60"
        )
    return model, price
