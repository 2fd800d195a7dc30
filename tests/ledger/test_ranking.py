"""Lexical and vector search: whose, in what order, and after which writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphmem.ledger.sql import SqlLedger
from graphmem.ledger.text import words
from graphmem.stores.contracts import VectorItem
from graphmem.values import Scope
from tests.ledger.worlds import BOB, MARIA, day, fact, item, plan, say, vector


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("我住在东京塔附近", "东京"),
        ("私は猫が好きです", "猫"),
        ("서울에서 고양이를 키워요", "고양이"),
        ("ฉันอยู่ที่กรุงเทพ", "กรุงเทพ"),
        ("मैं दिल्ली में रहता हूँ", "दिल्ली"),
        ("Я живу в Москве", "Москве"),
        ("أعيش في القاهرة", "القاهرة"),
        ("She was running home", "runs"),
        ("Zoë's café", "cafe"),
    ],
)
def test_texts_are_found_by_their_own_words(ledger: SqlLedger, text: str, query: str) -> None:
    """In scripts with and without spaces, stemmed and without accents."""
    (message,) = say(ledger, text)

    assert [message.id] == [near.item_id for near in ledger.lexical("turn", query, MARIA)]


def test_stop_words_count_only_when_alone() -> None:
    """They are dropped, unless the query is made of nothing else; repeats and tails go too."""
    assert ("where", "does", "maria", "live") == words.query_words("Where does the Maria live? MARIA")
    assert ("was", "that", "it") == words.query_words("Was that it?")
    assert words.MAX_WORDS == len(words.query_words(" ".join(f"w{n}" for n in range(500))))
    assert () == words.query_words(' "*" -- \0')


def test_lexical_keeps_to_the_scope_and_to_what_is_allowed(ledger: SqlLedger) -> None:
    """By owner, by a run alone, by both; the k are taken after `allowed`."""
    run = Scope(user_id="maria", run_id="r")
    (mine,), (ours,), (other,) = (say(ledger, "green tea", scope=s) for s in (MARIA, run, BOB))

    def found(scope: Scope, **how: object) -> set[str]:
        return {near.item_id for near in ledger.lexical("turn", "tea", scope, **how)}  # type: ignore[arg-type]

    assert {mine.id, ours.id} == found(MARIA)
    assert {ours.id} == found(run) == found(Scope(run_id="r"))
    assert {ours.id} == found(MARIA, k=1, allowed={ours.id, other.id})
    assert set() == found(MARIA, allowed=set()) == found(MARIA, k=0) == found(Scope(agent_id="x"))


def test_scores_fall_and_are_positive(ledger: SqlLedger) -> None:
    """More of the question's words rank higher."""
    both, one, _ = say(ledger, "green tea", "black tea and other things", "nothing")
    found = ledger.lexical("turn", "green tea", MARIA)

    assert [both.id, one.id] == [near.item_id for near in found]
    assert found[0].score > found[1].score > 0


def _exact(stored: dict[str, np.ndarray], query: np.ndarray, k: int) -> list[str]:
    return sorted(stored, key=lambda i: -float(stored[i] @ query))[:k]


def test_nearest_is_exact_and_follows_every_write(tmp_path: Path) -> None:
    """Adds, replacements and removals, by this ledger or by another one on the same file."""
    one, two = (SqlLedger.open(tmp_path / "l.db") for _ in range(2))
    rng = np.random.default_rng(0)
    stored: dict[str, np.ndarray] = {}
    (message,) = say(one, "source")
    for n in range(40):
        writer, reader = (one, two) if n % 2 else (two, one)
        name = f"f{n}"
        numbers = vector(*rng.standard_normal(8))
        writer.commit(plan(name, fact(name, message)), [VectorItem(f"maria#{name}", "fact", MARIA, numbers)])
        stored[f"maria#{name}"] = numbers
        if n % 7 == 6:
            gone = f"maria#f{n - 3}"
            stored.pop(gone)
            writer.delete([gone], day(1))
        if n % 5 == 4:
            stored[f"maria#{name}"] = changed = vector(*rng.standard_normal(8))
            writer.store_vectors([VectorItem(f"maria#{name}", "fact", MARIA, changed)])
        query = vector(*rng.standard_normal(8))
        for ledger in (reader, writer):
            found = ledger.nearest("fact", query, MARIA, 5)
            assert _exact(stored, query, 5) == [near.item_id for near in found]
    assert len(stored) == SqlLedger.open(tmp_path / "l.db").vector_count("fact", MARIA)
    allowed = set(list(stored)[:4])
    assert allowed == {near.item_id for near in one.nearest("fact", query, MARIA, 10, allowed | {"?"})}
    assert () == one.nearest("fact", query, MARIA, 5, {"?"}) == one.nearest("fact", query, MARIA, 0)


def test_nearest_keeps_to_the_scope(ledger: SqlLedger) -> None:
    """A run, an agent over several users, an owner's entities whatever the labels."""
    run, agent = Scope(user_id="maria", run_id="r"), Scope(user_id="bob", agent_id="a")
    ledger.store_vectors([item("1", 1, 0), item("2", 1, 0, scope=run), item("3", 1, 0, scope=agent)])
    ledger.store_vectors([item("e", 1, 0, scope=run, view="entity")])

    def found(scope: Scope, view: str = "fact") -> set[str]:
        return {near.item_id for near in ledger.nearest(view, vector(1, 0), scope)}  # type: ignore[arg-type]

    assert ({"1", "2"}, {"2"}, {"3"}) == (found(MARIA), found(run), found(Scope(agent_id="a")))
    assert {"e"} == found(MARIA, "entity") == found(run, "entity")
    assert (2, 1) == (ledger.vector_count("fact", MARIA), ledger.vector_count("fact", Scope(agent_id="a")))


def test_matrices_stay_inside_their_bound(tmp_path: Path) -> None:
    """The least recently used go first; the one in use stays."""
    ledger = SqlLedger.open(tmp_path / "l.db", cache_mb=0.01)
    scopes = [Scope(user_id=str(n)) for n in range(8)]
    ledger.store_vectors([item(f"{n}-{i}", 1, i, scope=s) for n, s in enumerate(scopes) for i in range(30)])
    for scope in scopes:
        assert 30 == len(ledger.nearest("fact", vector(1, 0), scope))

    assert ledger._matrices.nbytes <= 10_000
    assert 30 == ledger.vector_count("fact", scopes[0])
