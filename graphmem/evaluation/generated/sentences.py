"""From a template to a sentence: who speaks, who is meant, names or pronouns.

In a template `[am|is]` is what the first and what the third person say. `{I}`, `{me}`, `{my}` and `{mine}` are the
subject, by name or pronoun; `{he}`, `{him}` and `{his}` are always pronouns. `{o}` is the value and `{old}` the former
one; `{When}` begins a sentence; the other names are in `_words`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

_CHOICE = re.compile(r"\[([^\[\]|]*)\|([^\[\]|]*)\]")
_NAMED = re.compile(r"\{(\w+)\}")
_START = re.compile(r"(^|[.!?] +)([a-z])")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Voice(NamedTuple):
    """How a sentence speaks of its subject."""

    name: str
    female: bool
    first: bool = False
    """The subject speaks."""
    pronoun: bool = False
    """The subject has been named just before."""


class Filling(NamedTuple):
    """What goes into a template beside its subject."""

    value: str = ""
    old: str = ""
    value_female: bool = False
    old_female: bool = False
    kind: str = ""
    when: str = ""
    since: str = ""
    years: tuple[int, int] = (0, 0)


def render(template: str, voice: Voice, filling: Filling) -> str:
    """The sentence. A name in braces that nothing fills is a KeyError: a mistake in a template."""
    chosen = _CHOICE.sub(lambda m: m[1] if voice.first else m[2], template)
    words = {**_subject(voice), **_words(voice, filling)}
    text = _NAMED.sub(lambda m: words[m[1]], chosen)
    text = re.sub(r" +", " ", text).replace(" .", ".").replace(" ,", ",").replace(" ;", ";").replace(" :", ":")
    return _START.sub(lambda m: m[1] + m[2].upper(), text)


def is_dated(template: str) -> bool:
    """Whether the sentence says when."""
    return any(word in template for word in ("{when}", "{When}", "{when_since}"))


def _subject(voice: Voice) -> Mapping[str, str]:
    he, him, his, hers = ("she", "her", "her", "hers") if voice.female else ("he", "him", "his", "his")
    pronouns = {"he": he, "him": him, "his": his}
    if voice.first:
        return {"I": "I", "me": "me", "my": "my", "mine": "mine", "he": "I", "him": "me", "his": "my"}
    if voice.pronoun:
        return {"I": he, "me": him, "my": his, "mine": hers, **pronouns}
    owned = f"{voice.name}'s"
    return {"I": voice.name, "me": voice.name, "my": owned, "mine": owned, **pronouns}


def _words(voice: Voice, filling: Filling) -> Mapping[str, str]:
    value, old, female = filling.value, filling.old, filling.value_female
    return {
        "name": voice.name, "c": voice.name, "o": value, "old": old, "a_o": article(value), "a_old": article(old),
        "sibling": "sister" if female else "brother", "own_sibling": "sister" if voice.female else "brother",
        "child": "daughter" if female else "son", "own_parent": "mother" if voice.female else "father",
        "spouse": "wife" if female else "husband", "old_spouse": "wife" if filling.old_female else "husband",
        "o_he": "she" if female else "he", "o_his": "her" if female else "his", "kind": filling.kind,
        "old_kind": filling.kind, "kind_it": "it", "when": filling.when,
        "When": filling.when[:1].upper() + filling.when[1:], "when_since": filling.since,
        "first": str(filling.years[0]), "last": str(filling.years[1]),
    }  # fmt: skip


def article(noun: str) -> str:
    """The noun with "a" or "an"."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}" if noun else ""


def dated(happened: date, said: date, pick: int) -> tuple[str, str]:
    """("two weeks ago", "March"): how somebody who speaks on `said` tells when it was; `pick` chooses the manner."""
    day = f"on {happened.day} {_MONTHS[happened.month - 1]}"
    month = _MONTHS[happened.month - 1]
    months = (said.year - happened.year) * 12 + said.month - happened.month
    away = (said - happened).days
    if happened.year != said.year:
        month = f"{month} {happened.year}"
        day = f"{day} {happened.year}"
    if months > 1:
        ways = [f"in {month}", f"back in {month}", day]
    elif months == 1:
        ways = ["last month", f"in {month}", day]
    else:
        ways = [day, "this month", "earlier this month", f"{_count(away)} ago"]
    return ways[pick % len(ways)], month


def _count(days: int) -> str:
    if days == 1:
        return "one day"
    if days in {7, 14, 21}:
        weeks = days // 7
        return "a week" if weeks == 1 else f"{_NUMBERS[weeks]} weeks"
    return f"{_NUMBERS[days] if days < len(_NUMBERS) else days} days"
