"""What puts an end to a fact: another value of its slot, an ending, the opposite, a thing of its kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from graphmem.steps.linking import key
from graphmem.steps.relation_types import cardinality, mirrored
from graphmem.steps.resolution.appointments import appointment, other_times
from graphmem.steps.resolution.finding import Finding
from graphmem.steps.resolution.matching import (
    adds,
    brief,
    calls_off,
    changed,
    contradicts,
    ends,
    head,
    is_moved,
    is_outing,
    resumes,
    same_kind,
    same_object,
    same_predicate,
    verb,
    weekly,
)
from graphmem.steps.resolution.sides import (
    Side,
    same_subject,
    subject_key,
)
from graphmem.steps.resolution.words import content, overlap, stem
from graphmem.values import Claim, Triple, Value


class Settings(Value):
    """How careful the rules are. Cosines are between the two fact sentences."""

    same_from: float = 0.9
    """Equal claims in other words are one fact from this cosine on."""
    revise_from: float = 0.7
    undecided_from: float = 0.5
    """Pairs that speak of a change are left to a model from this cosine on."""
    alike_from: float = 0.85
    """Any two facts of one subject are left to a model from this cosine on: they may be one."""
    confident: float = 0.6
    """A triple below this confidence retires nothing."""
    cardinality: Mapping[str, Literal["one", "many"]] = Field(default_factory=dict)
    """Relation type or slot -> how many values hold at a time; wins over the shipped tables."""


def relation(new: Side, old: Side, settings: Settings) -> Finding | None:
    """What the later of two facts does to the earlier one: nothing, takes its place, or ends it."""
    dropped = _dropped_plan(new, old)
    if dropped is not None:
        return dropped
    if _is_silent(new) or _is_silent(old):
        return None
    if new.claims and old.claims:
        return _by_claims(new, old, settings) or _same_tie_ended(new, old, settings)
    return _by_triples(new, old, settings)


def _same_tie_ended(new: Side, old: Side, settings: Settings) -> Finding | None:
    """Whatever the words: a fact that something is over ends the very relation that it names."""
    if new.modality != "ended" or old.modality != "asserted":
        return None
    found = _by_triples(new, old, settings)
    return found if found is not None and found.kind == "ends" else None


def _dropped_plan(new: Side, old: Side) -> Finding | None:
    """A plan is over when it is called off, whatever else the rules make of plans."""
    later = {c.object for c in new.claims if c.object_type == "date"}
    if later and later.isdisjoint(c.object for c in old.claims if c.object_type == "date"):
        return None
    for n in new.claims:
        for o in old.claims:
            if o.modality != "planned":
                continue
            whole = n.subject if "ends subject" in n.markers and not n.object and "'s " not in n.subject else ""
            if (calls_off(n, o) and same_subject(new, n, old, o)) or (whole and is_outing(whole, o)):
                return Finding("ends", f"called off: {n.object or n.predicate}")
    return None


_SCHEDULED = frozenset(
    {"date", "until", "leaves_at", "arrives_at", "opens_at", "closes_at", "amount", "where", "value"}
)


def _is_silent(side: Side) -> bool:
    """Whether the modality of a whole fact keeps it out. Claims, where there are any, know each clause better:
    "moved to Austin" is a past event that sets a present state, and an appointment lies in the future.
    """
    if side.modality == "past":
        return not side.claims
    if side.modality == "planned":
        return not any(c.slot in _SCHEDULED and c.modality == "asserted" for c in side.claims)
    return side.modality == "hypothetical"


def _by_claims(new: Side, old: Side, settings: Settings) -> Finding | None:
    for n in new.claims:
        for o in old.claims:
            if n.modality in {"planned", "hypothetical", "past"} or o.modality in {"planned", "hypothetical", "past"}:
                continue
            found = _claim_pair(new, n, old, o, settings)
            if found is not None:
                return found
    return None


def _claim_pair(new: Side, n: Claim, old: Side, o: Claim, settings: Settings) -> Finding | None:
    if not same_subject(new, n, old, o):
        return _named_end(n, o) or appointment(new, n, old, o)
    if n.modality == "ended":
        return _ending(n, o)
    if o.modality == "ended":
        return Finding("replaces", f"taken up again: {o.object or o.predicate}") if resumes(n, o) else None
    return _slot(n, o, settings) or _opposite(new, n, o) or _change(new, n, old, o) or other_times(new, n, old, o)


def _named_end(n: Claim, o: Claim) -> Finding | None:
    """After "Rex passed away", "Walt has a dog named Rex" is over, though the subjects differ."""
    bare = n.modality == "ended" and "ends subject" in n.markers and not n.object
    if bare and n.subject[:1].isupper() and " " not in n.subject and n.subject in o.object.split() and o.affirmed:
        named = f"named {n.subject}" in o.object or f"called {n.subject}" in o.object
        return Finding("ends", f"{n.subject} is no more") if named else None
    return None


_FAMILIES: Mapping[str, frozenset[str]] = {
    "work": frozenset({"works_at", "job", "work"}),
    "relationship": frozenset({"relationship"}),
    "pregnant": frozenset({"pregnant"}),
    "home": frozenset({"lives_in"}),
    "studies": frozenset({"studies_at"}),
}


def _ending(n: Claim, o: Claim) -> Finding | None:
    if o.modality != "asserted" or not o.affirmed:
        return None
    what = n.object or n.predicate or (n.slot or "").replace("_", " ")
    reason = Finding("ends", f"has ended: {what}")
    if "ends subject" in n.markers and not n.object:
        proper = n.subject[:1].isupper() and "'s " not in n.subject
        return None if proper else reason
    if n.slot and o.slot in _FAMILIES.get(n.slot, frozenset()):
        if o.value in {"none", "single"} or (o.slot == "job" and o.predicate == "be"):
            return None
        if n.slot == "relationship" and not n.object and not o.value.startswith("married"):
            return None
        if not n.object or overlap(content(n.object), content(f"{o.value} {o.object}")):
            return reason
    return reason if ends(n, o) else None


def _slot(  # noqa: PLR0911 - one return a rule
    n: Claim, o: Claim, settings: Settings
) -> Finding | None:
    attitude = (n.slot or "").startswith("attitude")
    if not n.slot or n.slot != o.slot or n.modality != "asserted" or not (attitude or (n.affirmed and o.affirmed)):
        return _across_slots(n, o)
    if attitude and not same_object(n.object, o.object):
        return None
    if n.slot == "value" and not _one_value(n, o):
        return None
    added = adds(n) and not (n.slot == "date" and weekly(n))
    if settings.cardinality.get(n.slot) == "many" or "weak" in n.markers or added or brief(n):
        return None
    if n.slot == "date" and n.object_type != o.object_type:
        return None
    if n.slot == "diet" and not _diets_clash(n.value.casefold(), o.value.casefold()):
        return None
    if n.slot == "amount" and _unit(n.value) != _unit(o.value) and _unit(n.value) and _unit(o.value):
        return None
    if n.slot == "where" and n.value[:1].isupper() != o.value[:1].isupper():
        return None
    before, after = content(o.value) or (key(o.value),), content(n.value) or (key(n.value),)
    if (
        not o.value
        or not n.value
        or len(overlap(before, after)) == len(before)
        or len(overlap(after, before)) == len(after)
    ):
        return None
    label = subject_key(n.subject) if n.slot == "value" else n.slot.split(":")[0].replace("_", " ")
    return Finding("replaces", f"{label} has one value at a time: {o.value} ended when {n.value} began")


_DIETS: Mapping[str, frozenset[str]] = {
    "vegan": frozenset(),
    "vegetarian": frozenset({"cheese", "egg", "dairy"}),
    "pescatarian": frozenset({"cheese", "egg", "dairy", "fish", "seafood"}),
}


def _diets_clash(one: str, other: str) -> bool:
    """Two diets, or a diet and a food that it excludes."""
    if one in _DIETS and other in _DIETS:
        return one != other
    return (one in _DIETS and other not in _DIETS[one]) or (other in _DIETS and one not in _DIETS[other])


def _unit(value: str) -> str:
    words = [w for w in content(value) if not w[0].isdigit()]
    return words[-1] if words else ""


_ONE_VALUED = re.compile(
    r"(?i)\b(favourite|favorite|name|nickname|number|email|e-mail|address|password|username|size|colour|color)\b"
)


def _one_value(n: Claim, o: Claim) -> bool:
    """Whether an attribute ("Eli's car is …") can have only one of two values."""
    if _ONE_VALUED.search(n.subject) or changed(n) or n.predicate in {"change", "update", "become"}:
        return n.object_type == o.object_type or _ONE_VALUED.search(n.subject) is not None or changed(n)
    return n.object_type == o.object_type and n.object_type not in {"thing", "role", "person"}


_FINDS = frozenset({"get", "find", "land", "bag", "secure", "win", "nab", "snag", "score", "accept", "take", "start"})
_WORK = frozenset(stem(w) for w in ("job", "work", "position", "role", "employment"))


def _across_slots(n: Claim, o: Claim) -> Finding | None:
    """Work of any kind ends being out of work."""
    reached = n.slot == "contact" and (o.slot or "").startswith("contact:") and n.object_type == o.object_type
    if reached and changed(n) and n.affirmed and not adds(n) and n.value != o.value and n.modality == "asserted":
        return Finding("replaces", f"reached otherwise now: {n.value}")
    hours = n.slot == "date" and o.slot in {"leaves_at", "arrives_at"} and n.object_type == o.object_type
    if hours and is_moved(n) and n.value != o.value:
        return Finding("replaces", f"moved to another hour: {n.value}")
    sought = verb(o) in {"look", "search", "hunt", "apply"} and o.predicate.endswith(" for")
    found = n.slot in {"works_at", "work"} and n.value != "none" and n.affirmed and verb(n) in _FINDS
    if found and sought and head(o.object) in _WORK and n.modality == "asserted":
        return Finding("replaces", f"has found what was looked for: {n.value}")
    works = n.slot in {"works_at", "work"} and n.value != "none" and n.affirmed and "weak" not in n.markers
    if works and o.slot == "work" and o.value == "none" and n.modality == "asserted":
        return Finding("replaces", f"no longer out of work: {n.value}")
    return None


def _opposite(new: Side, n: Claim, o: Claim) -> Finding | None:
    if (
        not contradicts(n, o)
        or brief(n)
        or ((n.slot or "").startswith("attitude") and n.slot == o.slot and n.value == o.value)
    ):
        return None
    narrower = [c for c in new.claims if c.predicate.startswith(f"{n.predicate} ") and c.object_type != "date"]
    if narrower and not changed(n):
        return None
    return Finding("replaces", f"says the opposite of: {o.predicate} {o.object}".rstrip())


def _change(new: Side, n: Claim, old: Side, o: Claim) -> Finding | None:
    """A change marker lets another thing of the same kind take the place of the old one."""
    if adds(n) or brief(n) or not n.affirmed or not o.affirmed or not same_kind_or_purpose(new, n, old, o):
        return None
    switched = n.predicate == "switch to" and not (o.slot or "").startswith("attitude")
    shift = n.object_type == o.object_type == "shift"
    if switched or (changed(n) and (shift or same_predicate(n.predicate, o.predicate)) and n.object):
        return Finding("replaces", f"{n.object} took the place of {o.object}")
    return None


def same_kind_or_purpose(new: Side, n: Claim, old: Side, o: Claim) -> bool:
    """Objects of one kind, or used for one purpose ("for Python")."""
    if same_kind(n, o):
        return True
    if not n.object or not o.object or same_object(n.object, o.object):
        return False
    purposes = [c.object for c in new.claims if c.predicate.endswith(" for")]
    return any(same_object(p, c.object) for p in purposes for c in old.claims if c.predicate.endswith(" for"))


# --- triples of an extractor that gives no claims ---------------------------------------------------------------------


def _by_triples(new: Side, old: Side, settings: Settings) -> Finding | None:
    names = dict(old.names)
    for n in (way for t in new.triples if t.confidence >= settings.confident for way in _both_ways(t)):
        for o in (way for t in old.triples for way in _both_ways(t)):
            if n.source_id != o.source_id or n.type != o.type:
                continue
            found = _triple_pair(new, n, old, o, settings, names)
            if found is not None:
                return found
    return None


def _both_ways(triple: Triple) -> tuple[Triple, ...]:
    """A triple, and as its target has it: whoever Ana is married to is married to Ana."""
    mirror = mirrored(triple.type)
    if mirror is None:
        return (triple,)
    turned = {"source_id": triple.target_id, "type": mirror, "target_id": triple.source_id}
    return triple, triple.model_copy(update=turned)


def _triple_pair(
    new: Side, n: Triple, old: Side, o: Triple, settings: Settings, names: Mapping[str, str]
) -> Finding | None:
    label = n.type.replace("_", " ")
    target = names.get(o.target_id, "the former value")
    if n.target_id == o.target_id:
        if new.modality == "ended" and old.modality == "asserted":
            return Finding("ends", f"has ended: {label} {target}")
        if new.modality == "asserted" and old.modality == "ended":
            return Finding("replaces", f"taken up again: {label} {target}")
        return None
    if new.modality == "asserted" == old.modality and cardinality(n.type, settings.cardinality) == "one":
        return Finding("replaces", f"{label} has one value at a time: {target} ended when another began")
    return None
