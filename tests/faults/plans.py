"""A plan of faults: what each request to a model, and each write to the vector store, comes to.

The same seed gives the same plan. A fault may come before an effect (nothing happened) or after it (it happened, and
the answer was lost); the caller cannot tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from graphmem.errors import StoreUnavailable
from tests.stub_server import Answer

TIMEOUT = 0.15
"""Seconds that the client waits in these tests."""
MODEL_FAULTS: tuple[Callable[[], Answer], ...] = (
    lambda: Answer(status=429, headers={"retry-after": "0"}, error="slow down"),
    lambda: Answer(status=429, headers={"retry-after-ms": "1"}, error="slow down"),
    lambda: Answer(status=500, error="it broke"),
    lambda: Answer(status=503, headers={"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, error="overloaded"),
    lambda: Answer(raw=b"<html>garbage</html>"),
    lambda: Answer(raw=b'{"choices": [{"message": {"content": "'),
    lambda: Answer("Sorry, not now."),
    lambda: Answer("", finish_reason="length"),
    lambda: Answer("{}", delay=TIMEOUT * 2),
    lambda: Answer('{"facts": [{"text":', delay=0.01),
)


class Plan:
    """Decides one request after the other; `well()` ends all faults."""

    def __init__(self, seed: int, often: float = 0.4) -> None:
        self._dice = random.Random(seed)
        self.often = often
        self.faults = 0

    def strikes(self) -> bool:
        """Whether the next step goes wrong."""
        struck = self._dice.random() < self.often
        self.faults += struck
        return struck

    def model(self, answer: Callable[[Any], str]) -> Callable[[Any], str | Answer]:
        """A model that answers like `answer`, when it does."""
        return lambda body: self._dice.choice(MODEL_FAULTS)() if self.strikes() else answer(body)

    def well(self) -> None:
        """From here on nothing goes wrong."""
        self.often = 0.0

    def store(self, store: Any) -> Any:
        """A vector store that fails before or after what it does."""
        return FaultyStore(store, self, self._dice)


class FaultyStore:
    """Passes everything on; `upsert` and `remove` may raise StoreUnavailable before or after their effect."""

    def __init__(self, store: Any, plan: Plan, dice: random.Random) -> None:
        self._store, self._plan, self._dice = store, plan, dice

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._store, name)
        if name not in {"upsert", "remove"}:
            return inner

        def faulty(*given: Any) -> None:
            struck = self._plan.strikes()
            if not struck or self._dice.random() < 0.5:
                # A part of a batch is an effect, too.
                inner(*((given[0][: len(given[0]) // 2],) if struck and self._dice.random() < 0.5 else given))
            if struck:
                raise StoreUnavailable("The store was told to fail.", advice="Try again.")

        return faulty
