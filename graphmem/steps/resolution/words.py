"""Words as rules compare them: stems, content words, and small typed lists."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+(?:[-.@:/'’][^\W_]+)*")
_FUNCTION = frozenset(
    [
        "a",
        "an",
        "the",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "this",
        "that",
        "these",
        "those",
        "some",
        "any",
        "no",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "with",
        "by",
        "from",
        "and",
        "or",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "has",
        "have",
        "had",
        "do",
        "does",
        "did",
        "not",
        "n't",
        "'s",
        "also",
        "too",
        "now",
        "new",
        "old",
        "current",
        "own",
        "very",
        "more",
        "most",
        "his",
        "hers",
        "he",
        "she",
        "they",
        "it",
        "him",
        "them",
        "i",
        "we",
        "you",
        "who",
        "which",
        "there",
        "here",
        "so",
        "then",
        "than",
    ]
)
NARROW = ("handset", "computer", "system", "browser", "editor", "code", "study")
"""Types of `word_types.toml` whose things take each other's place."""
_RELATIVE_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirty": "30", "twenty": "20",
}  # fmt: skip
_SPELLINGS = {"favorite": "favourite", "color": "colour", "neighbor": "neighbour", "grey": "gray"}
_SUFFIXES = ("ingly", "ings", "ing", "ers", "er", "ies", "ied", "es", "ed", "s", "e", "y")


@cache
def lists() -> Mapping[str, Mapping[str, object]]:
    """The tables of `word_types.toml`."""
    return tomllib.loads((files(__package__) / "word_types.toml").read_text(encoding="utf-8"))


@cache
def typed(name: str) -> frozenset[str]:
    """The words of one type."""
    found = lists()["types"][name]
    return frozenset(found) if isinstance(found, list) else frozenset()


@cache
def relational() -> frozenset[str]:
    """Stems of nouns that stand for what they belong to."""
    words = lists()["relational"]["words"]
    return frozenset(stem(w) for w in words) if isinstance(words, list) else frozenset()


@cache
def _kin() -> Mapping[str, str]:
    groups = lists()["kin_words"].items()
    return {stem(w): stem(head) for head, words in groups if isinstance(words, list) for w in words}


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """A crude stem: enough to see smoker, smokes and smoking as one; never shorter than three letters."""
    plain = word.casefold().removesuffix("'s").removesuffix("’s")
    plain = _SPELLINGS.get(plain, plain)
    plain = _RELATIVE_NUMBERS.get(plain, plain)
    for suffix in _SUFFIXES:
        if plain.endswith(suffix) and len(plain) - len(suffix) >= 3 and not plain[0].isdigit():
            plain = plain[: -len(suffix)]
            break
    if len(plain) > 3 and plain[-1] == plain[-2]:
        plain = plain[:-1]
    return plain


@lru_cache(maxsize=16384)
def content(text: str) -> tuple[str, ...]:
    """Stems of the content words of a text, in order."""
    words = (w for w in _WORD.findall(text.casefold()))
    return tuple(stem(w) for w in words if w not in _FUNCTION)


@lru_cache(maxsize=65536)
def alike(one: str, other: str) -> bool:
    """Whether two stems are one word: equal, kin by the list, or equal but for a short ending."""
    if one == other or _kin().get(one, one) == _kin().get(other, other):
        return True
    if any(c.isdigit() for c in one + other):
        return False
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    return shared >= 5 and max(len(one), len(other)) - shared <= 3


@lru_cache(maxsize=65536)
def overlap(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `some` that have a word alike in `others`."""
    return tuple(s for s in some if any(alike(s, o) for o in others))


_NEGATION = re.compile(r"(?i)\b(not|never|no|none|without|stopped|quit|longer|cannot)\b|n['’]t\b")
_FIGURE = re.compile(r"\d+(?:[.:,]\d+)*")


@lru_cache(maxsize=16384)
def negations(text: str) -> int:
    """How many words of a text deny or end something."""
    return len(_NEGATION.findall(text))


@lru_cache(maxsize=16384)
def figures(text: str) -> tuple[str, ...]:
    """The numbers of a text, sorted."""
    return tuple(sorted(_FIGURE.findall(text)))
