"""The vectors of adds reach Chroma in groups; nothing is missed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from graphmem import Memory, projection
from graphmem.errors import StoreUnavailable
from graphmem.stores.contracts import VectorItem
from tests.flows.conftest import Opener


def waiting(memory: Memory) -> int:
    """Writes that Chroma has not seen."""
    return memory.status().pending


def test_vectors_of_adds_go_to_the_store_in_groups(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """One write for several adds, which searches do not notice; then nothing waits."""
    monkeypatch.setattr(projection, "GROUP", 20)
    memory = opened(vectors="chroma")
    seen: list[int] = []
    for number in range(8):
        assert memory.add(f"Ann knows Bob{number}", user_id="u").projected
        assert f"Bob{number}" in memory.search(f"Bob{number}", user_id="u", include=["fact"]).hits[0].text
        seen.append(waiting(memory))

    assert 0 in seen[1:]
    assert max(seen) < 20
    assert seen[0] > 0


def test_nothing_waits_after_a_close_or_a_delete(opened: Opener) -> None:
    """A close writes the rest, and what is deleted is gone from the store at once."""
    with opened(vectors="chroma") as memory:
        made = memory.add("Ann knows Bob", user_id="u").changes[0].memory_id
        assert waiting(memory) > 0
    with opened(vectors="chroma") as memory:
        assert 0 == waiting(memory)
        memory.add("Ann knows Cem", user_id="u")
        memory.delete(made)
        assert 0 == waiting(memory)
        assert () == memory.verify().differences


def test_a_store_that_failed_is_tried_again_by_the_next_add(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its add says so, and the group does not hold up what is overdue."""
    monkeypatch.setattr(projection, "GROUP", 1)
    memory = opened(vectors="chroma")
    memory.add("Ann knows Bob", user_id="u")
    store = memory._engine.projection.vectors()
    assert store is not None
    with monkeypatch.context() as down:
        down.setattr(type(store), "upsert", _refused)
        assert not memory.add("Ann knows Cem", user_id="u").projected
    monkeypatch.setattr(projection, "GROUP", 1000)

    assert memory.add("Ann knows Dan", user_id="u").projected
    assert 0 == waiting(memory)


def _refused(self: Any, items: Sequence[VectorItem]) -> None:
    raise StoreUnavailable("The disk is away.", advice="Bring it back.")
