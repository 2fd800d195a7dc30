"""How much of the evidence a ranking holds, and how early. No judge is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from graphmem.evaluation.records import CUTS, Found, Question, Record

FIRST_NDCG = 5
CONTEXT = "evidence in context"


def of_record(record: Record) -> dict[str, float]:
    """Recall and nDCG at every cut, and the share of the evidence that the context shows; empty without evidence.

    A technique that ranks nothing, such as the full context, has only the last; one whose context does not say which
    turns it rests on has none.
    """
    gold = frozenset(record.question.evidence)
    unknown = bool(record.context_tokens) and not (record.found or record.shown)
    if not gold or unknown:
        return {}
    shown = {CONTEXT: len(gold & set(record.shown)) / len(gold)}
    return (figures(record.found, gold) | shown) if record.found else shown


def figures(found: Sequence[Found], gold: frozenset[str]) -> dict[str, float]:
    """`R@k`: share of the gold that the first k places rest on. `nDCG@k`: with a gain of 1 for a place that shows
    gold which no better place showed, discounted by log2 (Järvelin and Kekäläinen 2002), over the best possible.
    """
    sources = [frozenset(item.sources) for item in found]
    return {f"R@{cut}": recall(sources, gold, cut) for cut in CUTS} | {
        f"nDCG@{cut}": ndcg(sources, gold, cut) for cut in CUTS if cut >= FIRST_NDCG
    }


def recall(sources: Sequence[frozenset[str]], gold: frozenset[str], cut: int) -> float:
    """Share of the gold in the first `cut` places."""
    return len(gold.intersection(*[frozenset[str]().union(*sources[:cut])])) / len(gold)


def ndcg(sources: Sequence[frozenset[str]], gold: frozenset[str], cut: int) -> float:
    """Gain of new gold in the first `cut` places, as a share of the ideal order's."""
    seen: set[str] = set()
    gained = 0.0
    for place, mine in enumerate(sources[:cut]):
        gained += bool((mine & gold) - seen) / math.log2(place + 2)
        seen |= mine
    return gained / sum(1 / math.log2(place + 2) for place in range(min(cut, len(gold))))


def at_level(found: Sequence[Found], question: Question, sessions: Mapping[str, str]) -> tuple[Found, ...]:
    """The ranking in the ids of the question's evidence: turns, or the sessions they belong to."""
    if question.level == "turn":
        return tuple(found)
    return tuple(f.model_copy(update={"sources": _sessions(f.sources, sessions)}) for f in found)


def _sessions(turns: Sequence[str], sessions: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sessions.get(turn, turn) for turn in turns))
