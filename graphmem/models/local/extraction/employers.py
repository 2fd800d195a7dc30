"""Who employs whom, and where companies sit: "got a job at Acme", "Acme hired me", "Acme's head office is in Lyon"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause
from graphmem.models.local.extraction.bonds import Edge
from graphmem.models.local.extraction.constructions import Reading, is_occupation, retyped
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.parsing import arguments, is_contrast, joined
from graphmem.models.local.extraction.persons import Persons
from graphmem.values import EntityDraft

if TYPE_CHECKING:
    from spacy.tokens import Token

_TYPED = 0.85
_JOBS = {"job", "position", "role", "internship", "gig", "offer"}


class Employers:
    """Reads employers and seats of companies in the clauses of one text."""

    def __init__(self, names: Names, persons: Persons, antecedents: dict[int, EntityDraft]) -> None:
        self._names = names
        self._persons = persons
        self._antecedents = antecedents

    def jobs(self, verb: Token, subject: EntityDraft, reading: Reading) -> Iterator[Edge]:
        """An employer that hangs on a noun: "got a job at Google", "is a teacher at Hill School"."""
        jobs = [
            t for _, head in arguments(verb) for t in joined(head) if t.lower_ in _JOBS or is_occupation(t, bare=True)
        ]
        if not jobs or reading.negated or reading.modality in {"planned", "ended"}:
            return
        gained = verb.lemma_ in {"get", "land", "start", "accept", "take", "begin", "secure", "become"}
        over = reading.past and not gained
        for title in (
            c for j in jobs if j.lower_ in _JOBS for link, c in arguments(j) if link == "as" and c.pos_ == "NOUN"
        ):
            if (named := self._names.weak(title)) is not None:
                yield Edge(subject, "job_title", retyped(named, "Occupation"), _TYPED, gained)
        for holder in (*jobs, verb):
            for link, token in arguments(holder):
                entity = self._names.strong(token)
                if (
                    link in ({"at"} if holder is verb else {"at", "with", "for"})
                    and entity is not None
                    and token.pos_ == "PROPN"
                ):
                    kind = "worked_at" if over else "works_at"
                    yield Edge(subject, kind, retyped(entity, "Organisation"), _TYPED, gained)

    def hired(self, clause: Clause, reading: Reading) -> Iterator[Edge]:
        """Seen from the employer: "Oracle hired me"."""
        verb, firm = clause.head, clause.subject_head
        company = self._names.strong(firm) if firm is not None and firm.pos_ == "PROPN" else None
        if verb.lemma_ not in {"hire", "employ", "recruit", "headhunt", "poach"} or company is None or reading.negated:
            return
        if reading.modality == "planned" or company.name in self._persons.names or _is_passive(verb):
            return
        for token in (t for c in verb.children if c.dep_ == "dobj" for t in joined(c)):
            who = self._antecedents.get(token.i) or self._names.strong(token)
            if who is not None and who.name != company.name:
                yield Edge(retyped(who, "Person"), "works_at", as_company(company), _TYPED, change=True)

    def seat(self, clause: Clause, subject: EntityDraft | None, reading: Reading) -> Iterator[Edge]:
        """Where a company has its head office: "Acme has its headquarters in Lyon", "Acme's head office is in Lyon"."""
        verb = clause.head
        if reading.negated or reading.modality not in {"asserted", "past"}:
            return
        change = verb.lemma_ in {"move", "relocate", "transfer", "open", "shift"}
        for seat in (t for t in clause.tokens if _is_seat(t)):
            its = next((c for c in seat.children if c.dep_ == "poss"), None)
            of = next((c for p in seat.children if p.lower_ == "of" for c in p.children), None)
            owner = of if of is not None else its
            company = subject if its is not None and its.lower_ in {"its", "their"} else self._strong_at(owner)
            place = self._place_of(seat, verb)
            if company is not None and place is not None and company.name != place.name:
                yield Edge(as_company(company), "headquartered_in", retyped(place, "Place"), _TYPED, change)

    def _place_of(self, seat: Token, verb: Token) -> EntityDraft | None:
        for holder in (seat, verb):
            for link, token in arguments(holder):
                named = self._names.strong(token) if token.pos_ == "PROPN" and not is_contrast(token) else None
                if named is not None and (link in {"in", "to", "at"} or (link == "attr" and verb.lemma_ == "be")):
                    return named
        return None

    def _strong_at(self, token: Token | None) -> EntityDraft | None:
        return None if token is None else self._names.strong(token)


def _is_seat(noun: Token) -> bool:
    """Headquarters, head office, main office."""
    if noun.lower_ in {"headquarters", "headquarter", "hq"}:
        return True
    main = any(c.lower_ in {"head", "main"} and c.dep_ in {"compound", "amod"} for c in noun.children)
    return main and noun.lower_ in {"office", "offices", "seat"}


def _is_passive(verb: Token) -> bool:
    return any(c.dep_ in {"auxpass", "nsubjpass"} for c in verb.children)


def as_company(entity: EntityDraft) -> EntityDraft:
    """The entity as the company that it must be."""
    return EntityDraft(name=entity.name, type="Organisation")
