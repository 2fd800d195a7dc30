"""Finding names in texts: words in a row, whatever their case. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("ies", "ing", "ed", "es", "s", "y", "e")
_SHORTEST = 3
"""Letters of a stem that an ending may leave."""


class Word(NamedTuple):
    """A word of a text and where it stands."""

    text: str
    start: int
    end: int


def words(text: str) -> tuple[Word, ...]:
    """The words of a text, casefolded; `_` parts words."""
    return tuple(Word(found[0].casefold(), found.start(), found.end()) for found in _WORD.finditer(text))


def stem(word: str) -> str:
    """A word without its ending, so that `lives` and `live`, `refund` and `refunds` meet."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


class Text:
    """A text in which names are looked up."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = words(text)
        self.stems = tuple(stem(word.text) for word in self.words)

    def names(self, name: Sequence[str]) -> bool:
        """Whether the stems of a name stand in a row in the text."""
        return any(True for _ in _rows(self.stems, name))

    def spellings(self, name: Sequence[str]) -> Iterator[tuple[int, str]]:
        """(place in the text, as written) of every occurrence of the words of a name."""
        for at in _rows(tuple(word.text for word in self.words), name):
            start, end = self.words[at].start, self.words[at + len(name) - 1].end
            yield start, self.text[start:end]


def _rows(held: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    size = len(wanted)
    if size:
        yield from (at for at in range(len(held) - size + 1) if tuple(held[at : at + size]) == tuple(wanted))


class Library:
    """Many texts, looked up by the words of a name without reading all of them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = [Text(text) for text in dict.fromkeys(texts)]
        self._holding: dict[str, set[int]] = {}
        for place, text in enumerate(self.texts):
            for word in text.words:
                self._holding.setdefault(word.text, set()).add(place)

    def with_all(self, name: Sequence[str]) -> Iterator[Text]:
        """Texts that hold every word of a name, in order."""
        holding = [self._holding.get(word, set()) for word in name]
        yield from (self.texts[place] for place in sorted(set.intersection(*holding) if holding else set()))
