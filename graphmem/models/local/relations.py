"""Typed relations of a clause: known constructions first, then an edge to each name that the clause holds.

An anchored edge (clause subject -> name, labelled with the verb) says that the two have to do with each other, and
how sure it is; constructions in `patterns.toml` and kin terms ("my sister Ann") give the named types.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from graphmem.models.local.clauses import Clause, is_verb, subject_of
from graphmem.models.local.entities import Names, cleaned
from graphmem.models.local.persons import Persons
from graphmem.steps.resolution.relation_types import relation_type
from graphmem.values import EntityDraft, Modality

if TYPE_CHECKING:
    from spacy.tokens import Token

_TYPED, _KIN, _ANCHORED, _VAGUE = 0.85, 0.9, 0.45, 0.3
_LIGHT = {"have", "be", "do", "get", "make", "take", "go", "come", "say", "know", "think", "see", "let", "give"}
_ASPECT = {"start", "begin", "continue", "keep", "resume", "try", "use", "get", "finish", "decide", "manage"}


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two entities, as the clause states it."""

    source: EntityDraft
    type: str
    target: EntityDraft
    confidence: float
    change: bool = False
    """Says that a state begins ("moved to"), so that the past tense does not mean it is over."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a clause is meant: what relations may be drawn from it."""

    modality: Modality
    negated: bool
    past: bool
    """In the simple past."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    type: str
    verbs: frozenset[str]
    links: frozenset[str]
    target: tuple[str, ...]
    past: str
    negative: str
    change: bool
    change_verbs: frozenset[str]


@cache
def _data() -> tuple[tuple[_Pattern, ...], dict[str, frozenset[str]], dict[str, str]]:
    raw: dict[str, Any] = tomllib.loads((files(__package__) / "patterns.toml").read_text(encoding="utf-8"))
    patterns = tuple(
        _Pattern(
            p["type"], frozenset(p["verbs"]), frozenset(p["links"]), tuple(p["target"]), p.get("past", ""),
            p.get("negative", ""), p.get("change", False), frozenset(p.get("change_verbs", ())),
        )
        for p in raw["pattern"]
    )  # fmt: skip
    return patterns, {name: frozenset(words) for name, words in raw["words"].items()}, raw["kin"]


def kin_terms() -> dict[str, str]:
    """Nouns that relate somebody to a person ("sister"), with the relation from the owner to them."""
    return _data()[2]


class Relations:
    """Reads the relations of the clauses of one text."""

    def __init__(self, names: Names, persons: Persons, antecedents: dict[int, EntityDraft]) -> None:
        self._names = names
        self._persons = persons
        self._antecedents = antecedents

    def of(self, clause: Clause, words: Sequence[Token], subject: EntityDraft | None, reading: Reading) -> list[Edge]:
        """The clause's relations, each pair of ends and type once."""
        inside = {t.i for t in words}
        edges = list(self._kin(words))
        if subject is not None and reading.modality != "hypothetical":
            for verb in self._verbs(clause.head, inside):
                edges += self._stated(verb, subject, reading)
            edges += self._titles(clause, subject, reading)
            edges += self._anchored(clause, words, subject, reading, edges)
        best: dict[tuple[str, str, str], Edge] = {}
        for edge in edges:
            if edge.source.name != edge.target.name:
                best.setdefault((edge.source.name, edge.type, edge.target.name), edge)
        return list(best.values())

    def _verbs(self, head: Token, inside: set[int]) -> Iterator[Token]:
        """The clause's verb, those joined to it with the same subject, and what an aspect verb governs."""
        yield head
        for child in head.children:
            if child.i not in inside or not is_verb(child) or subject_of(child) is not None:
                continue
            if child.dep_ == "conj" or (child.dep_ == "xcomp" and head.lemma_ in _ASPECT):
                yield from self._verbs(child, inside)

    def _stated(self, verb: Token, subject: EntityDraft, reading: Reading) -> Iterator[Edge]:
        for link, head in _arguments(verb):
            for token in _joined(head):
                edge = self._match(verb, link, token, subject, reading)
                if edge is not None:
                    yield edge

    def _match(self, verb: Token, link: str, token: Token, subject: EntityDraft, reading: Reading) -> Edge | None:
        entity = self._entity(token)
        patterns, words, _ = _data()
        for pattern in patterns:
            if verb.lemma_.lower() not in pattern.verbs or link not in pattern.links:
                continue
            target = _fitting(token, entity, pattern.target, words)
            if target is None:
                continue
            change = pattern.change or verb.lemma_.lower() in pattern.change_verbs
            kind = _phase(pattern, change, reading)
            if kind:
                return Edge(subject, kind, target, _TYPED, change)
        return None

    def _entity(self, token: Token) -> EntityDraft | None:
        return self._antecedents.get(token.i) or self._names.strong(token) or self._names.weak(token)

    def _kin(self, words: Sequence[Token]) -> Iterator[Edge]:
        """ "My sister Ann", "my sister's name is Ann", "Ann is my sister"."""
        inside = {t.i for t in words}
        for noun in words:
            kind = kin_terms().get(noun.lemma_.lower())
            owner = next((c for c in noun.children if c.dep_ == "poss"), None)
            if kind is None or owner is None or any(c.lower_ in {"ex", "late", "former"} for c in noun.children):
                continue
            source = self._antecedents.get(owner.i) or self._names.strong(owner)
            for token in _names_of(noun):
                named = self._names.strong(token)
                if source is not None and named is not None and token.i in inside and token.pos_ == "PROPN":
                    yield Edge(source, kind, _as(named, "Person" if kind != "has_pet" else "Animal"), _KIN)

    def _titles(self, clause: Clause, subject: EntityDraft, reading: Reading) -> Iterator[Edge]:
        """What "be" says of a person: age, job, allergy, diet."""
        verb = clause.head
        if reading.negated or reading.past or subject.type not in {"Person", "Thing"}:
            return
        for child in verb.children:
            if verb.lemma_ in {"be", "become"} and child.dep_ in {"attr", "acomp"}:
                yield from self._being(child, subject)
            if verb.lemma_ == "turn" and child.pos_ == "NUM" and child.text.isdigit():
                yield Edge(subject, "age", EntityDraft(name=child.text, type="Number"), _TYPED, change=True)

    def _being(self, said: Token, subject: EntityDraft) -> Iterator[Edge]:
        if said.lower_ in {"vegan", "vegetarian", "pescatarian"}:
            yield Edge(subject, "diet", EntityDraft(name=said.lower_, type="Diet"), _TYPED)
        if said.lower_ == "old":
            for number in (t for t in said.subtree if t.pos_ == "NUM" and t.text.isdigit()):
                yield Edge(subject, "age", EntityDraft(name=number.text, type="Number"), _TYPED)
        if said.lower_ == "allergic":
            for link, head in _arguments(said):
                for token in _joined(head) if link == "to" else ():
                    if (entity := self._entity(token)) is not None:
                        yield Edge(subject, "allergic_to", _as(entity, "Thing"), _TYPED)
        if (
            said.pos_ == "NOUN"
            and said.lower_.endswith(_TRADES)
            and any(c.lower_ in {"a", "an"} for c in said.children)
        ):
            if (entity := self._names.weak(said)) is not None:
                yield Edge(subject, "job_title", _as(entity, "Occupation"), 0.7)

    def _anchored(
        self, clause: Clause, words: Sequence[Token], subject: EntityDraft, reading: Reading, known: Sequence[Edge]
    ) -> Iterator[Edge]:
        """An edge from the subject to every name of the clause that no construction has reached."""
        reached = {e.target.name for e in known} | {e.source.name for e in known} | {subject.name}
        within = {t.i for t in clause.subject}
        for token in words:
            entity = self._names.strong(token)
            if entity is None or token.i in within or entity.name in reached:
                continue
            reached.add(entity.name)
            label, confidence = _label(token, clause)
            yield Edge(subject, _marked(label, reading), entity, confidence)


