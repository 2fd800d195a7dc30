"""Common words are left to the score, and the ranking stays what it is without that."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from graphmem.ledger.contracts import LexicalView
from graphmem.ledger.sql import SqlLedger
from graphmem.ledger.text import common_words, lexical
from graphmem.ledger.text.common_words import WordCounts
from graphmem.stores.contracts import Near
from graphmem.values import Scope
from tests.ledger.worlds import say

TEXTS = 400
WORDS = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(120)]
ANN, BOB = Scope(user_id="ann"), Scope(user_id="bob")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlLedger]:
    """Two owners with texts of words as unevenly spread as those of a language."""
    opened = SqlLedger.open(tmp_path_factory.mktemp("home") / "ledger.db", vector_store=False)
    chance = random.Random(7)
    weights = [1 / (rank + 1) for rank in range(len(WORDS))]
    for owner in (ANN, BOB):
        texts = [" ".join(chance.choices(WORDS, weights, k=8)) for _ in range(TEXTS)]
        say(opened, *texts, scope=owner)
    yield opened
    opened.close()


def queries() -> list[str]:
    chance = random.Random(11)
    return [" ".join(chance.sample(WORDS[:6], 3) + chance.sample(WORDS[12:60], 5)) for _ in range(30)]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The full-text queries that are made from now on."""
    asked: list[str] = []
    ranked = lexical._ranked

    def noting(connection: Connection, view: LexicalView, match: str, *rest: Any) -> Iterator[Near]:
        asked.append(match)
        return ranked(connection, view, match, *rest)

    monkeypatch.setattr(lexical, "_ranked", noting)
    return asked


@pytest.mark.parametrize("owner", [ANN, BOB])
def test_the_ranking_is_the_same(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch, owner: Scope) -> None:
    """With common words optional, the k best are the k best of the whole query, with the same scores."""
    plain = [ledger.lexical("turn", query, owner, 20) for query in queries()]
    monkeypatch.setattr(common_words, "SMALL", 100)
    ledger._word_counts = WordCounts()

    asked = watched(monkeypatch)
    divided = [ledger.lexical("turn", query, owner, 20) for query in queries()]

    assert [[near.item_id for near in found] for found in plain] == [[near.item_id for near in f] for f in divided]
    assert [n.score for f in plain for n in f] == pytest.approx([n.score for f in divided for n in f])
    assert len(queries()) <= sum("OR body" in text for text in asked)


def test_only_rarer_words_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that a fifth of the texts hold is common; where too few texts have another word, all are asked for."""
    counts = {"the": 5_000, "cat": 400, "sat": 90}
    asked: list[str] = []

    def count(word: str) -> int:
        asked.append(word)
        return counts[word]

    words = WordCounts()
    divided = words.divided("turn", ["the", "cat", "sat"], 100, 10_000, count)

    assert (("cat", "sat"), ("the",)) == (divided.rare, divided.common)
    assert 0 < divided.bound < 0.1
    assert () == words.divided("turn", ["the", "sat"], 100, 10_000, count).common
    assert () == words.divided("turn", ["the", "cat", "sat"], 100, 1_000, count).common
    assert ["the", "cat", "sat"] == asked
    words.divided("turn", ["the"], 100, 20_000, count)
    assert ["the", "cat", "sat", "the"] == asked
