"""The vector store follows the ledger, also when what was under way was cut off."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from graphmem import Memory, faults
from graphmem.stores.contracts import VectorItem
from graphmem.values import Scope
from tests.flows.conftest import Opener, graph, opened  # noqa: F401 - fixtures


class CutOff(Exception):
    """As if the process had ended here."""


def cut(memory: Memory, place: str, call: Callable[[], object]) -> None:
    """End the call when it comes to a place."""

    def hook(here: str) -> None:
        if here == place:
            raise CutOff(place)

    with pytest.raises(CutOff), faults.listening(hook):
        call()
    memory.close()


@pytest.mark.parametrize("place", ["rebuild.before", "rebuild.erased", "rebuild.refilled"])
def test_a_rebuild_that_was_cut_off_is_finished(opened: Opener, place: str) -> None:  # noqa: F811
    """The next process that opens the store writes it anew, without being asked."""
    memory = opened()
    memory.add("Ann knows Bob", user_id="u")
    memory.verify()
    cut(memory, place, memory.rebuild)
    assert () == opened().verify().differences


@pytest.mark.parametrize("place", ["ledger.reset.before", "ledger.reset.after", "rebuild.before"])
def test_a_reset_that_was_cut_off_is_finished(opened: Opener, place: str) -> None:  # noqa: F811
    """Nothing of what was reset stays in the store."""
    memory = opened()
    memory.add("Ann knows Bob", user_id="u")
    memory.verify()
    cut(memory, place, memory.reset)
    assert () == opened().verify().differences


def test_a_name_that_comes_back_is_not_projected(graph: Memory) -> None:  # noqa: F811
    """Its vector is for comparing names inside one owner: gone and back before the store followed, it stays out."""
    store, graph._engine.projection._open_vectors = graph._engine.projection._open_vectors, None
    added = graph.add("Ann knows Bob", user_id="u")
    graph.delete(added.changes[0].memory_id)
    graph.add("Ann knows Bob. Ann knows Cem", user_id="u")
    graph._engine.projection._open_vectors = store
    assert () == graph.verify().differences


def test_what_is_deleted_leaves_the_store(graph: Memory) -> None:  # noqa: F811
    """verify finds nothing in it that the ledger has not."""
    added = graph.add("Ann knows Bob", user_id="u")
    graph.verify()
    graph.delete(added.changes[0].memory_id)
    assert () == graph.verify().differences


def test_a_changed_vector_is_found(graph: Memory) -> None:  # noqa: F811
    """One vector with other numbers is one difference, and a rebuild mends it."""
    added = graph.add("Ann knows Bob", user_id="u")
    graph.verify()
    store = graph._engine.projection.vectors()
    assert store is not None
    other = np.zeros(graph._engine.embedder.dimensions, dtype=np.float32)
    other[7] = 1.0
    store.upsert([VectorItem(added.changes[0].memory_id, "fact", Scope(user_id="u"), other)])
    assert [("vectors", "changed")] == [(d.store, d.problem) for d in graph.verify().differences]
    assert () == graph.rebuild().differences


def test_facts_of_another_agent_stay(graph: Memory) -> None:  # noqa: F811
    """Two agents of one user may hold different things to be true."""
    graph.add("Ann lives_in Oslo", user_id="u", agent_id="one")
    graph.add("Ann lives_in Rome", user_id="u", agent_id="two")
    assert {"Oslo", "Rome"} == {r.target.name for r in graph.relations("Ann", user_id="u", type="lives_in")}
