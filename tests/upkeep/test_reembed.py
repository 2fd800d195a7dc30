"""Another embedding model: refused until asked for, resumed where it stopped, exchanged at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphmem import EmbeddingMismatch, Memory, ModelUnavailable
from graphmem.models.scripted import HashEmbedder
from tests.conftest import Clock
from tests.upkeep.worlds import PLAIN, answers, opened

LARGER = {**PLAIN, "embedding_dimensions": 24}


class Failing:
    """An embedder that counts its texts, and fails before a given one."""

    def __init__(self, fails_at: int = 10**9) -> None:
        self._inner = HashEmbedder(dimensions=24)
        self.fails_at = fails_at
        self.seen: list[str] = []

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def dimensions(self) -> int:
        return 24

    def embed(self, texts: Sequence[str]) -> Any:
        if len(self.seen) + len(texts) > self.fails_at:
            raise ModelUnavailable("down")
        self.seen += texts
        return self._inner.embed(texts)

    def close(self) -> None:
        """Nothing is open."""


def shapes(memory: Memory) -> set[tuple[int, ...]]:
    """Shapes of all vectors of the home, names included."""
    with memory._engine.ledger._database.read() as connection:  # type: ignore[attr-defined]
        blobs = connection.exec_driver_sql("SELECT vector FROM vectors").scalars().all()
    return {np.frombuffer(blob, dtype="<f4").shape for blob in blobs}


def test_a_changed_model_is_refused_with_the_way_out(one: Path, clock: Clock) -> None:
    """Opening says what the home holds, what is set, and which command helps."""
    with pytest.raises(EmbeddingMismatch, match=r"16.*24.*graphmem reembed"):
        opened(one, clock, embedding_dimensions=24)


def test_every_vector_is_exchanged_and_nothing_else(one: Path, clock: Clock) -> None:
    """Facts, messages, windows and names; the state stays, the store follows, the old model is refused."""
    with opened(one, clock, vectors="chroma") as memory:
        memory.rebuild()
        state, before = memory.status(state=True).state, answers(memory)
    report = Memory.reembed(home=one, **{**LARGER, "vectors": "chroma"})
    with opened(one, clock, embedding_dimensions=24, vectors="chroma") as memory:
        after = answers(memory)
        checked = memory.verify()

        assert ({(24,)}, (), state) == (shapes(memory), checked.differences, checked.state)
        assert report.embedded == report.vectors == memory.status().counts["vectors"]
        assert [before[part] for part in (0, 1, 3, 4)] == [after[part] for part in (0, 1, 3, 4)]
    with pytest.raises(EmbeddingMismatch):
        opened(one, clock)


def test_an_interrupted_run_goes_on_where_it_stopped(one: Path, clock: Clock) -> None:
    """Until the exchange the old model works; what is done is not done again, what changed meanwhile is."""
    with pytest.raises(ModelUnavailable):
        Memory.reembed(home=one, **PLAIN | {"embedder": Failing(fails_at=20)})
    with opened(one, clock) as memory:
        fact = memory.list(user_id="bob").items[0]
        memory.update(fact.id, text="Bob works at Initech")
        assert {(16,)} == shapes(memory)
    again = Failing()
    report = Memory.reembed(home=one, **PLAIN | {"embedder": again})
    with opened(one, clock, embedding_dimensions=24) as memory:
        vector = memory._engine.ledger.vectors([(fact.id, "fact")])[fact.id, "fact"]

        assert 0 < report.embedded < report.vectors
        assert "Bob works at Initech" in again.seen
        assert np.allclose(HashEmbedder(dimensions=24).embed(["Bob works at Initech"])[0], vector)
        assert {(24,)} == shapes(memory)


def test_undo_after_the_exchange_brings_back_no_old_vector(one: Path, clock: Clock) -> None:
    """Before-images are freed of vectors; what an undo returns is embedded anew."""
    Memory.reembed(home=one, **LARGER)
    with opened(one, clock, embedding_dimensions=24) as memory:
        fact = memory.list(user_id="bob").items[0]
        report = memory.delete(fact.id)
        memory.undo(str(report.resolution_id))
        old = memory.history(memory.list(user_id="maria").items[0].id)[0]
        memory.undo(str(old.resolution_id))

        assert {(24,)} == shapes(memory)
        assert [] == list(memory._engine.ledger.keeping.without_vector())
        assert () == memory.verify().differences


def test_the_same_model_only_fills_gaps(one: Path, clock: Clock) -> None:
    """Running it again costs nothing; a vector that is missing comes back."""
    with opened(one, clock) as memory, memory._engine.ledger._database.write("test") as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("DELETE FROM vectors WHERE view = 'fact'")
        lost = connection.exec_driver_sql("SELECT count(*) FROM memories").scalar()
    first, second = (Memory.reembed(home=one, **PLAIN) for _ in range(2))

    assert (False, lost, 0) == (first.switched, first.embedded, second.embedded)
