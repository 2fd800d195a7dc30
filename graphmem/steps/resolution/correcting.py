"""Corrections: "sorry, I meant Mira" takes back what was said in the same words but for one."""

from __future__ import annotations

import re

from graphmem.steps.resolution.sides import Side

LONGEST = 4
"""Words that may differ on either side."""
_WORD = re.compile(r"[^\W_]+(?:[-.@:/'’][^\W_]+)*")
_DATE = re.compile(
    r"(?i)^(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|today|tomorrow|tonight|noon|midnight)$"
)


def misstated(new: Side, old: Side) -> bool:
    """Whether a correction says what an old fact says, with one value changed for another of its kind: a name for a
    name, a date for a date, a number for a number.
    """
    after, before = _WORD.findall(new.text), _WORD.findall(old.text)
    start = _shared(after, before)
    end = _shared(after[start:][::-1], before[start:][::-1])
    said, meant = before[start : len(before) - end], after[start : len(after) - end]
    if not said or not meant or max(len(said), len(meant)) > LONGEST or start + end < max(2, len(meant)):
        return False
    return _kind(said) == _kind(meant)


def _shared(one: list[str], other: list[str]) -> int:
    count = 0
    while count < min(len(one), len(other)) and one[count].casefold() == other[count].casefold():
        count += 1
    return count


def _kind(words: list[str]) -> str:
    if any(_DATE.match(w) for w in words):
        return "date"
    if any(w[0].isdigit() for w in words):
        return "number"
    return "name" if any(w[0].isupper() for w in words) else "word"
