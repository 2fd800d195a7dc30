"""Typed relations of a clause: known constructions first, then an edge to each name that the clause holds.

An anchored edge (clause subject -> name, labelled with the verb) says that the two have to do with each other, and
how sure it is; constructions in `patterns.toml` and kin terms ("my sister Ann") give the named types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import SUBJECTS, Clause, finite_of, is_verb, subject_of
from graphmem.models.local.extraction.bonds import Bonds, Edge
from graphmem.models.local.extraction.constructions import (
    Reading,
    data,
    fitting,
    is_occupation,
    kin_terms,
    phase,
    retyped,
)
from graphmem.models.local.extraction.employers import Employers, as_company
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.modality import is_arranged
from graphmem.models.local.extraction.parsing import arguments, called, governor, is_contrast, joined, label
from graphmem.models.local.extraction.persons import Persons
from graphmem.models.local.language import word_list
from graphmem.steps.relation_types import relation_type
from graphmem.values import EntityDraft

if TYPE_CHECKING:
    from spacy.tokens import Token

_TYPED, _KIN, _ANCHORED, _VAGUE = 0.85, 0.9, 0.45, 0.3
_LIGHT = {"have", "be", "do", "get", "make", "take", "go", "come", "say", "know", "think", "see", "let", "give"}
_PLANS = {"go", "plan", "hope", "intend", "want", "expect", "aim", "prepare"}
_WISHES = {*_PLANS, "like", "love", "dream", "try", "wish", "need", "have", "decide"}
_HELD = {
    "employer": ("works_at", "Organisation"),
    "occupation": ("job_title", "Occupation"),
    "profession": ("job_title", "Occupation"),
    "hometown": ("from", "Place"),
}
"""Possession -> (relation, type of what it is)."""
_CONTACTS = {"email": "email", "phone": "phone", "number": "phone", "e-mail": "email"}
_WRITTEN = re.compile(r"[^\s@]+@[\w.-]+\w|[+(]?\d(?:[ ()./-]{0,2}\d){4,}")
_STATES = {
    "allergic": ("to", "allergic_to", "Thing"),
    "fan": ("of", "likes", "Thing"),
    "engaged": ("to", "engaged_to", "Person"),
    "married": ("to", "married_to", "Person"),
}
"""Word -> (preposition, relation, type of what follows)."""
_VAGUE_NOUNS = word_list("vague")
_TRADES = tuple(word_list("trades"))
_SEEN_AS = {"use", "see", "treat", "dress", "know", "regard", "describe", "disguise", "think", "start", "pose"}
"""Who is seen as a doctor need not be one."""
_BARE = {"dobj", "attr", "acomp", "dative", "oprd", "xcomp"}
_ASPECT = {"start", "begin", "continue", "keep", "resume", "try", "use", "get", "finish", "decide", "manage"}


class Relations:
    """Reads the relations of the clauses of one text."""

    def __init__(self, names: Names, persons: Persons, antecedents: dict[int, EntityDraft]) -> None:
        self._names = names
        self._persons = persons
        self._antecedents = antecedents
        self._bonds = Bonds(names, antecedents)
        self._employers = Employers(names, persons, antecedents)

    def of(self, clause: Clause, words: Sequence[Token], subject: EntityDraft | None, reading: Reading) -> list[Edge]:
        """The clause's relations, each pair of ends and type once."""
        inside = {t.i for t in words}
        edges = [
            *self._bonds.stated(words, subject, reading),
            *self._born(clause, subject, reading),
            *self._aliases(clause, subject),
            *self._possessions(clause),
            *self._employers.seat(clause, subject, reading),
        ]
        if reading.modality != "hypothetical":
            for verb in (t for t in words if is_verb(t)):
                holder = self._holder(verb, clause, subject)
                if holder is not None and not _is_supposed(verb, clause.head):
                    meant = _of_verb(verb, clause.head, reading)
                    edges += list(self._stated(verb, holder, meant, inside))
                    edges += [*self._employers.jobs(verb, holder, meant), *self._titles(verb, holder, meant)]
            edges += self._employers.hired(clause, reading)
            edges += self._anchored(clause, words, subject, reading, edges)
        best: dict[tuple[str, str, str], Edge] = {}
        for edge in edges:
            if edge.source.name.casefold() != edge.target.name.casefold():
                best.setdefault((edge.source.name, edge.type, edge.target.name), edge)
        return list(best.values())

    def _holder(self, verb: Token, clause: Clause, subject: EntityDraft | None) -> EntityDraft | None:
        """Who does what the verb says: its own subject, else that of the verb it hangs on without one."""
        while True:
            if verb.i == clause.head.i:
                return subject
            own = subject_of(verb)
            if own is not None:
                if verb.dep_ == "relcl" or own.lower_ in {"who", "which", "that"}:
                    return None
                return self._antecedents.get(own.i) or self._names.strong(own)
            if verb.dep_ not in {"conj", "xcomp"} or not is_verb(verb.head):
                return None
            if verb.dep_ == "xcomp" and verb.head.lemma_ not in _ASPECT | _PLANS:
                return None
            verb = verb.head

    def _stated(self, verb: Token, subject: EntityDraft, reading: Reading, inside: set[int]) -> Iterator[Edge]:
        for link, head in arguments(verb):
            for token in joined(head):
                if token.i not in inside or is_contrast(token):
                    continue
                edge = self._match(verb, link, token, subject, reading)
                if edge is not None:
                    each = [EntityDraft(name=self._names.spelled(t), type=edge.target.type) for t in called(token)]
                    yield from (replace(edge, target=named) for named in each or [edge.target])

    def _match(self, verb: Token, link: str, token: Token, subject: EntityDraft, reading: Reading) -> Edge | None:
        """The relation that the first fitting construction states."""
        found = self._construction(verb, link, token, reading)
        if found is None:
            return None
        kind, target, change = found
        if kind == "lives_in" and subject.type == "Organisation":
            kind = "headquartered_in"
        if reading.modality == "planned":
            kind = relation_type(f"plans to {label(verb, '' if link in _BARE else link)}")
        return Edge(subject, kind, target, _TYPED, change)

    def _possessions(self, clause: Clause) -> Iterator[Edge]:
        """What is said of something somebody has: "my favorite food is sushi", "my email is ..."."""
        head, verb = clause.subject_head, clause.head
        if head is None or verb.lemma_ != "be" or finite_of(verb) is None or verb.lower_ in {"was", "were"}:
            return
        owner = next(
            (self._antecedents.get(c.i) or self._names.strong(c) for c in head.children if c.dep_ == "poss"), None
        )
        said = next((c for c in verb.children if c.dep_ in {"attr", "dobj", "acomp"}), None)
        if owner is None or said is None or any(c.dep_ == "neg" for c in verb.children):
            return
        if head.lower_ not in _VAGUE_NOUNS and any(
            c.lower_ in {"favorite", "favourite", "fave"} for c in head.children
        ):
            target = self._entity(said) or (EntityDraft(name=said.text) if said.pos_ == "ADJ" else None)
            if target is not None and (
                said.pos_ == "PROPN" or not any(c.lower_ in {"the", "that"} for c in said.children)
            ):
                yield Edge(owner, relation_type(f"favourite {head.lemma_}"), retyped(target, "Thing"), _TYPED)
        elif head.lower_ in _HELD and (held := self._entity(said)) is not None:
            kind, end = _HELD[head.lower_]
            yield Edge(owner, kind, retyped(held, end), _TYPED)
        elif head.lower_ in _CONTACTS and (contact := _contact(said)):
            yield Edge(owner, _CONTACTS[head.lower_], EntityDraft(name=contact, type="Contact"), _TYPED)

    def _construction(
        self, verb: Token, link: str, token: Token, reading: Reading
    ) -> tuple[str, EntityDraft, bool] | None:
        entity = self._entity(token)
        patterns, lists, _ = data()
        for pattern in patterns:
            if verb.lemma_.lower() not in pattern.verbs or link not in pattern.links:
                continue
            target = fitting(token, entity, pattern.target, lists)
            if target is None:
                continue
            change = pattern.change or verb.lemma_.lower() in pattern.change_verbs or _begins(verb)
            kind = phase(pattern, change, reading)
            if kind:
                called = self._names.christened(token) if target.type in {"Animal", "Organisation"} else ""
                return kind, target.model_copy(update={"name": called}) if called else target, change
        return None

    def _entity(self, token: Token) -> EntityDraft | None:
        return self._antecedents.get(token.i) or self._names.strong(token) or self._names.weak(token)

    def _born(self, clause: Clause, subject: EntityDraft | None, reading: Reading) -> Iterator[Edge]:
        """Relatives that somebody has: "has a son, Hugo", "has a daughter called Mila"."""
        if subject is None or clause.head.lemma_ != "have" or reading.negated or reading.modality != "asserted":
            return
        for noun in (c for c in clause.head.children if c.dep_ == "dobj"):
            for said in (c for c in noun.children if c.dep_ == "appos" and noun.lower_ == "employer"):
                if (firm := self._names.strong(said)) is not None:
                    yield Edge(subject, "works_at", as_company(firm), _TYPED)
            kind = kin_terms().get(noun.lemma_.lower())
            called = self._names.christened(noun)
            beside = [self._names.spelled(t) for c in noun.children if c.dep_ == "appos" for t in joined(c)]
            for name in filter(None, [called, *beside]):
                if kind is not None and kind != "has_pet":
                    yield Edge(subject, kind, EntityDraft(name=name, type="Person"), _KIN)

    def _aliases(self, clause: Clause, subject: EntityDraft | None) -> Iterator[Edge]:
        """A nickname or a full name: "everyone calls me Liz", "my name is Elizabeth", "Bob, short for Robert"."""
        verb = clause.head
        if verb.lemma_ == "be" and clause.subject_head is not None and clause.subject_head.lower_ == "i":
            owner = self._names.strong(clause.subject_head)
            for said in (c for c in verb.children if c.dep_ == "attr" and c.pos_ == "PROPN"):
                named = self._names.strong(said)
                if named is not None and named.type == "Person" and not any(c.dep_ == "neg" for c in verb.children):
                    yield from _alias(owner, named.name)
        if verb.lemma_ in {"call", "name"} and (nickname := self._nickname(verb)) is not None:
            yield nickname
        head = clause.subject_head
        if verb.lemma_ == "be" and head is not None and head.lower_ in {"name", "nickname"}:
            owner = next((self._names.strong(c) for c in head.children if c.dep_ == "poss"), None)
            for said in (c for c in verb.children if c.dep_ == "attr" and c.pos_ == "PROPN"):
                yield from _alias(owner, self._names.spelled(said))
        for token in clause.tokens:
            if token.lower_ == "short" and token.i + 2 < len(token.doc) and token.nbor().lower_ == "for":
                yield from _alias(subject, self._names.spelled(token.nbor(2)))

    def _nickname(self, verb: Token) -> Edge | None:
        person = next(
            (c for c in verb.children if c.dep_ in {"dobj", "nsubj"} and c.lower_ in {"me", "him", "her"}), None
        )
        inner = next((c for c in verb.children if c.dep_ in {"ccomp", "oprd"} and c.pos_ == "PROPN"), None)
        if person is None and inner is not None:
            person = next((c for c in inner.children if c.lower_ in {"me", "him", "her"}), None)
        if person is None and verb.i + 2 < len(verb.doc) and verb.nbor().lower_ in {"me", "him", "her"}:
            person = verb.nbor()
        if person is None or person.i + 1 >= len(person.doc):
            return None
        owner = self._antecedents.get(person.i) or self._names.strong(person)
        said = person.nbor()
        return next(_alias(owner, self._names.spelled(said)), None) if said.pos_ == "PROPN" else None

    def _titles(self, verb: Token, subject: EntityDraft, reading: Reading) -> Iterator[Edge]:
        """What "be" says of a person: age, job, allergy, diet."""
        age = next((c for c in verb.children if c.pos_ == "NUM" and c.text.isdigit()), None)
        if verb.lemma_ == "turn" and age is not None and reading.modality != "planned" and not reading.negated:
            yield Edge(subject, "age", EntityDraft(name=age.text, type="Number"), _TYPED, change=True)
        if reading.negated or reading.modality in {"planned", "ended"} or subject.type in {"Place", "Organisation"}:
            return
        becomes = verb.lemma_ in {"become", "turn"} and not (verb.dep_ == "xcomp" and verb.head.lemma_ in _WISHES)
        for child in verb.children if becomes else ():
            if child.dep_ in {"attr", "acomp", "oprd", "dobj"} and is_occupation(child, bare=verb.lemma_ == "turn"):
                yield from self._occupation(child, subject, change=True)
        if reading.past or subject.type not in {"Person", "Thing"}:
            return
        for child in verb.children:
            if verb.lemma_ == "be" and child.dep_ in {"attr", "acomp"}:
                yield from self._being(child, subject)
        for holder in (verb, *(c for c in verb.children if c.dep_ == "dobj")) if verb.lemma_ not in _SEEN_AS else ():
            trades = (c for p in holder.children if p.lower_ == "as" for c in p.children if is_occupation(c))
            yield from (edge for noun in trades for edge in self._occupation(noun, subject))

    def _occupation(self, noun: Token, subject: EntityDraft, *, change: bool = False) -> Iterator[Edge]:
        if (entity := self._names.weak(noun)) is not None:
            yield Edge(subject, "job_title", retyped(entity, "Occupation"), 0.7, change)

    def _being(self, said: Token, subject: EntityDraft) -> Iterator[Edge]:
        word = said.lower_
        if word in {"vegan", "vegetarian", "pescatarian"}:
            yield Edge(subject, "diet", EntityDraft(name=word, type="Diet"), _TYPED)
        if word in {"single", "married", "divorced", "widowed"} and not any(c.dep_ == "prep" for c in said.children):
            yield Edge(subject, "marital_status", EntityDraft(name=word, type="Status"), _TYPED)
        if word == "old":
            for number in (t for t in said.subtree if t.pos_ == "NUM" and t.text.isdigit()):
                yield Edge(subject, "age", EntityDraft(name=number.text, type="Number"), _TYPED)
        if is_occupation(said):
            yield from self._occupation(said, subject)
        if word in _STATES:
            yield from self._bound(said, subject, *_STATES[word])

    def _bound(self, said: Token, subject: EntityDraft, link: str, kind: str, target: str) -> Iterator[Edge]:
        """What an adjective or noun ties to the subject: "allergic to nuts", "engaged to Sara", "a fan of Nirvana"."""
        for found, head in arguments(said):
            for token in joined(head) if found == link else ():
                entity = self._entity(token) if target == "Thing" else self._names.strong(token)
                if entity is None and target == "Thing" and token.tag_ in {"VB", "JJ", "VBP"} and token.dep_ == "conj":
                    entity = EntityDraft(name=token.text)
                if entity is not None:
                    yield Edge(subject, kind, retyped(entity, target), _TYPED)

    def _anchored(
        self,
        clause: Clause,
        words: Sequence[Token],
        subject: EntityDraft | None,
        reading: Reading,
        known: Sequence[Edge],
    ) -> Iterator[Edge]:
        """An edge from the subject to every name of the clause that no construction has reached."""
        reached = {e.target.name for e in known} | {e.source.name for e in known}
        within = {t.i for t in clause.subject}
        for token in words:
            entity = self._names.strong(token)
            if entity is None or token.i in within or entity.name in reached or token.dep_ in SUBJECTS | {"poss"}:
                continue
            if is_contrast(token):
                continue
            reached.add(entity.name)
            verb, link, steps = governor(token)
            holder = self._holder(verb, clause, subject) if verb is not None else None
            if (
                verb is None
                or holder is None
                or link in {"like", "as", "than"}
                or (verb.lemma_ in {"be", "let", "mean"} and not link)
            ):
                continue
            whole = self._names.whole(token) or entity
            far = verb.i != clause.head.i or steps > 3
            light = not link and verb.lemma_ in _LIGHT
            edge = _marked(label(verb, link), _of_verb(verb, clause.head, reading))
            yield Edge(holder, edge, whole, _VAGUE if far or light else _ANCHORED)