_TRADES = (
    "teacher", "engineer", "nurse", "doctor", "lawyer", "artist", "designer", "developer", "writer", "manager", "analyst",
    "scientist", "chef", "baker", "student", "counselor", "therapist", "accountant", "programmer", "musician", "dancer",
    "actor", "actress", "photographer", "journalist", "plumber", "electrician", "carpenter", "pilot", "professor", "architect",
    "librarian", "mechanic", "farmer", "firefighter", "paramedic", "consultant", "instructor", "coach", "director", "editor",
    "veterinarian", "pharmacist", "dentist", "barista", "waiter", "waitress", "freelancer", "researcher", "psychologist",
    "translator", "marketer", "entrepreneur", "banker", "driver", "surgeon", "intern", "painter", "singer", "author",
)  # fmt: skip


def _as(entity: EntityDraft, kind: str) -> EntityDraft:
    """The entity as an end of a relation: not a mere search key, and typed where its type was open."""
    return EntityDraft(
        name=entity.name, type=kind if entity.type == "Thing" or kind in {"Person", "Animal"} else entity.type
    )


def _arguments(verb: Token) -> Iterator[tuple[str, Token]]:
    for child in verb.children:
        if child.dep_ in {"dobj", "attr", "acomp", "dative", "oprd"}:
            yield child.dep_, child
        elif child.dep_ == "xcomp" and child.tag_ == "VBG":
            yield "xcomp", child
        elif child.dep_ in {"prep", "agent"}:
            yield from ((child.lower_, c) for c in child.children if c.dep_ in {"pobj", "pcomp"})
            yield from (
                (f"{child.lower_} {p.lower_}", c) for p in child.children if p.dep_ == "prep" for c in p.children
            )
        elif child.dep_ in {"advmod", "prt"}:
            yield from (
                (p.lower_, c) for p in child.children if p.dep_ == "prep" for c in p.children if c.dep_ == "pobj"
            )


