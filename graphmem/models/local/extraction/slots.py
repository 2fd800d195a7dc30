"""What the claims of a fact say about its relations: a slot that is filled is a typed relation.

Claims and relations are read from the same sentence in two ways. Where they part, the claim knows more of verbs
("took a job at", "tied the knot with") and the relation more of names; here they are brought together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphmem.models.local.extraction.salience import TYPED
from graphmem.values import Claim, EntityDraft, FactDraft, Mention, RelationDraft

_SLOTS = {
    "lives_in": ("lives_in", "Place"),
    "works_at": ("works_at", "Organisation"),
    "studies_at": ("studies_at", "Organisation"),
    "job": ("job_title", "Occupation"),
}
"""Slot -> (relation, type of its value)."""
_BONDS = {"married": "married_to", "engaged": "engaged_to", "dating": "dating"}
_TARGETS = {
    "lives_in": "Place", "lived_in": "Place", "moved_from": "Place", "grew_up_in": "Place", "born_in": "Place",
    "works_at": "Organisation", "worked_at": "Organisation", "studies_at": "Organisation",
    "studied_at": "Organisation", "married_to": "Person", "engaged_to": "Person", "dating": "Person",
    "sibling_of": "Person", "parent_of": "Person", "child_of": "Person", "friend_of": "Person", "has_pet": "Animal",
    "job_title": "Occupation",
}  # fmt: skip
"""Relation -> the type that its target has, whatever the recogniser takes the name for."""
_OF_PERSONS = frozenset(
    ["works_at", "worked_at", "studies_at", "job_title", "married_to", "engaged_to", "dating", "age", "sibling_of"]
)
"""Relations that only a person can have."""
_CONFIDENCE = 0.8


_APPOINTMENTS = frozenset({"date", "until", "leaves_at", "arrives_at", "opens_at", "closes_at"})
"""An appointment lies ahead and holds all the same."""


def agreed(fact: FactDraft) -> FactDraft:
    """The fact with the relations that its claims state, its entities typed by them, and claims no surer than it."""
    fact = fact.model_copy(update={"claims": tuple(_unsure(c, fact) for c in fact.claims)})
    stated = [edge for claim in fact.claims if _holds(claim, fact) for edge in _edges(claim, fact)]
    known = {(r.type, r.target.casefold()) for r in fact.relations if r.confidence >= TYPED}
    fresh = [(r, kind) for r, kind in stated if (r.type, r.target.casefold()) not in known]
    taken = {r.target.casefold() for r, _ in stated}
    kept = [r for r in fact.relations if r.confidence >= TYPED or r.target.casefold() not in taken]
    named = {e.name for e in fact.entities}
    entities = (*fact.entities, *(EntityDraft(name=r.target, type=k) for r, k in fresh if r.target not in named))
    begins = fact.modality == "past" and bool(stated)
    return _typed(
        fact.model_copy(
            update={
                "relations": (*kept, *(r for r, _ in fresh)),
                "entities": entities,
                "modality": "asserted" if begins else fact.modality,
            }
        )
    )


def _unsure(claim: Claim, fact: FactDraft) -> Claim:
    """A claim of a plan is a plan, and nothing holds of what a fact calls over."""
    if fact.modality == "planned" and claim.slot in _APPOINTMENTS:
        return claim
    if fact.modality in {"planned", "hypothetical"} and claim.modality == "asserted":
        return claim.model_copy(update={"modality": fact.modality})
    if fact.modality == "ended" and claim.modality == "asserted" and claim.affirmed and claim.slot:
        return claim.model_copy(update={"modality": "ended"})
    return claim


def _holds(claim: Claim, fact: FactDraft) -> bool:
    return (
        claim.affirmed
        and claim.modality == "asserted"
        and fact.modality in {"asserted", "past"}
        and fact.subject is not None
        and claim.subject.casefold() == fact.subject.casefold()
        and ("weak" not in claim.markers or claim.slot == "job")
    )


def _edges(claim: Claim, fact: FactDraft) -> Iterator[tuple[RelationDraft, str]]:
    kind, target, value = "", "", claim.value
    if claim.slot in _SLOTS:
        kind, target = _SLOTS[claim.slot]
    elif claim.slot == "relationship":
        bond, _, value = claim.value.partition(" ")
        kind, target = _BONDS.get(bond, ""), "Person"
    if f"'s {value}".casefold() in fact.text.casefold():
        return  # "Tim is maria's manager" is no trade of Tim's
    if kind and value and fact.subject is not None and value.casefold() != fact.subject.casefold():
        name = _known(value, fact.entities)
        yield RelationDraft(source=fact.subject, type=kind, target=name, confidence=_CONFIDENCE), target


def _known(value: str, entities: Iterable[EntityDraft]) -> str:
    """The entity that a claim's value means: the words of both may differ by an article or a case."""
    wanted = value.casefold()
    names = [e.name for e in entities]
    same = next((n for n in names if n.casefold() == wanted), None)
    return same or next((n for n in names if n.casefold() in wanted and n[:1].isupper()), value)


def _typed(fact: FactDraft) -> FactDraft:
    types = {r.target: _TARGETS[r.type] for r in fact.relations if r.type in _TARGETS}
    types |= {r.source: "Person" for r in fact.relations if r.type in _OF_PERSONS}
    return fact.model_copy(update={"entities": tuple(_as(e, types.get(e.name)) for e in fact.entities)})


def _as(entity: EntityDraft, kind: str | None) -> EntityDraft:
    if kind is None or entity.type == kind:
        return entity
    return entity.model_copy(update={"type": kind, "weak": False})


def same_types(facts: Sequence[FactDraft], mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions, each name typed as the facts of its message have it, unless they disagree."""
    found: dict[tuple[int, str], set[str]] = {}
    for fact in facts:
        for entity in fact.entities:
            found.setdefault((fact.message, entity.name), set()).add(entity.type)
    return [_mention(m, found.get((m.message, m.entity.name), set())) for m in mentions]


def _mention(mention: Mention, types: set[str]) -> Mention:
    kind = next(iter(types)) if len(types) == 1 else None
    if kind is None or mention.entity.weak:
        return mention
    return mention.model_copy(update={"entity": _as(mention.entity, kind)})