def _begins(verb: Token) -> bool:
    """Whether a verb above says that it begins: "started working"."""
    return verb.dep_ == "xcomp" and verb.head.lemma_ in {"start", "begin"}


def _contact(said: Token) -> str:
    """The whole number or address at a token, which the tokeniser may have cut up."""
    found = _WRITTEN.match(said.doc.text, min(said.idx, said.doc[said.left_edge.i].idx))
    return found.group() if found else ""


def _alias(owner: EntityDraft | None, name: str) -> Iterator[Edge]:
    if owner is not None and name:
        yield Edge(owner, "also_known_as", EntityDraft(name=name, type="Person"), _KIN)


def _is_supposed(verb: Token, head: Token) -> bool:
    """A verb below the clause's own that a condition or a modal makes unreal."""
    if verb.i == head.i:
        return False
    if verb.dep_ == "ccomp" and verb.head.lemma_ in {"hope", "wish", "wonder", "doubt", "imagine", "dream"}:
        return True
    return any(
        c.lower_ in {"if", "unless", "would", "'d", "’d", "could", "might", "should", "to"} for c in verb.children
    ) and (verb.dep_ != "xcomp" or verb.head.lemma_ not in _ASPECT | _PLANS)


def _of_verb(verb: Token, head: Token, reading: Reading) -> Reading:
    """The clause's reading, with the negation and tense of a verb below it."""
    if verb.i == head.i or verb.dep_ == "xcomp":
        return reading
    negated = any(c.dep_ == "neg" for c in verb.children)
    finite = finite_of(verb)
    past = finite is not None and finite.tag_ == "VBD"
    later = any(c.lower_ in {"will", "'ll", "’ll"} for c in verb.children) or is_arranged(verb)
    return Reading("planned" if later else "past" if past else "asserted", negated, past)


def _marked(label: str, reading: Reading) -> str:
    if reading.negated:
        return relation_type(f"not {label}")
    if reading.modality == "planned":
        return relation_type(f"plans to {label}")
    return relation_type(label)
