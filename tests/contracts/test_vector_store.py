"""What every vector store must do; a new one is added to the fixture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import VectorStore
from graphmem.stores.digests import digest
from tests.ledger.worlds import BOB, item, vector


@pytest.fixture(params=["chroma"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorStore]:
    opened = ChromaVectors.open(tmp_path / request.param)
    yield opened
    opened.close()


def test_the_nearest_come_first_with_their_cosine(store: VectorStore) -> None:
    """Best first, at most k, scores as cosine."""
    store.upsert([item("a", 1, 0, 0), item("b", 1, 1, 0), item("c", 0, 0, 1), item("d", -1, 0, 0, scope=BOB)])
    found = store.nearest(vector(1, 0, 0), "fact", 3)

    assert ["a", "b", "c"] == [near.item_id for near in found]
    np.testing.assert_allclose([1, np.sqrt(0.5), 0], [near.score for near in found], atol=1e-5)


def test_views_do_not_mix(store: VectorStore) -> None:
    """The same item has one vector a view, and a search sees one view."""
    store.upsert([item("a", 1, 0), item("a", 0, 1, view="turn"), item("b", 1, 1, view="window")])

    assert ["a"] == [near.item_id for near in store.nearest(vector(0, 1), "turn", 5)]
    assert {("a", "fact"), ("a", "turn"), ("b", "window")} == set(store.ids())


def test_a_second_write_replaces_the_first(store: VectorStore) -> None:
    """By item and view; the digest is that of the new vector."""
    store.upsert([item("a", 1, 0)])
    store.upsert([item("a", 0, 1)])

    assert {("a", "fact"): digest(vector(0, 1))} == store.ids()


def test_nothing_to_do_is_no_error(store: VectorStore) -> None:
    """Empty batches and unknown keys."""
    store.upsert([])
    store.remove([])
    store.remove([("nobody", "fact")])

    assert {} == store.ids()
    assert [] == list(store.nearest(vector(1, 0), "fact", 3))


def test_what_is_removed_is_gone(store: VectorStore) -> None:
    """One view of an item, and not its others."""
    store.upsert([item("a", 1, 0), item("a", 0, 1, view="turn")])
    store.remove([("a", "fact")])

    assert [("a", "turn")] == list(store.ids())
    assert [] == list(store.nearest(vector(1, 0), "fact", 3))


def test_erased_is_empty_and_ready(store: VectorStore) -> None:
    """Nothing is left, and writing goes on, with other dimensions if need be."""
    store.upsert([item("a", 1, 0)])
    store.erase()
    assert {} == store.ids()
    store.upsert([item("b", 1, 0, 0)])

    assert ["b"] == [near.item_id for near in store.nearest(vector(1, 0, 0), "fact", 3)]


def test_many_at_once(store: VectorStore) -> None:
    """More than one batch of the store: all are there, and the nearest is right."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((6000, 8))
    store.upsert([item(f"i{n}", *row) for n, row in enumerate(rows)])

    assert 6000 == len(store.ids())
    assert "i77" == store.nearest(vector(*rows[77]), "fact", 1)[0].item_id
    store.remove([(f"i{n}", "fact") for n in range(5990)])
    assert 10 == len(store.ids())


def test_it_is_there_after_reopening(tmp_path: Path) -> None:
    """Closing twice is no error."""
    first = ChromaVectors.open(tmp_path / "again")
    first.upsert([item("a", 1, 0)])
    first.close()
    first.close()
    second = ChromaVectors.open(tmp_path / "again")

    assert {("a", "fact"): digest(vector(1, 0))} == second.ids()
    second.close()
