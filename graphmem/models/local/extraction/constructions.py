"""Constructions that state a typed relation: the data of `patterns.toml`, and what fits them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from graphmem.models.local.language import word_list
from graphmem.steps.resolution.words import typed
from graphmem.values import EntityDraft, Modality

if TYPE_CHECKING:
    from spacy.tokens import Token


@dataclass(frozen=True, slots=True)
class Reading:
    """How a clause is meant: what relations may be drawn from it."""

    modality: Modality
    negated: bool
    past: bool
    """In the simple past."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One entry of `patterns.toml`."""

    type: str
    verbs: frozenset[str]
    links: frozenset[str]
    target: tuple[str, ...]
    past: str
    negative: str
    change: bool
    change_verbs: frozenset[str]


@cache
def data() -> tuple[tuple[Pattern, ...], dict[str, frozenset[str]], dict[str, str]]:
    """The patterns, the word lists that they name, and the kin terms."""
    raw: dict[str, Any] = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    patterns = tuple(
        Pattern(
            p["type"], frozenset(p["verbs"]), frozenset(p["links"]), tuple(p["target"]), p.get("past", ""),
            p.get("negative", ""), p.get("change", False), frozenset(p.get("change_verbs", ())),
        )
        for p in raw["pattern"]
    )  # fmt: skip
    return patterns, {name: frozenset(words) for name, words in raw["words"].items()}, raw["kin"]


def kin_terms() -> dict[str, str]:
    """Nouns that relate somebody to a person ("sister"), with the relation from the owner to them."""
    return data()[2]


def retyped(entity: EntityDraft, kind: str) -> EntityDraft:
    """The entity as an end of a relation: not a mere search key, and typed where its type was open."""
    return EntityDraft(
        name=entity.name, type=kind if entity.type == "Thing" or kind in {"Person", "Animal"} else entity.type
    )


def fitting(
    token: Token, entity: EntityDraft | None, targets: Sequence[str], words: dict[str, frozenset[str]]
) -> EntityDraft | None:
    """The entity as the pattern's target, or None when its type does not fit."""
    lemma = token.lemma_.lower()
    for target in targets:
        if target in words:
            if lemma in words[target] and entity is not None:
                return retyped(
                    entity,
                    {"pet": "Animal", "workplace": "Organisation", "school": "Organisation"}.get(target, "Thing"),
                )
        elif target == "Employer":
            # "Went to Rome" and "went to Rita" are no jobs: nothing but a company will do.
            if entity is not None and not entity.weak and entity.type == "Organisation":
                return entity
        elif entity is None:
            if target == "noun" and token.tag_ == "VBG" and (doing := _activity(token)):
                return EntityDraft(name=doing, type="Activity")
        elif target == "noun" and entity.weak and not _points(token):
            return retyped(entity, "Thing")
        elif not entity.weak and (
            entity.type == target or (target == "named" and entity.type != "Person") or entity.type == "Thing"
        ):
            return retyped(entity, targets[0] if targets[0][0].isupper() else "Thing")
    return None


def _points(noun: Token) -> bool:
    """Whether it is a thing at hand ("this spot"), which says nothing to who was not there."""
    return any(c.lower_ in {"this", "that", "these", "those"} for c in noun.children)


def _activity(verb: Token) -> str:
    """The gerund with its near object ("playing tennis"); empty when it needs a pronoun to be understood."""
    words = [verb]
    while len(words) < 4 and words[-1].i + 1 < len(verb.doc) and words[-1].nbor().head.i in {t.i for t in verb.subtree}:
        after = words[-1].nbor()
        if after.is_punct or after.pos_ in {"CCONJ", "SCONJ", "ADV", "AUX", "PART"}:
            break
        words.append(after)
    while words and words[-1].pos_ in {"ADP", "DET"}:
        words.pop()
    return "" if any(t.pos_ == "PRON" for t in words) else verb.doc[words[0].i : words[-1].i + 1].text


def is_occupation(noun: Token, *, bare: bool = False) -> bool:
    """Whether it says what somebody does for a living ("a nurse"); `bare`: also without an article."""
    if noun.pos_ not in {"NOUN", "PROPN", "ADJ"} or not (
        noun.lower_.endswith(_trades()) or noun.lemma_ in typed("role")
    ):
        return False
    return bare or any(c.lower_ in {"a", "an"} for c in noun.children)


@cache
def _trades() -> tuple[str, ...]:
    return tuple(word_list("trades"))


def phase(pattern: Pattern, change: bool, reading: Reading) -> str:
    """The relation's type as the clause means it: denied, over, or holding; empty when it states none."""
    if reading.negated:
        return pattern.negative or ("" if change else f"not_{pattern.type}")
    if reading.modality in {"ended", "past"} and not change:
        return pattern.past or pattern.type
    return pattern.type
