"""Appointments that are moved or called off, and doings that have other hours now."""

from __future__ import annotations

import re
from functools import cache

from graphmem.steps.linking import key
from graphmem.steps.resolution.finding import Finding
from graphmem.steps.resolution.matching import adds, brief, changed, head, is_moved, same_predicate, weekly
from graphmem.steps.resolution.sides import Side
from graphmem.steps.resolution.words import content, stem, typed
from graphmem.values import Claim

_BRACKETS = re.compile(r"\([^)]*\)")
"""The date that a relative time stands for."""
_AWAY = frozenset({"back", "off", "forward", "up", "out", "again", "instead"})


def appointment(new: Side, n: Claim, old: Side, o: Claim) -> Finding | None:
    """After "Kim has a meeting with Tom on Tuesday", "the meeting with Tom" is that one: called off, or another day."""
    called_off = n.modality == "ended" and "ends subject" in n.markers and not n.object
    moved = n.slot == "date" and n.modality == "asserted" and (is_moved(n) or changed(n))
    if not (called_off or moved) or not o.affirmed or not _means(new, n, old, o):
        return None
    said = {c.object for c in new.claims if c.object_type in {"date", "time"}}
    kinds = {n.object_type} if moved else {"date", "time"}
    before = {c.object for c in old.claims if c.object_type in kinds}
    if called_off:
        return Finding("ends", f"called off: {n.subject}") if not said or not said.isdisjoint(before) else None
    return Finding("replaces", f"moved to another date: {n.value}") if before and n.value not in before else None


def _means(new: Side, n: Claim, old: Side, o: Claim) -> bool:
    """Whether "the meeting with Tom" is what somebody has: all that is said of it, the old fact says."""
    what = head(n.subject)
    if not key(new.text).startswith(f"the {key(n.subject)} ") or what not in _events() or what != head(o.object):
        return False
    dates = [c.object for c in new.claims if c.object_type in {"date", "time"}]
    doing = {*content(" ".join(c.predicate for c in new.claims)), *content(" ".join(dates)), *_AWAY}
    told = [w for w in content(_BRACKETS.sub("", new.text)) if w not in doing]
    known = content(old.text)
    return all(w in known for w in told)


@cache
def _events() -> frozenset[str]:
    return frozenset(stem(w) for w in typed("event") | typed("outing"))


def other_times(new: Side, n: Claim, old: Side, o: Claim) -> Finding | None:
    """The same doing on another day or at another hour, and a word that it became so: "meets at 10 from now on"."""
    timed = n.object_type == o.object_type and n.object_type in {"date", "time"} and n.modality == "asserted"
    if not timed or not n.affirmed or not o.affirmed or not changed(n) or brief(n) or (adds(n) and not weekly(n)):
        return None
    same = same_predicate(n.predicate, o.predicate) and _doing(new, n) == _doing(old, o)
    if not same or key(n.object) == key(o.object):
        return None
    return Finding("replaces", f"at other times now: {n.object}, no longer {o.object}")


def _doing(side: Side, claim: Claim) -> frozenset[tuple[str, tuple[str, ...]]]:
    """What is done at the time that a claim tells, without the time."""
    return frozenset(
        (c.predicate, content(c.object))
        for c in side.claims
        if c.subject == claim.subject and c.object and c.object_type not in {"date", "time"}
    )
