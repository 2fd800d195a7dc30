"""Corrections in a few words: "sorry, I meant Tuesday" says again what was said before, with one thing changed.

What is mended is the latest statement of the same speaker that holds the old value ("it's not Quincy, it's Milton"),
or, where only the new one is named, a value of the same kind: a weekday for a weekday, a name for a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from graphmem.models.local.extraction import times
from graphmem.values import FactDraft, MessageRecord

_MONTHS = "|".join(m.capitalize() for m in times.MONTHS)
_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS})(?: \d{{4}})?|\b(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?"
)
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(times.DAYS)})\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(?:\d{1,2}:\d\d|\d{1,2}) ?(?:am|pm|a\.m\.|p\.m\.)|\b\d{1,2}:\d\d\b|\bnoon\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:{_MONTHS})\b")
_NUMBER = re.compile(r"\b\d[\d.,-]*\b")
_NAME = re.compile(r"\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*\b")
_KINDS = (_DATE, _WEEKDAY, _CLOCK, _MONTH, _NUMBER, _NAME)
_IT_IS = r"\b(?:it's|it’s|it is|it was|that's|that’s|that is|that was)"
_SHORT = r"[^\s,.!?;]+(?: [^\s,.!?;]+){0,4}"
_FORMS = (
    re.compile(rf"{_IT_IS} not (?P<old>{_SHORT}?),? (?:but|{_IT_IS}|rather) (?P<new>{_SHORT})\W*$", re.IGNORECASE),
    re.compile(
        rf"(?:'s|’s|\bis|\bare|\bwas|\bmeant|\bmean) (?P<new>{_SHORT}?),? (?:and )?not (?P<old>{_SHORT})\W*$", re.I
    ),
    re.compile(rf"\b(?:i meant(?: to say)?|i mean),? (?P<new>{_SHORT})\W*$", re.IGNORECASE),
    re.compile(rf"\b(?:sorry|oops|correction|my mistake|my bad)\b\W*(?:{_IT_IS}) (?P<new>{_SHORT})\W*$", re.IGNORECASE),
)
_BARE = re.compile(rf"^\S+ (?:meant|means) {_SHORT}\.$")
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.:]\d[^.!?\n]*)*[.!?]*")
_BRACKETS = re.compile(r" \([^()]*\d{4}\)")
_FAR = 8
"""How many statements back a correction that names no old value may reach."""


class Said(NamedTuple):
    """A statement and who made it."""

    speaker: str
    fact: FactDraft


class _Change(NamedTuple):
    quote: str
    new: str
    old: str


def corrected(
    facts: Sequence[FactDraft], messages: Sequence[MessageRecord], recent: Callable[[], Sequence[Said]]
) -> list[FactDraft]:
    """The facts, and for each correction the statement it mends; one that mends nothing stays a plain statement.

    `recent` reads what was said before these messages, oldest first, and is called only where it is needed.
    """
    done: list[FactDraft] = []
    for index, message in enumerate(messages):
        mine = [f for f in facts if f.message == index]
        for change in _changes(message.content):
            before = [Said(messages[f.message].speaker, f) for f in [*done, *mine] if f.quote not in change.quote]
            mended = _mended(change, message, index, before) or _mended(change, message, index, recent())
            if mended is not None:
                again = {_plain(mended.text)} | {_plain(f.text) for f in mine if f.quote in change.quote}
                mine = [*(f for f in mine if _plain(f.text) not in again), mended]
        done += (f for f in mine if not (f.correction and _BARE.search(f.text)))
    return done


def _plain(text: str) -> str:
    return _BRACKETS.sub("", text).casefold()


def _changes(text: str) -> Iterator[_Change]:
    """What the sentences of a message take back."""
    for sentence in _SENTENCE.finditer(text):
        quote = sentence.group().strip()
        found = next(chain(*(form.finditer(quote) for form in _FORMS)), None)
        if found is not None:
            yield _Change(quote, found["new"], found.groupdict().get("old") or "")


def _mended(change: _Change, message: MessageRecord, index: int, before: Sequence[Said]) -> FactDraft | None:
    near = before if change.old else before[-_FAR:]
    for speaker, old in reversed(near):
        swap = _swap(_BRACKETS.sub("", old.text), change, speaker) if speaker == message.speaker else None
        if swap is not None:
            return _restated(old, swap, change.quote, message, index)
    return None


class _Swap(NamedTuple):
    start: int
    old: str
    new: str


def _swap(text: str, change: _Change, speaker: str) -> _Swap | None:
    """The value in `text` that gives way: the old one where it was named, else the last one of the same kind."""
    for kind in _KINDS:
        new = kind.search(change.new)
        if new is None:
            continue
        named = kind.search(change.old)
        if change.old and named is None:
            return None
        old = [m for m in kind.finditer(text) if not m.group().startswith(speaker) and m.start() > 0]
        if named is not None:
            old = [m for m in old if m.group().casefold().startswith(named.group().casefold())]
        if not old or old[-1].group().casefold() == new.group().casefold():
            return None
        year = (
            re.search(r" \d{4}$", old[-1].group()) if kind is _DATE and not re.search(r"\d{4}", new.group()) else None
        )
        return _Swap(old[-1].start(), old[-1].group(), new.group() + (year.group() if year else ""))
    return None


def _restated(old: FactDraft, swap: _Swap, quote: str, message: MessageRecord, index: int) -> FactDraft:
    """The old statement in its new wording, with the names and relations that the change leaves or makes."""
    plain = _BRACKETS.sub("", old.text)
    text = f"{plain[: swap.start]}{swap.new}{plain[swap.start + len(swap.old) :]}"
    renamed = {e.name: swap.new for e in old.entities if e.name == swap.old and e.name not in text}
    entities = [
        e.model_copy(update={"name": renamed.get(e.name, e.name)})
        for e in old.entities
        if e.name in renamed or e.name in text or e.name == old.subject
    ]
    named = {e.name for e in entities}
    relations = [r.model_copy(update={"target": renamed.get(r.target, r.target)}) for r in old.relations]
    dated = bool(times.find(text, message.timestamp))
    return old.model_copy(
        update={
            "text": _told(text, message.timestamp) if plain != old.text else text,
            "message": index,
            "quote": quote,
            "subject": renamed.get(old.subject or "", old.subject),
            "correction": True,
            "entities": tuple(entities),
            "relations": tuple(r for r in relations if {r.source, r.target} <= named),
            "valid_from": None if dated else old.valid_from,
        }
    )


def _told(text: str, at: datetime) -> str:
    """The text with its relative times resolved, as the statement it mends had them."""
    for time in reversed(times.find(text, at)):
        if time.relative:
            text = f"{text[: time.start]}{times.settle(time, at, future=True).told}{text[time.end :]}"
    return text
