"""Which relations of a fact hold now, and which only tell what was, may be or is over.

"I am no longer allergic to cats" names the relation allergic_to without saying that it holds: stored as it is, the
graph would show the opposite of what was said. Types that carry their own tense (lived_in, plans_to_visit,
not_allergic_to) say it themselves and are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphmem.steps.relation_types import LASTING, is_listed, relation_type, snake_case
from graphmem.values import Claim, Modality

_DENYING = ("not_", "no_longer_", "never_", "stopped_", "ended_", "former_", "ex_", "used_to_", "formerly_", "quit_")
_FUTURE = (
    "plans_", "planning_", "wants_", "hopes_", "intends_", "will_", "may_", "might_", "considers_", "considering_",
    "going_to_", "would_", "dreams_", "wishes_", "interested_in",
)  # fmt: skip
_IRREGULAR = frozenset(
    {"was", "were", "had", "left", "met", "quit", "sold", "bought", "went", "gave", "got", "broke", "lost", "ran",
     "took", "taught", "spoke", "drove", "rode", "wrote", "made", "knew", "grew", "split", "wore", "ate", "drank",
     "sang", "did", "fell", "saw", "won", "told", "held", "began", "came", "found"}
)  # fmt: skip
_STATIVE = frozenset(
    {"married", "engaged", "interested", "located", "based", "headquartered", "related", "employed", "retired",
     "divorced", "addicted", "devoted", "enrolled", "owned", "managed", "supervised", "attached", "connected",
     "committed", "scared", "excited", "need", "affiliated", "involved", "aged", "separated", "dedicated", "wed"}
)  # fmt: skip
"""Participles of a state that holds."""


def holds(type_text: str, modality: Modality, claims: Sequence[Claim] = ()) -> bool:
    """Whether a relation of a fact is true in the sense of its type.

    `type_text` is the type as it was proposed: "moved_to" tells of an event, though it is stored as lives_in. A claim
    that sets the slot of the relation now ("moved to Austin") outweighs the modality of the whole fact.
    """
    raw, kind = snake_case(type_text), relation_type(type_text)
    if modality == "asserted" or kind in LASTING:
        return True
    if any(c.slot == kind and c.modality == "asserted" and c.affirmed for c in claims):
        return True
    if modality in {"planned", "hypothetical"}:
        return raw.startswith(_FUTURE) or raw.startswith(_DENYING)
    past = raw.startswith(_DENYING) or is_past(raw)
    return past if modality == "ended" else past or not _is_state(raw)


def is_past(name: str) -> bool:
    """Whether the first word of a type is a verb in the past: lived_in, left."""
    first = name.split("_", 1)[0]
    return first in _IRREGULAR or (first.endswith("ed") and first not in _STATIVE)


def _is_state(name: str) -> bool:
    """Whether a type says that something goes on: one of the table, or a verb of the third person."""
    first = name.split("_", 1)[0]
    verbal = first.endswith("s") and not first.endswith("ss") and len(first) > 2
    return is_listed(name) or first in _STATIVE or verbal
