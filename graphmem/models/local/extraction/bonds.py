"""Who is what to whom: relatives, friends and pets by name, from "my sister Ann" and "Ann and I are friends".

"My brother Tom sold his car" tells of a sale and takes for granted that Tom is a brother: that holds in the past tense
and in questions, too. It goes with the fact that names it, or is one of its own where the rest is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import subject_of
from graphmem.models.local.extraction.constructions import Reading, kin_terms, retyped
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.parsing import joined, names_of
from graphmem.models.local.extraction.persons import possessive
from graphmem.values import EntityDraft

if TYPE_CHECKING:
    from spacy.tokens import Span, Token

_KIN = 0.9
_OVER = {"ex", "late", "former"}
_PLACED = {"appos", "compound", "nmod", "amod"}


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation between two entities, as the clause states it."""

    source: EntityDraft
    type: str
    target: EntityDraft
    confidence: float
    change: bool = False
    """Says that a state begins ("moved to"), so that the past tense does not mean it is over."""
    lasting: bool = False
    """Taken for granted, so that the tense of the sentence says nothing about it."""


@dataclass(frozen=True, slots=True)
class Bond:
    """What a sentence takes for granted, as a sentence of its own."""

    text: str
    edge: Edge
    words: tuple[Token, ...]
    ended: bool = False
    """The sentence says that it is over: the dog died."""


class Bonds:
    """Reads the bonds of one text."""

    def __init__(self, names: Names, antecedents: dict[int, EntityDraft]) -> None:
        self._names = names
        self._antecedents = antecedents

    def given(self, sentence: Span) -> Iterator[Bond]:
        """What a sentence takes for granted, whatever it says, asks or supposes: "my sister Ann", "Ann, my sister"."""
        for noun in sentence:
            kind, owner = kin_terms().get(noun.lemma_.lower()), self._owner(noun)
            if kind is None or owner is None or _is_over(noun):
                continue
            for token in _beside(noun):
                name = _written(token)
                if name and name.casefold() != owner.name.casefold() and not _is_denied(token):
                    over = _is_lost(noun, token)
                    edge = Edge(owner, kind, _somebody(name, kind), _KIN, lasting=not over)
                    text = f"{name} is {'no longer ' * over}{possessive(owner.name)} {noun.lower_}."
                    yield Bond(text, edge, (*_possessor(noun), noun, token), over)

    def pointed(self, sentence: Span, before: EntityDraft | None) -> Iterator[Bond]:
        """What is said of whoever was named in the sentence before: "You know Ann? That's my sister."."""
        verb = sentence.root
        head = subject_of(verb)
        if before is None or verb.lemma_ != "be" or head is None or head.lower_ not in {"that", "this"}:
            return
        for noun in (c for c in verb.children if c.dep_ == "attr"):
            kind, owner = kin_terms().get(noun.lemma_.lower()), self._owner(noun)
            if kind is not None and owner is not None and not _is_denied(noun) and not _is_over(noun):
                text = f"{before.name} is {possessive(owner.name)} {noun.lower_}."
                yield Bond(text, Edge(owner, kind, _somebody(before.name, kind), _KIN), (*_possessor(noun), noun))

    def stated(self, words: Sequence[Token], subject: EntityDraft | None, reading: Reading) -> Iterator[Edge]:
        """What the clause itself says: "Ann is my sister", "my sister's name is Ann", "is friends with Ann"."""
        inside = {t.i for t in words}
        for noun in words:
            kind = kin_terms().get(noun.lemma_.lower())
            if kind is None or _is_over(noun):
                continue
            owner = self._owner(noun)
            for token in names_of(noun) if owner is not None else ():
                if owner is None or token.i not in inside or token.pos_ != "PROPN" or token in set(_beside(noun)):
                    continue
                named = self._names.strong(token)
                if named is not None and not _is_denied(noun):
                    yield Edge(owner, kind, _somebody(named.name, kind), _KIN)
            if owner is None and not reading.negated and noun.tag_ == "NNS" and kind != "has_pet":
                yield from self._mutual(noun, kind, subject)

    def _mutual(self, noun: Token, kind: str, subject: EntityDraft | None) -> Iterator[Edge]:
        """Of plurals: "Ann and I are friends", "is friends with Ann", "made friends with Ann"."""
        verb = noun.head
        if noun.dep_ not in {"attr", "dobj", "acomp"} or verb.lemma_ not in {"be", "become", "make", "stay", "remain"}:
            return
        begins = verb.lemma_ in {"become", "make"}
        others = [
            self._strong(t) for p in (*noun.children, *verb.children) if p.lower_ == "with" for c in p.children
            for t in joined(c)
        ]  # fmt: skip
        for other in others:
            if subject is not None and other is not None and subject.name != other.name:
                yield Edge(_person(subject), kind, _person(other), _KIN, begins)
        head = subject_of(verb)
        if not others and head is not None and verb.lemma_ != "make":
            pair = (head, *(c for c in head.children if c.dep_ == "conj"))
            ends = [e for t in pair if (e := self._strong(t)) is not None]
            for one, other in combinations(ends, 2):
                yield Edge(_person(one), kind, _person(other), _KIN, begins)

    def _strong(self, token: Token) -> EntityDraft | None:
        return self._antecedents.get(token.i) or self._names.strong(token)

    def _owner(self, noun: Token) -> EntityDraft | None:
        """Whose it is: "my", "Ann's", "of mine"."""
        found = next((e for t in _possessor(noun) if (e := self._strong(t)) is not None), None)
        return None if found is None else _person(found)


