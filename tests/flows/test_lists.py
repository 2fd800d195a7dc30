"""The index and the exact way give the same lists, whatever the scope, the time and the lag of the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pytest

from graphmem.errors import StoreUnavailable
from graphmem.flows import lists
from graphmem.flows.lists import Reader, gather, nearest
from graphmem.ledger.sql import SqlLedger
from graphmem.projection import Projection
from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import Near, VectorItem, View
from graphmem.values import Scope, When
from tests.ledger.worlds import BOB, MARIA, fact, now, plan, say

FACTS = 900
BOBS = 60
DIMENSIONS = 32


class Counted:
    """A real store whose questions are written down."""

    def __init__(self, store: ChromaVectors) -> None:
        self._store = store
        self.depths: list[int] = []

    def nearest(self, vector: lists.Vector, view: View, k: int) -> Sequence[Near]:
        self.depths.append(k)
        return self._store.nearest(vector, view, k)


class Away:
    """A store that cannot be reached."""

    def nearest(self, vector: lists.Vector, view: View, k: int) -> Sequence[Near]:
        raise StoreUnavailable("gone", advice="wait")


def points(count: int, seed: int) -> lists.Vector:
    """Directions, one a row."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def load(ledger: SqlLedger, scope: Scope, count: int, seed: int, name: str = "first") -> None:
    """Facts in one plan; every third ended long ago."""
    (message,) = say(ledger, f"{name} of {scope.owner}", scope=scope, name=f"{name} {scope.owner}")
    additions = [fact(f"{name} {n}", message, until=5 if n % 3 == 0 else None) for n in range(count)]
    vectors = [
        VectorItem(a.memory.id, "fact", scope, row) for a, row in zip(additions, points(count, seed), strict=True)
    ]
    ledger.commit(plan(f"{name} {scope.owner}", *additions, scope=scope), vectors)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlLedger]:
    """Many facts of Maria, few of Bob."""
    opened = SqlLedger.open(tmp_path_factory.mktemp("ledger") / "ledger.db")
    load(opened, MARIA, FACTS, 1)
    load(opened, BOB, BOBS, 2)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def store(ledger: SqlLedger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaVectors]:
    """Chroma with everything that the ledger has."""
    projection = Projection(ledger, partial(ChromaVectors.open, tmp_path_factory.mktemp("chroma")))
    projection.flush()
    opened = projection.vectors()
    assert isinstance(opened, ChromaVectors)
    yield opened
    projection.close()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "EXACT_UP_TO", 20)
    monkeypatch.setattr(lists, "BEST", 20)


def seen(found: tuple[Sequence[Near], tuple[str, ...]]) -> list[str]:
    near, failed = found
    assert () == failed
    return [n.item_id for n in near]


def exactly(ledger: SqlLedger, vector: lists.Vector, scope: Scope, when: When) -> list[str]:
    """The truth: cosines of everything that may be shown."""
    shown = ledger.select(scope, when, None, "fact")
    return [n.item_id for n in ledger.nearest("fact", vector, scope, 20, shown)]


@pytest.mark.parametrize("scope", [MARIA, BOB])
def test_the_index_finds_what_exact_scoring_finds(ledger: SqlLedger, store: ChromaVectors, scope: Scope) -> None:
    """At least 95 in 100 of the nearest that hold, with the scores of exact cosine, best first; a scope that is small
    among many is found by going deeper or by scoring it exactly. What has ended may cost a list half its length.
    """
    counted = Counted(store)
    reader = Reader(ledger, counted, scope, now())  # type: ignore[arg-type]
    same = told = 0
    for vector in points(20, 3):
        near = gather(reader, ("dense_fact",), "", vector, None).lists["dense_fact"]
        assert len(near) >= 10
        same += len({n.item_id for n in near} & set(exactly(ledger, vector, scope, now())[: len(near)]))
        told += len(near)
        assert [n.score for n in near] == sorted((n.score for n in near), reverse=True)
        assert near[0].score == pytest.approx(float(ledger.vectors([(near[0].item_id, "fact")]).popitem()[1] @ vector))

    assert counted.depths
    assert same >= 0.95 * told


def test_a_small_scope_is_scored_exactly(
    ledger: SqlLedger, store: ChromaVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is not asked."""
    counted = Counted(store)
    monkeypatch.setattr(lists, "EXACT_UP_TO", BOBS)
    reader = Reader(ledger, counted, BOB, now())  # type: ignore[arg-type]
    vector = points(1, 4)[0]

    assert [n.item_id for n in ledger.nearest("fact", vector, BOB, 20)] == seen(nearest(reader, "fact", vector, None))
    assert [] == counted.depths


def test_what_the_index_lags_behind_is_found(
    ledger: SqlLedger, store: ChromaVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fact that is committed and not projected yet is in the list; far behind, the index is not asked at all."""
    load(ledger, Scope(user_id="maria"), 3, 5, name="late")
    vector = points(3, 5)[1]
    counted = Counted(store)
    reader = Reader(ledger, counted, MARIA, now())  # type: ignore[arg-type]

    assert "maria#late 1" == seen(nearest(reader, "fact", vector, None))[0]
    asked = len(counted.depths)
    monkeypatch.setattr(lists, "LAG", 2)
    assert "maria#late 1" == seen(nearest(reader, "fact", vector, None))[0]
    assert (True, asked) == (asked > 0, len(counted.depths))


def test_a_store_that_is_away_is_told_and_missed_by_nobody(ledger: SqlLedger) -> None:
    """The ledger answers in its place."""
    vector = points(1, 6)[0]
    near, failed = nearest(Reader(ledger, Away(), MARIA, now()), "fact", vector, None)  # type: ignore[arg-type]

    assert ("vectors",) == failed
    assert ledger.nearest("fact", vector, MARIA, 20) == tuple(near)


def test_lists_that_fall_short_are_asked_once_more(ledger: SqlLedger) -> None:
    """The 20 nearest have all ended: the second asking brings the 20 nearest of what holds."""
    ended = [n for n in range(FACTS) if n % 3 == 0]
    towards = points(FACTS, 1)[ended].sum(axis=0)
    towards /= np.linalg.norm(towards)
    near = [n.item_id for n in ledger.nearest("fact", towards, MARIA, 20)]
    live = ledger.visible(near, MARIA, now(), "fact")
    assert len(live) < 10, "the question does not do what it is for"

    reader = Reader(ledger, None, MARIA, now())
    found = gather(reader, ("dense_fact",), "", towards, None).lists["dense_fact"]

    assert exactly(ledger, towards, MARIA, now()) == [n.item_id for n in found]
