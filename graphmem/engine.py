"""The parts of an open memory, in one frozen value that the flows are given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from graphmem.ledger.contracts import Ledger
from graphmem.models.contracts import LLM, Embedder, Extractor
from graphmem.projection import Projection
from graphmem.stores.contracts import GraphStore
from graphmem.values import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphmem.settings import Settings

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


class ClaimReader(Protocol):
    """Reads fact sentences into claims that rules can compare; without one, rules work from triples alone."""

    def claims(self, texts: Sequence[str]) -> tuple[tuple[Claim, ...], ...]:
        """Claims of each text, in order."""
        ...


class OwnerLocks:
    """One lock an owner: two adds for one owner decide one after the other, others do not wait."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[str, tuple[threading.RLock, int]] = {}

    @contextmanager
    def hold(self, owner: str) -> Iterator[None]:
        """Hold the lock of an owner; locks nobody holds are forgotten."""
        with self._guard:
            lock, users = self._held.get(owner, (threading.RLock(), 0))
            self._held[owner] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._held[owner]
                if users == 1:
                    del self._held[owner]
                else:
                    self._held[owner] = (lock, users - 1)


@dataclass(frozen=True)
class Engine:
    """Everything a flow needs. Built by `Memory.open`; tests build it from parts of their own."""

    ledger: Ledger
    projection: Projection
    graph: GraphStore
    embedder: Embedder
    extractor: Extractor | None
    llm: LLM | None
    reader: ClaimReader | None
    clock: Clock
    settings: Settings
    locks: OwnerLocks = field(default_factory=OwnerLocks)
