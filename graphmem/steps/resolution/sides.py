"""A new fact and a known memory in one form, so that rules compare like with like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from graphmem.steps.linking import UNDATED, key
from graphmem.steps.relation_types import LASTING, relation_type
from graphmem.steps.resolution.matching import changed, is_moved
from graphmem.values import Candidate, Claim, LinkedFact, Modality, Triple

TRUST = ("tool", "assistant", "adopted", "user", "system")
"""From least to most; an unknown label counts as the least. adopted: taken over from another memory engine, whose
source is not known; what the user says now outranks it."""

_OF_PERSONS = frozenset(
    {"lives_in", "works_at", "work", "job", "relationship", "household", "studies_at", "age", "diet"}
)
"""Both must be persons, so two ids of one name come from an uncertain type, not from homonyms."""
_LEADING = re.compile(r"^(the|a|an|my|his|her|their|our|your|its|new|old|current|latest) ")
_SPELLINGS = (("favorite", "favourite"), ("color", "colour"), ("neighbor", "neighbour"))


@dataclass(frozen=True)
class Side:
    """One of the two facts of a comparison."""

    id: str
    text: str
    claims: tuple[Claim, ...]
    triples: tuple[Triple, ...]
    modality: Modality
    valid_from: datetime
    valid_to: datetime | None
    trust: str
    subject_id: str | None
    correction: bool = False
    names: tuple[tuple[str, str], ...] = ()
    subject: str = ""
    """Name of the subject, where it is known."""
    event: bool = False
    """It happened once; a state holds for a time."""
    speaker: str = ""
    """Who said it, where that is known."""

    def holds_at(self, moment: datetime) -> bool:
        """Whether its interval contains a moment."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

    @property
    def undated(self) -> bool:
        """Begins when it was said, for want of a date of its own."""
        return any(UNDATED in c.markers for c in self.claims)

    @property
    def void(self) -> bool:
        """Corrected or cut to nothing: it was never true."""
        return self.valid_to is not None and self.valid_to <= self.valid_from


def of_fact(fact: LinkedFact, trust: str = "user") -> Side:
    """The side of a fact that is about to be judged."""
    draft = fact.draft
    triples = (*fact.triples, *fact.over)
    if draft.modality == "ended":
        # "Ana's sister Zoe quit" leaves them sisters.
        stays = LASTING | {relation_type(r.type) for r in draft.relations if r.lasting}
        triples = tuple(t for t in triples if t.type not in stays)
    return Side(
        id=fact.memory_id, text=draft.text, claims=draft.claims, triples=triples,
        modality=draft.modality, valid_from=fact.valid_from, valid_to=fact.valid_to, trust=trust,
        subject_id=fact.subject_id, correction=draft.correction, subject=draft.subject or "",
        event=draft.kind == "episodic",
    )  # fmt: skip


def of_candidate(candidate: Candidate) -> Side:
    """The side of a known memory."""
    memory = candidate.memory
    return Side(
        id=memory.id, text=memory.text, claims=memory.claims, triples=candidate.triples, modality=memory.modality,
        valid_from=memory.valid_from or memory.recorded_at, valid_to=memory.valid_to, trust=memory.trust,
        subject_id=memory.subject_id, names=tuple(sorted(candidate.names.items())),
        subject=candidate.names.get(memory.subject_id or "", ""), event=memory.kind == "episodic",
        speaker=memory.speaker or "",
    )  # fmt: skip


def may_retire(new: Side, old: Side) -> bool:
    """Only a fact of at least the same trust may retire another."""
    return rank(new.trust) >= rank(old.trust)


def rank(trust: str) -> int:
    """How much a label of trust weighs."""
    return TRUST.index(trust) if trust in TRUST else -1


def untrusted(trust: str) -> bool:
    """Whether a source is less than an assistant."""
    return rank(trust) < rank("assistant")


@lru_cache(maxsize=16384)
def subject_key(text: str) -> str:
    """A subject as it is compared: no article, one spelling."""
    plain = key(text)
    while (shorter := _LEADING.sub("", plain)) != plain:
        plain = shorter
    plain = re.sub(r"\b(?:tele|mobile |cell )?phone number\b|\b(?:mobile|cell) number\b", "number", plain)
    plain = re.sub(r"(?<=['’]s )(new|old|current|latest|own) ", "", plain)
    for written, canonical in _SPELLINGS:
        plain = plain.replace(written, canonical)
    return plain


def same_subject(new: Side, new_claim: Claim, old: Side, old_claim: Claim) -> bool:
    """Whether two claims are about one subject.

    The main subject of a fact is an entity: equal ids join two spellings, different ids part two homonyms.
    """
    one, other = subject_key(new_claim.subject), subject_key(old_claim.subject)
    both_main = _is_main(new, new_claim) and _is_main(old, old_claim)
    if both_main and new.subject_id and old.subject_id:
        if new.subject_id == old.subject_id:
            return True
        if one == other:
            return new_claim.slot in _OF_PERSONS or old_claim.slot in _OF_PERSONS
    return bool(one) and (one == other or _named_again(new, new_claim, old, other))


def _named_again(new: Side, claim: Claim, old: Side, known: str) -> bool:
    """After Kim's own "my yoga class is on Mondays", a change to "the yoga class" is one to Kim's."""
    one = subject_key(claim.subject)
    told = claim.modality == "ended" or changed(claim) or is_moved(claim)
    return told and known == f"{key(old.speaker)}'s {one}" and key(new.text).startswith(f"the {one} ")


def _is_main(side: Side, claim: Claim) -> bool:
    first = side.claims[0].subject if side.claims else ""
    if side.subject and side.subject in side.text and key(side.subject) not in key(claim.subject):
        # "Dance has been Jon's passion" is about Jon, its clause is not.
        return False
    return bool(side.subject_id) and claim.subject == first and "'s " not in claim.subject


def about_same(new: Side, old: Side) -> bool:
    """Whether two facts have a subject in common, by id or by name."""
    if new.subject_id and old.subject_id and new.subject_id == old.subject_id:
        return True
    return any(same_subject(new, n, old, o) for n in new.claims for o in old.claims)
