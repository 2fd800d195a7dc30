"""Which words of a query are so common that they need not be looked up for themselves.

BM25 costs what the matching rows cost, and a word that a fifth of all texts hold makes a fifth of them match. Such a
word can raise a text that has rarer words, but a text that has nothing else cannot reach the best k when these score
more than all common words could give together: the bound of MaxScore (Turtle and Flood 1995).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

COMMON = 0.2
"""Share of all texts from which on a word is common."""
SMALL = 2_000
"""Texts up to which no word is worth counting."""
SPARE = 3
"""Texts with the rarer words, for each one asked for: with fewer the bound would hardly ever hold."""
GROWN = 1.25
"""A count is taken anew when there are so many times more texts."""
MOST = 2.2
"""What BM25 gives a word at most, in units of its idf: k1 + 1, with FTS5's k1 = 1.2."""


class Divided(NamedTuple):
    """A query's words by what they are for."""

    rare: tuple[str, ...]
    """A text must have one of these."""
    common: tuple[str, ...]
    """These only add to the score; empty: the query is to be asked as it is."""
    bound: float
    """What a text with common words alone scores at most."""


class WordCounts:
    """How many texts hold a word, counted on first use and kept while the number of texts stays about the same."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        self._lock = threading.Lock()

    def divided(self, view: str, words: Sequence[str], k: int, texts: int, count: Callable[[str], int]) -> Divided:
        """Divide the words of a query for the k best among `texts`; `count` asks the index about one word."""
        whole = Divided(tuple(words), (), 0.0)
        if texts < SMALL:
            return whole
        held = {word: self._held(view, word, texts, count) for word in words}
        common = tuple(word for word in words if held[word] >= COMMON * texts)
        rare = tuple(word for word in words if held[word] and word not in common)
        if not common or sum(held[word] for word in rare) < SPARE * k:
            return whole
        return Divided(rare, common, sum(MOST * idf(held[word], texts) for word in common))

    def _held(self, view: str, word: str, texts: int, count: Callable[[str], int]) -> int:
        found, at = self._counts.get((view, word), (0, 0))
        if at == 0 or texts > at * GROWN or texts * GROWN < at:
            found = count(word)
            with self._lock:
                self._counts[view, word] = found, texts
        return found


def idf(count: int, texts: int) -> float:
    """Rarity of a word as FTS5's bm25() sees it: never negative."""
    return max(1e-6, math.log((texts - count + 0.5) / (count + 0.5)))
