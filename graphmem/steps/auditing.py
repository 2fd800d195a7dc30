"""What looks wrong among facts that hold: the same twice, two that cannot both hold, sentences that say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from graphmem.steps.relation_types import cardinality
from graphmem.values import Finding, Fix, Memory, Triple

SHORTEST = 3
"""Words that a sentence with a meaning of its own has at least; scripts without spaces are left alone."""
_WORD = re.compile(r"[^\W_]+")
_UNNAMED = re.compile(
    r"(he|she|it|they|this|that|these|those|someone|somebody|something|his|her|its|their|the (user|speaker|person))\b",
    re.IGNORECASE,
)


class Fact(NamedTuple):
    """A memory that holds, with its relations and the names of their ends."""

    memory: Memory
    triples: Sequence[Triple]
    names: Mapping[str, str]


def plain(text: str) -> str:
    """A text without case, punctuation and spacing."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _labels(memory: Memory) -> tuple[str | None, ...]:
    # Facts of another agent or application are facts of their own; those of another run are not.
    return memory.scope.user_id, memory.scope.agent_id, memory.scope.app_id


def duplicates(facts: Iterable[Fact]) -> list[Finding]:
    """Facts with the same words: the oldest stays, with the evidence of all."""
    groups: dict[tuple[object, ...], list[Memory]] = {}
    for fact in facts:
        groups.setdefault((*_labels(fact.memory), plain(fact.memory.text)), []).append(fact.memory)
    found = []
    for same in groups.values():
        kept, *others = sorted(same, key=lambda memory: (memory.recorded_at, memory.id))
        for other in others:
            fix = Fix(action="merge", memory_id=other.id, text=other.text, other_id=kept.id)
            detail = f"says the same as {kept.text!r}"
            found.append(Finding(kind="duplicate", memory_ids=(kept.id, other.id), detail=detail, fix=fix))
    return found


def near_duplicate(one: Memory, other: Memory, cosine: float) -> Finding | None:
    """Two facts of nearly one meaning; None where their words or numbers tell them apart."""
    if _labels(one) != _labels(other) or plain(one.text) == plain(other.text) or _numbers(one) != _numbers(other):
        return None
    kept, newer = sorted((one, other), key=lambda memory: (memory.recorded_at, memory.id))
    fix = Fix(action="merge", memory_id=newer.id, text=newer.text, other_id=kept.id, apply=False)
    detail = f"{newer.text!r} is much like {kept.text!r} ({cosine:.2f})"
    return Finding(kind="near_duplicate", memory_ids=(kept.id, newer.id), detail=detail, fix=fix)


def _numbers(memory: Memory) -> set[str]:
    return set(re.findall(r"\d+", memory.text))


def contradictions(facts: Iterable[Fact], pinned: Mapping[str, str]) -> list[Finding]:
    """Relations that hold one value at a time, and hold two: the older ends when the newer begins."""
    slots: dict[tuple[object, ...], list[tuple[Fact, Triple]]] = {}
    for fact in facts:
        for triple in fact.triples:
            if fact.memory.modality == "asserted" and cardinality(triple.type, pinned) == "one":
                slots.setdefault((*_labels(fact.memory), triple.source_id, triple.type), []).append((fact, triple))
    found = []
    for holders in slots.values():
        ordered = sorted(holders, key=lambda h: (_start(h[0].memory), h[0].memory.id))
        for (older, before), (newer, after) in pairwise(ordered):
            if before.target_id != after.target_id and older.memory.id != newer.memory.id:
                found.append(_contradiction(older, newer, after))
    return found


def _start(memory: Memory) -> object:
    return memory.valid_from or memory.recorded_at


def _contradiction(older: Fact, newer: Fact, triple: Triple) -> Finding:
    ids = (older.memory.id, newer.memory.id)
    fix = Fix(
        action="end",
        memory_id=ids[0],
        text=older.memory.text,
        other_id=ids[1],
        apply=_start(older.memory) != _start(newer.memory),
    )
    detail = f"{older.memory.text!r} and {newer.memory.text!r} cannot both hold ({triple.type} has one value at a time)"
    return Finding(kind="contradiction", memory_ids=ids, detail=detail, fix=fix)


def vague(memory: Memory) -> Finding | None:
    """A sentence that nobody could use alone: no name in it, a question, or hardly a word."""
    if memory.text.rstrip().endswith(("?", "？")):
        why = "is a question"
    elif _UNNAMED.match(memory.text.strip()):
        why = "does not say who or what it is about"
    elif memory.text.isascii() and len(_WORD.findall(memory.text)) < SHORTEST:
        why = "has hardly a word"
    else:
        return None
    fix = Fix(action="delete", memory_id=memory.id, text=memory.text, apply=False)
    return Finding(kind="vague", memory_ids=(memory.id,), detail=f"{memory.text!r} {why}", fix=fix)