def _possessor(noun: Token) -> tuple[Token, ...]:
    phrase = noun.head if noun.dep_ in {"compound", "nmod", "amod"} else noun
    owned = [c for n in (noun, phrase) for c in n.children if c.dep_ == "poss"]
    owned += [c for p in noun.children if p.lower_ == "of" for c in p.children if c.dep_ == "pobj"]
    return tuple(owned[:1])


def _beside(noun: Token) -> Iterator[Token]:
    """Names set beside a noun, some of which the parser takes for a subject or a verb of their own."""
    yield from (c for c in noun.children if c.dep_ in _PLACED and c.pos_ == "PROPN")
    if noun.dep_ in _PLACED and noun.head.pos_ == "PROPN":
        yield noun.head
    after = noun.nbor() if noun.i + 1 < len(noun.doc) else None
    if after is not None and _is_lone_name(after) and after.head != noun and noun.head != after:
        yield after


def _is_lone_name(token: Token) -> bool:
    return token.is_title and token.is_alpha and token.tag_ in {"NNP", "VBZ", "NN", "JJ"} and not token.is_stop


def _written(token: Token) -> str:
    """The name at a token with the family name behind it."""
    words = [token]
    while words[-1].i + 1 < len(token.doc) and words[-1].whitespace_ and _is_surname(words[-1].nbor()):
        words.append(words[-1].nbor())
    while words[0].i > 0 and words[0].nbor(-1).head == token and words[0].nbor(-1).dep_ == "compound":
        before = words[0].nbor(-1)
        if before.pos_ != "PROPN" or not before.is_title or before.is_sent_start:
            break
        words.insert(0, before)
    return " ".join(w.text for w in words)


def _is_surname(token: Token) -> bool:
    return (
        token.pos_ == "PROPN"
        and token.is_title
        and token.dep_ in {"appos", "flat", "compound", "nsubj", "dobj", "pobj"}
    )


def _is_over(noun: Token) -> bool:
    return any(c.lower_ in _OVER for c in noun.children) or (noun.i > 1 and noun.nbor(-2).lower_ == "ex")


def _is_lost(noun: Token, name: Token) -> bool:
    """Whether the sentence takes it away: "my dog Rex died", "gave my dog Rex away", "divorced my husband Tom"."""
    verb = noun
    while verb.head.i != verb.i and verb.pos_ not in {"VERB", "AUX"}:
        verb = verb.head
    if noun.dep_ in {"nsubj", "nsubjpass"} or name.dep_ in {"nsubj", "nsubjpass"}:
        after = {c.lower_ for c in verb.children}
        return verb.lemma_ in {"die", "perish"} or (verb.lemma_ == "pass" and bool(after & {"away", "on"}))
    if any(c.dep_ == "neg" for c in verb.children) or not {noun.dep_, name.dep_} & {"dobj", "pobj"}:
        return False
    particles = {c.lower_ for c in verb.children if c.dep_ in {"prt", "advmod", "prep"}}
    if verb.lemma_ in {"divorce", "dump", "rehome", "bury"}:
        return True
    pairs = {("give", "up"), ("give", "away"), ("break", "up"), ("split", "up"), ("put", "down"), ("part", "with")}
    return any((verb.lemma_, p) in pairs for p in particles)


def _is_denied(noun: Token) -> bool:
    """Whether it is what a negated verb says somebody is: "Ann is not my sister"."""
    verb = noun.head
    return noun.dep_ in {"attr", "nsubj"} and any(c.dep_ == "neg" or c.lower_ == "never" for c in verb.children)


def _somebody(name: str, kind: str) -> EntityDraft:
    return EntityDraft(name=name, type="Animal" if kind == "has_pet" else "Person")


def _person(entity: EntityDraft) -> EntityDraft:
    return retyped(entity, "Person")
