"""The rules: what a new fact does to one known fact, decided from their claims and triples alone.

They are conservative: a fact is retired only when the new one could stand in its place or says that it is over.
What they leave open and what lies near goes to `undecided`, for a model when there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from pydantic import Field

from graphmem.steps.linking import key
from graphmem.steps.relation_types import cardinality
from graphmem.steps.resolution.matching import (
    adds,
    brief,
    changed,
    contradicts,
    ends,
    resumes,
    same_kind,
    same_object,
    same_predicate,
)
from graphmem.steps.resolution.sides import (
    Side,
    about_same,
    may_retire,
    of_candidate,
    of_fact,
    same_subject,
    subject_key,
)
from graphmem.steps.resolution.words import content, overlap
from graphmem.values import Action, Candidate, Claim, LinkedFact, Moment, Triple, Value, Verdict

Relation = Literal["replaces", "ends"]


class Settings(Value):
    """How careful the rules are. Cosines are between the two fact sentences."""

    same_from: float = 0.9
    """Equal claims in other words are one fact from this cosine on."""
    revise_from: float = 0.7
    undecided_from: float = 0.6
    confident: float = 0.6
    """A triple below this confidence retires nothing."""
    cardinality: Mapping[str, Literal["one", "many"]] = Field(default_factory=dict)
    """Relation type or slot -> how many values hold at a time; wins over the shipped tables."""


class Pair(Value):
    """A new fact and a known memory that the rules leave open."""

    fact: int
    memory_id: str
    fact_text: str
    memory_text: str
    fact_from: Moment
    memory_from: Moment
    similarity: float = 0.0


class Judgement(Value):
    """What the rules decided, and what they leave open."""

    verdicts: tuple[Verdict, ...] = ()
    undecided: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class _Finding:
    relation: Relation
    reason: str


def judge(
    facts: Sequence[LinkedFact],
    candidates: Sequence[Sequence[Candidate]],
    settings: Settings | None = None,
    *,
    trust: Sequence[str] = (),
) -> Judgement:
    """Judge facts in order, each against its candidates and against the facts before it.

    `candidates[i]` are the memories near `facts[i]`, ended ones included (a late fact needs them). `trust[i]` is the
    trust of who said a fact, "user" when left out; `plan` checks it again.
    """
    settings = settings or Settings()
    verdicts: list[Verdict] = []
    undecided: list[Pair] = []
    earlier: list[Side] = []
    for index, fact in enumerate(facts):
        side = of_fact(fact, trust[index] if index < len(trust) else "user")
        known = {c.memory.id: (of_candidate(c), c.similarity) for c in candidates[index]}
        for before in earlier:
            known.setdefault(before.id, (before, 0.0))
        found, open_pairs = _judge_one(index, side, list(known.values()), settings)
        verdicts.extend(found)
        undecided.extend(open_pairs)
        if not any(v.action in {"same", "revise"} for v in found):
            earlier.append(side)
    return Judgement(verdicts=tuple(verdicts), undecided=tuple(undecided))


def _judge_one(
    index: int, new: Side, known: Sequence[tuple[Side, float]], settings: Settings
) -> tuple[list[Verdict], list[Pair]]:
    alone = _repetition(index, new, known, settings)
    if alone is not None:
        return [alone], []
    verdicts: list[Verdict] = []
    pairs: list[Pair] = []
    for old, similarity in known:
        if old.void or old.id == new.id:
            continue
        action, reason = _against(new, old, settings)
        if action is not None:
            verdicts.append(Verdict(fact=index, memory_id=old.id, action=action, reason=reason))
        elif similarity >= settings.undecided_from and _is_open(new, old):
            pairs.append(
                Pair(
                    fact=index, memory_id=old.id, fact_text=new.text, memory_text=old.text, fact_from=new.valid_from,
                    memory_from=old.valid_from, similarity=min(1.0, similarity),
                )
            )  # fmt: skip
    return verdicts, pairs


def _is_open(new: Side, old: Side) -> bool:
    live = old.modality in {"asserted", "ended"} and new.modality in {"asserted", "ended"}
    return live and old.holds_at(new.valid_from) and about_same(new, old) and may_retire(new, old)


# --- the same fact again -------------------------------------------------------------------------------------------


def _repetition(index: int, new: Side, known: Sequence[tuple[Side, float]], settings: Settings) -> Verdict | None:
    ranked = sorted(known, key=lambda pair: (-pair[1], pair[0].id))
    for old, similarity in ranked:
        if old.id == new.id or (_covers(old, new, known, settings) and is_same(new, old, similarity, settings)):
            return Verdict(fact=index, memory_id=old.id, action="same", reason="the same fact was said again")
    for old, similarity in ranked:
        if old.holds_at(new.valid_from) and adds_detail(new, old, similarity, settings):
            return Verdict(fact=index, memory_id=old.id, action="revise", reason=f"adds detail to: {old.text}")
    return None


def _covers(old: Side, new: Side, known: Sequence[tuple[Side, float]], settings: Settings) -> bool:
    """The old fact holds when the new one begins, or begins later with nothing between that would part them."""
    if old.void:
        return False
    if old.holds_at(new.valid_from):
        return True
    if old.valid_from <= new.valid_from:
        return False
    between = [k for k, _ in known if new.valid_from < k.valid_from <= old.valid_from and k.id != old.id and not k.void]
    return not any(_relation(k, new, settings) for k in between)


def is_same(new: Side, old: Side, similarity: float, settings: Settings) -> bool:
    """The same statement, word for word or in other words; opposites and other numbers never are."""
    if new.modality != old.modality or _signs(new) != _signs(old):
        return False
    if key(new.text) == key(old.text):
        return new.subject_id is None or old.subject_id is None or new.subject_id == old.subject_id
    if negations(new.text) != negations(old.text) or figures(new.text) != figures(old.text):
        return False
    if new.claims and old.claims:
        equal = _claim_keys(new) == _claim_keys(old)
        return equal and (sorted(content(new.text)) == sorted(content(old.text)) or similarity >= settings.same_from)
    triples = {(t.source_id, t.type, t.target_id) for t in new.triples}
    return bool(triples) and similarity >= 0.95 and triples == {(t.source_id, t.type, t.target_id) for t in old.triples}


_NEGATION = re.compile(r"(?i)\b(not|never|no|none|without|stopped|quit|longer|cannot)\b|n['’]t\b")
_FIGURE = re.compile(r"\d+(?:[.:,]\d+)*")


def negations(text: str) -> int:
    """How many words of a text deny or end something."""
    return len(_NEGATION.findall(text))


def figures(text: str) -> tuple[str, ...]:
    """The numbers of a text, sorted."""
    return tuple(sorted(_FIGURE.findall(text)))


def _signs(side: Side) -> frozenset[tuple[bool, str]]:
    return frozenset((c.affirmed, c.modality) for c in side.claims)


def _claim_keys(side: Side) -> frozenset[tuple[str, ...]]:
    return frozenset((subject_key(c.subject), *content(c.predicate), "|", *content(c.object)) for c in side.claims)


def adds_detail(new: Side, old: Side, similarity: float, settings: Settings) -> bool:
    """The new sentence says all that the old one says, of the same predicate, and more."""
    if not new.claims or not old.claims or new.modality != old.modality:
        return False
    first, second = new.claims[0], old.claims[0]
    if (
        first.modality != second.modality
        or first.affirmed != second.affirmed
        or not same_subject(new, first, old, second)
    ):
        return False
    alike_predicates = same_predicate(first.predicate, second.predicate) and first.modality == "asserted"
    if not alike_predicates or adds(first) or changed(first) or negations(new.text) != negations(old.text):
        return False
    more, less = content(new.text), content(old.text)
    within = bool(less) and len(overlap(less, more)) == len(less) and len(more) > len(less)
    return within and set(figures(old.text)) <= set(figures(new.text)) and similarity >= settings.revise_from


# --- replacing and ending ------------------------------------------------------------------------------------------


def _against(new: Side, old: Side, settings: Settings) -> tuple[Action | None, str]:
    """The action of a new fact on one known fact, with its reason; None when nothing happens."""
    if new.valid_from < old.valid_from and not new.correction and not _reaches_back(new, old):
        found = _relation(old, new, settings)
        if found is None or not may_retire(old, new) or (new.valid_to and new.valid_to <= old.valid_from):
            return None, ""
        return "late", f"happened earlier: {found.reason}"
    found = _relation(new, old, settings)
    if found is None or (old.valid_to is not None and old.valid_to <= new.valid_from and not new.correction):
        return None, ""
    if not may_retire(new, old):
        return "keep", f"{new.trust} may not retire what {old.trust} said"
    if new.correction and found.relation == "replaces":
        return "correct", f"corrected: {old.text}"
    return ("supersede" if found.relation == "replaces" else "end"), found.reason


REACH = timedelta(days=92)


def _reaches_back(new: Side, old: Side) -> bool:
    """After an undated "lives in Denver", "moved last month" wins, though it names the earlier date."""
    return old.undated and old.valid_from - new.valid_from <= REACH


def _relation(new: Side, old: Side, settings: Settings) -> _Finding | None:
    if _is_silent(new) or _is_silent(old):
        return None
    if new.claims and old.claims:
        return _by_claims(new, old, settings)
    return _by_triples(new, old, settings)


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


def _by_claims(new: Side, old: Side, settings: Settings) -> _Finding | None:
    for n in new.claims:
        for o in old.claims:
            if n.modality in {"planned", "hypothetical", "past"} or o.modality in {"planned", "hypothetical", "past"}:
                continue
            found = _claim_pair(new, n, old, o, settings)
            if found is not None:
                return found
    return None


def _claim_pair(new: Side, n: Claim, old: Side, o: Claim, settings: Settings) -> _Finding | None:
    if not same_subject(new, n, old, o):
        return _named_end(n, o)
    if n.modality == "ended":
        return _ending(n, o)
    if o.modality == "ended":
        return _Finding("replaces", f"taken up again: {o.object or o.predicate}") if resumes(n, o) else None
    return _slot(n, o, settings) or _opposite(new, n, o) or _change(new, n, old, o)


def _named_end(n: Claim, o: Claim) -> _Finding | None:
    """After "Rex passed away", "Walt has a dog named Rex" is over, though the subjects differ."""
    bare = n.modality == "ended" and "ends subject" in n.markers and not n.object
    if bare and n.subject[:1].isupper() and " " not in n.subject and n.subject in o.object.split() and o.affirmed:
        named = f"named {n.subject}" in o.object or f"called {n.subject}" in o.object
        return _Finding("ends", f"{n.subject} is no more") if named else None
    return None


_FAMILIES: Mapping[str, frozenset[str]] = {
    "work": frozenset({"works_at", "job", "work"}),
    "relationship": frozenset({"relationship"}),
    "pregnant": frozenset({"pregnant"}),
}


def _ending(n: Claim, o: Claim) -> _Finding | None:
    if o.modality != "asserted" or not o.affirmed:
        return None
    what = n.object or n.predicate or (n.slot or "").replace("_", " ")
    reason = _Finding("ends", f"has ended: {what}")
    if "ends subject" in n.markers and not n.object:
        proper = n.subject[:1].isupper() and "'s " not in n.subject
        return None if proper else reason
    if n.slot and o.slot in _FAMILIES.get(n.slot, frozenset()):
        if o.value in {"none", "single"} or (o.slot == "job" and o.predicate == "be"):
            return None
        if not n.object or overlap(content(n.object), content(f"{o.value} {o.object}")):
            return reason
    return reason if ends(n, o) else None


def _slot(  # noqa: PLR0911 - one return a rule
    n: Claim, o: Claim, settings: Settings
) -> _Finding | None:
    attitude = (n.slot or "").startswith("attitude")
    if not n.slot or n.slot != o.slot or n.modality != "asserted" or not (attitude or (n.affirmed and o.affirmed)):
        return _across_slots(n, o)
    if attitude and not same_object(n.object, o.object):
        return None
    if n.slot == "value" and not _one_value(n, o):
        return None
    if settings.cardinality.get(n.slot) == "many" or "weak" in n.markers or adds(n) or brief(n):
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
    return _Finding("replaces", f"{label} has one value at a time: {o.value} ended when {n.value} began")


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
    if _ONE_VALUED.search(n.subject) or changed(n) or n.predicate in {"change", "update"}:
        return n.object_type == o.object_type or _ONE_VALUED.search(n.subject) is not None or changed(n)
    return n.object_type == o.object_type and n.object_type not in {"thing", "role", "person"}


def _across_slots(n: Claim, o: Claim) -> _Finding | None:
    """Work of any kind ends being out of work."""
    works = n.slot in {"works_at", "work"} and n.value != "none" and n.affirmed and "weak" not in n.markers
    if works and o.slot == "work" and o.value == "none" and n.modality == "asserted":
        return _Finding("replaces", f"no longer out of work: {n.value}")
    return None


def _opposite(new: Side, n: Claim, o: Claim) -> _Finding | None:
    if (
        not contradicts(n, o)
        or brief(n)
        or ((n.slot or "").startswith("attitude") and n.slot == o.slot and n.value == o.value)
    ):
        return None
    narrower = [c for c in new.claims if c.predicate.startswith(f"{n.predicate} ") and c.object_type != "date"]
    if narrower and not changed(n):
        return None
    return _Finding("replaces", f"says the opposite of: {o.predicate} {o.object}".rstrip())


def _change(new: Side, n: Claim, old: Side, o: Claim) -> _Finding | None:
    """A change marker lets another thing of the same kind take the place of the old one."""
    if adds(n) or brief(n) or not n.affirmed or not o.affirmed or not same_kind_or_purpose(new, n, old, o):
        return None
    switched = n.predicate == "switch to" and not (o.slot or "").startswith("attitude")
    if switched or (changed(n) and same_predicate(n.predicate, o.predicate) and n.object):
        return _Finding("replaces", f"{n.object} took the place of {o.object}")
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


def _by_triples(new: Side, old: Side, settings: Settings) -> _Finding | None:
    names = dict(old.names)
    for n in (t for t in new.triples if t.confidence >= settings.confident):
        for o in old.triples:
            if n.source_id != o.source_id or n.type != o.type:
                continue
            found = _triple_pair(new, n, old, o, settings, names)
            if found is not None:
                return found
    return None


def _triple_pair(
    new: Side, n: Triple, old: Side, o: Triple, settings: Settings, names: Mapping[str, str]
) -> _Finding | None:
    label = n.type.replace("_", " ")
    target = names.get(o.target_id, "the former value")
    if n.target_id == o.target_id:
        if new.modality == "ended" and old.modality == "asserted":
            return _Finding("ends", f"has ended: {label} {target}")
        if new.modality == "asserted" and old.modality == "ended":
            return _Finding("replaces", f"taken up again: {label} {target}")
        return None
    if new.modality == "asserted" == old.modality and cardinality(n.type, settings.cardinality) == "one":
        return _Finding("replaces", f"{label} has one value at a time: {target} ended when another began")
    return None
