"""Corrections in a few words: "sorry, I meant Tuesday" says again what was said before, with one thing changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local import times
from graphmem.values import FactDraft, MessageRecord

_WEEKDAY = re.compile(rf"\b(?:{'|'.join(times.DAYS)})\b", re.IGNORECASE)
_CLOCK = re.compile(r"\b(?:\d{1,2}:\d\d|\d{1,2}) ?(?:am|pm|a\.m\.|p\.m\.)|\b\d{1,2}:\d\d\b|\bnoon\b", re.IGNORECASE)
_MONTH = re.compile(rf"\b(?:{'|'.join(m.capitalize() for m in times.MONTHS)})\b")
_NUMBER = re.compile(r"\b\d[\d.,-]*\b")
_NAME = re.compile(r"\b[A-Z][\w'-]+(?: [A-Z][\w'-]+)*\b")
_KINDS = (_WEEKDAY, _CLOCK, _MONTH, _NUMBER, _NAME)
_MEANT = re.compile(
    r"\b(?:meant(?: to say)?|i mean|it's|it is|it was|that's|correction:?)\s+(?P<new>.+?)\s*(?:,? not\b.*)?[.!]*$", re.I
)
_BRACKETS = re.compile(r" \([^()]*\d{4}\)")


def corrected(facts: Sequence[FactDraft], request: ExtractionRequest) -> list[FactDraft]:
    """The facts, each bare correction replaced by the statement it mends; one that mends nothing is left as it is."""
    done: list[FactDraft] = []
    for fact in facts:
        mended = _mended(fact, done, request.messages) if fact.correction else None
        done.append(mended or fact)
    return done


def _mended(fact: FactDraft, before: Sequence[FactDraft], messages: Sequence[MessageRecord]) -> FactDraft | None:
    said = _MEANT.search(fact.quote)
    if said is None or len(said["new"].split()) > 5:
        return None
    speaker = messages[fact.message].speaker
    for old in reversed(before):
        if messages[old.message].speaker != speaker:
            continue
        text = _swapped(old.text, said["new"], speaker)
        if text is not None:
            return _restated(fact, old, text, messages[fact.message])
    return None


def _swapped(text: str, new: str, speaker: str) -> str | None:
    """`text` with the value of the same kind replaced: a weekday for a weekday, a name for a name."""
    plain = _BRACKETS.sub("", text)
    for kind in _KINDS:
        value = kind.search(new)
        if value is None:
            continue
        old = [m for m in kind.finditer(plain) if not m.group().startswith(speaker) and m.start() > 0]
        if not old:
            return None
        return f"{plain[: old[-1].start()]}{value.group()}{plain[old[-1].end() :]}"
    return None


def _restated(fact: FactDraft, old: FactDraft, text: str, message: MessageRecord) -> FactDraft:
    """The old statement in its new wording, with only those names and relations that are still in it."""
    entities = tuple(e for e in old.entities if e.name in text or e.name == old.subject)
    named = {e.name for e in entities}
    dated = bool(times.find(text, message.timestamp))
    return old.model_copy(
        update={
            "text": text,
            "message": fact.message,
            "quote": fact.quote,
            "correction": True,
            "entities": (*entities, *(e for e in fact.entities if e.name in text and e.name not in named)),
            "relations": tuple(r for r in old.relations if {r.source, r.target} <= named),
            "valid_from": None if dated else old.valid_from,
        }
    )