def _joined(token: Token) -> Iterator[Token]:
    """A noun and those coordinated with it."""
    yield token
    for child in token.children:
        if child.dep_ == "conj" and child.pos_ in {"NOUN", "PROPN"}:
            yield from _joined(child)


def _fitting(
    token: Token, entity: EntityDraft | None, targets: Sequence[str], words: dict[str, frozenset[str]]
) -> EntityDraft | None:
    """The entity as the pattern's target, or None when its type does not fit."""
    lemma = token.lemma_.lower()
    for target in targets:
        if target in words:
            if lemma in words[target] and entity is not None:
                return _as(
                    entity,
                    {"pet": "Animal", "workplace": "Organisation", "school": "Organisation"}.get(target, "Thing"),
                )
        elif entity is None:
            if target == "noun" and token.tag_ == "VBG":
                return EntityDraft(name=cleaned(" ".join(t.text for t in token.subtree if t.i >= token.i)[:60]).lower())
        elif target == "noun" and entity.weak:
            return _as(entity, "Thing")
        elif not entity.weak and (
            entity.type == target or (target == "named" and entity.type != "Person" or entity.type == "Thing")
        ):
            return _as(entity, targets[0] if targets[0][0].isupper() else "Thing")
    return None


def _phase(pattern: _Pattern, change: bool, reading: Reading) -> str:
    if reading.negated:
        return pattern.negative or ("" if change else f"not_{pattern.type}")
    if reading.modality == "planned":
        return f"plans_{pattern.type}" if not pattern.type.startswith("plans") else pattern.type
    if reading.modality in {"ended", "past"} and not change:
        return pattern.past or pattern.type
    return pattern.type


def _names_of(noun: Token) -> Iterator[Token]:
    yield from (c for c in noun.children if c.dep_ in {"appos", "compound", "nmod"})
    if noun.dep_ in {"compound", "nmod", "appos"}:
        yield noun.head
    verb = noun.head
    if noun.dep_ == "attr" and verb.lemma_ == "be" and (subject := subject_of(verb)) is not None:
        yield subject
    if noun.dep_ == "nsubj" and verb.lemma_ == "be":
        yield from (c for c in verb.children if c.dep_ == "attr")
    if noun.dep_ == "poss" and noun.head.lower_ == "name" and noun.head.head.lemma_ == "be":
        yield from (c for c in noun.head.head.children if c.dep_ == "attr")


def _label(token: Token, clause: Clause) -> tuple[str, float]:
    """The verb that governs a name, with its preposition, and how much the edge is worth."""
    link, steps = "", 0
    while token.head.i != token.i and not is_verb(token):
        if token.dep_ == "prep" or (token.dep_ == "agent"):
            link = token.lower_
        if token.dep_ == "poss":
            link = "of"
        token = token.head
        steps += 1
    if not is_verb(token):
        return "related_to", _VAGUE
    particle = next((c.lower_ for c in token.children if c.dep_ == "prt"), "")
    label = "_".join(part for part in (token.lemma_.lower(), particle, link) if part)
    far = token.i != clause.head.i or steps > 3
    return label, _VAGUE if far or (token.lemma_ in _LIGHT and not link) else _ANCHORED


def _marked(label: str, reading: Reading) -> str:
    if reading.negated:
        return relation_type(f"not {label}")
    if reading.modality == "planned":
        return relation_type(f"plans to {label}")
    return relation_type(label)
