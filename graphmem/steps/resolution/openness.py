"""Which pairs that the rules leave open are worth a model's time: a call for every two facts on one theme is too dear.

A pair is asked about when something in it speaks of change, or when both facts may be one.
"""

from __future__ import annotations

import re

from graphmem.steps.resolution.matching import changed, head, same_predicate
from graphmem.steps.resolution.opposing import Settings
from graphmem.steps.resolution.sides import Side, about_same, may_retire, same_subject
from graphmem.steps.resolution.words import alike, content, figures, overlap
from graphmem.values import Claim

_CHANGE = re.compile(
    r"(?i)\b(no longer|not any ?more|any ?more|now|nowadays|these days|instead|stopped|quit|gave up|left|ended|changed|"
    r"switched|moved|became|sold|cancelled|canceled|replaced|broke up|divorced|retired|resigned|lost|finally|for good|"
    r"new|former|ex|used to|postponed|rescheduled|never)\b|n['’]t any ?more\b"
)
"""Words of change, for facts that bring no claims."""


def is_open(new: Side, old: Side, similarity: float, settings: Settings) -> bool:
    """Whether a model should see the pair: one subject, both holding, near in meaning, and a sign of change between
    them; from `settings.same_from` on they may be one fact in two wordings.
    """
    live = old.modality in {"asserted", "ended"} and new.modality in {"asserted", "ended"}
    if similarity < settings.undecided_from or not live or not old.holds_at(new.valid_from):
        return False
    if not about_same(new, old) or not may_retire(new, old):
        return False
    return (similarity >= settings.alike_from and not _two_events(new, old)) or _may_change(new, old)


def _two_events(new: Side, old: Side) -> bool:
    """Both happened once, and their relations lead to different things or their numbers differ: however alike the
    sentences are, neither is the other, and one event does not replace another.
    """
    if not (new.event and old.event):
        return False
    reached = [{t.target_id for t in side.triples} for side in (new, old)]
    apart = all(reached) and reached[0].isdisjoint(reached[1])
    return apart or figures(new.text) != figures(old.text)


def _may_change(new: Side, old: Side) -> bool:
    if new.claims and old.claims:
        return any(_claims_may_change(new, n, old, o) for n in new.claims for o in old.claims)
    shared = {(t.source_id, t.type) for t in new.triples} & {(t.source_id, t.type) for t in old.triples}
    ends = {t.target_id for t in new.triples} & {t.target_id for t in old.triples}
    signal = new.modality == "ended" or _CHANGE.search(new.text) is not None
    return signal and bool(shared or ends or _share_words(new.text, old.text))


def _claims_may_change(new: Side, n: Claim, old: Side, o: Claim) -> bool:
    if not same_subject(new, n, old, o) or o.modality == "past":
        return False
    if n.modality == "past":
        # "Bo bought the van at last" may be the end of "Bo is saving for a van".
        return bool(o.object) and alike(head(o.object), head(n.object))
    attitude = (n.slot or "").startswith("attitude")
    if n.slot and n.slot == o.slot and not attitude and n.value != o.value:
        return True
    signal = n.modality == "ended" or changed(n) or n.affirmed != o.affirmed
    if not signal or o.modality == "ended":
        return False
    return same_predicate(n.predicate, o.predicate) or _share_words(n.object, o.object)


def _share_words(one: str, other: str) -> bool:
    return bool(overlap(content(one), content(other)))
