"""Ends that are told of a span of time: "Tessa's stint as treasurer is over", "her last day at Nokia was Friday"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphmem.models.local.claims.clauses import Clause
from graphmem.models.local.claims.phrases import Phrase, phrase
from graphmem.models.local.claims.words import words
from graphmem.values import Claim

Token = Any
Span = Any

_SPANS = words("spans")
_LAST = re.compile(r"(?i)^(last|final) (day|shift|week|month|match|game|season|lesson)\b")
_OF_WHAT = {"as", "at", "with", "for", "in", "on", "to", "of"}
_TIES = {"marriage", "relationship", "engagement", "romance"}


def spans(clause: Clause, subject: Phrase, word: str) -> list[Claim]:
    """What has ended with the span that the subject of a clause names: the post, the club, the marriage."""
    if not subject.possessor or subject.head not in _SPANS | _TIES:
        return []
    one, joined, other = subject.possessor.partition(" and ")
    if joined and subject.head in _TIES:
        return [_ended(clause, a, b, word, "relationship") for a, b in ((one, other), (other, one))]
    slot = "relationship" if subject.head in _TIES else None
    return [_ended(clause, subject.possessor, what, word, slot) for what in _of_what(clause)]


def last_times(clause: Clause, chunks: Mapping[int, Span]) -> list[Claim]:
    """After "Her last day at Nokia was Friday", her time there is over."""
    found = []
    for subject in clause.subjects:
        if subject.possessor and _LAST.match(subject.text) and clause.verb.lemma_ == "be" and clause.past:
            found += [_ended(clause, subject.possessor, what, "be", None) for what in _of_what(clause, chunks)]
    return found


def _of_what(clause: Clause, chunks: Mapping[int, Span] | None = None) -> list[str]:
    nouns = [c for c in clause.verb.children if c.dep_ in {"nsubj", "nsubjpass"} and c.i < clause.verb.i]
    heads = [
        o for n in nouns for p in n.children if p.lower_ in _OF_WHAT for o in p.children if o.dep_ in {"pobj", "pcomp"}
    ]
    return [phrase(o, chunks or {}).text for o in heads]


def _ended(clause: Clause, subject: str, what: str, word: str, slot: str | None) -> Claim:
    return Claim(
        subject=subject, predicate="", object=what, modality="ended", slot=slot, markers=(*clause.markers, f"by:{word}")
    )
