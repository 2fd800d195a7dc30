"""The rules: what a new fact does to one known fact, decided from their claims and triples alone.

They are conservative: a fact is retired only when the new one could stand in its place or says that it is over.
What they leave open and what lies near goes to `undecided`, for a model when there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from graphmem.steps.linking import key
from graphmem.steps.resolution.correcting import misstated
from graphmem.steps.resolution.finding import Finding
from graphmem.steps.resolution.matching import (
    adds,
    changed,
    same_predicate,
)
from graphmem.steps.resolution.openness import is_open
from graphmem.steps.resolution.opposing import Settings, relation
from graphmem.steps.resolution.sides import (
    Side,
    about_same,
    may_retire,
    of_candidate,
    of_fact,
    same_subject,
    subject_key,
)
from graphmem.steps.resolution.words import content, figures, negations, overlap
from graphmem.values import Action, Candidate, LinkedFact, Moment, Value, Verdict


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
        elif is_open(new, old, similarity, settings):
            pairs.append(
                Pair(
                    fact=index, memory_id=old.id, fact_text=new.text, memory_text=old.text, fact_from=new.valid_from,
                    memory_from=old.valid_from, similarity=min(1.0, similarity),
                )
            )  # fmt: skip
    sides = {old.id: old for old, _ in known}
    return _one_mistake(new, verdicts, sides, settings), pairs


def _one_mistake(new: Side, verdicts: list[Verdict], sides: Mapping[str, Side], settings: Settings) -> list[Verdict]:
    """A correction takes back one statement: the latest about its own subject, else one about another just made.

    What else it contradicts was true until then, or is none of its business.
    """
    mistaken = [v for v in verdicts if v.action == "correct" and _may_be_meant(new, sides[v.memory_id])]
    meant = max(mistaken, key=lambda v: _likeness(new, sides[v.memory_id]), default=None)
    kept = []
    for verdict in verdicts:
        old = sides[verdict.memory_id]
        if verdict.action != "correct" or verdict is meant:
            kept.append(verdict)
        elif old.holds_at(new.valid_from) and (found := relation(new, old, settings)) is not None:
            kept.append(verdict.model_copy(update={"action": "supersede", "reason": found.reason}))
    return kept


JUST_NOW = timedelta(days=1)


def _may_be_meant(new: Side, old: Side) -> bool:
    """After "Mila plays chess", "sorry, I meant Mira" has another subject; a year later, Mila is left alone."""
    return about_same(new, old) or abs(new.valid_from - old.valid_from) <= JUST_NOW


def _likeness(new: Side, old: Side) -> tuple[bool, bool, datetime]:
    return about_same(new, old), old.holds_at(new.valid_from), old.valid_from


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
    return not any(relation(k, new, settings) for k in between)


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
        found = relation(old, new, settings)
        if found is None or not may_retire(old, new) or (new.valid_to and new.valid_to <= old.valid_from):
            return None, ""
        return "late", f"happened earlier: {found.reason}"
    found = relation(new, old, settings)
    if new.correction and misstated(new, old):
        found = Finding("replaces", "said in the same words but for one")
    if found is None or (old.valid_to is not None and old.valid_to <= new.valid_from and not new.correction):
        return None, ""
    if not may_retire(new, old):
        return "keep", f"{new.trust} may not retire what {old.trust} said"
    if new.correction and found.kind == "replaces":
        return "correct", f"corrected: {old.text}"
    return ("supersede" if found.kind == "replaces" else "end"), found.reason


REACH = timedelta(days=92)


def _reaches_back(new: Side, old: Side) -> bool:
    """After an undated "lives in Denver", "moved last month" wins, though it names the earlier date. What gives no date
    either was said earlier, and is late.
    """
    lasting = any("lasting" in c.markers for c in new.claims)
    return old.undated and not new.undated and (lasting or old.valid_from - new.valid_from <= REACH)
