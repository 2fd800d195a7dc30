"""Types of entities: which are sure, which are noise, and when two names of different types are homonyms.

A recogniser calls Maria a group today and a person tomorrow. Such a disagreement must not split her:

- A type is sure when a relation or a slot of the fact asserts it: whoever lives, works or has kin is a Person, where
  somebody lives is a Place, where somebody works is an Organisation. A sure type takes the place of another one.
- For a name of one capitalised word, Person, Group, Organisation, Product, Work and Event may all be one entity, and
  so may an Organisation and a Place unless the later one is surely an Organisation.
- A Person and a Place stay two (Paris the sister and Paris the city), and so do all other pairs of types.
"""

from __future__ import annotations

from collections.abc import Mapping

from graphmem.steps.relation_types import relation_type
from graphmem.values import EntityDraft, FactDraft

_GUESSED = frozenset({"Person", "Group", "Organisation", "Product", "Work", "Event"})
"""Types that recognisers take for one another in a bare name."""
_SURE_FROM = 0.7
"""Confidence of a relation from which on it says what its ends are."""
_BOUND = frozenset({"sibling_of", "parent_of", "child_of", "married_to", "engaged_to", "dating", "friend_of"})
_PERSONAL = frozenset({"lives_in", "works_at", "job_title", "studies_at", "speaks", "born_in", "grew_up_in"})
_ENDS: Mapping[str, str] = {
    "lives_in": "Place", "born_in": "Place", "grew_up_in": "Place", "moved_from": "Place", "works_at": "Organisation",
    "worked_at": "Organisation", "studies_at": "Organisation",
}  # fmt: skip
_SLOTS = frozenset({"lives_in", "works_at", "job", "relationship", "household", "studies_at"})


def compatible(one: str, other: str, *, name: str = "", weak: bool = False, sure: bool = False) -> bool:
    """Whether a known entity of type `one` can be what a draft of type `other` means; see the rule above.

    `name` is the name that both bear, `weak` says that one is only a search key, `sure` that a fact asserts `other`.
    """
    if weak or one == other or "Thing" in (one, other):
        return True
    if " " in name or not name[:1].isupper():
        return False
    if one in _GUESSED and other in _GUESSED:
        return True
    return {one, other} == {"Organisation", "Place"} and not (sure and other == "Organisation")


def asserted(fact: FactDraft) -> dict[str, str]:
    """Name -> the type that the relations and slots of a fact assert of it. Contradictions assert nothing."""
    found: dict[str, set[str]] = {}
    for relation in (r for r in fact.relations if r.confidence >= _SURE_FROM):
        kind = relation_type(relation.type)
        if kind in _BOUND | _PERSONAL:
            found.setdefault(relation.source, set()).add("Person")
        end = "Person" if kind in _BOUND else _ENDS.get(kind)
        if end is not None:
            found.setdefault(relation.target, set()).add(end)
    for claim in fact.claims:
        if claim.slot in _SLOTS and "'s " not in claim.subject:
            found.setdefault(claim.subject, set()).add("Person")
    return {name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1 and name[:1].isupper()}


def settled(fact: FactDraft) -> FactDraft:
    """The fact with its entities typed by what it asserts; types that no recogniser guesses are left alone."""
    sure = asserted(fact)
    entities = tuple(_retyped(e, sure) for e in fact.entities)
    return fact if entities == fact.entities else fact.model_copy(update={"entities": entities})


def _retyped(entity: EntityDraft, sure: Mapping[str, str]) -> EntityDraft:
    kind = sure.get(entity.name)
    if kind is None or entity.weak or entity.type not in _GUESSED | {"Place", "Thing"}:
        return entity
    return entity.model_copy(update={"type": kind})
