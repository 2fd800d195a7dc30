"""Two techniques on the same questions: how much one gains, and on which questions it wins and loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphmem.evaluation.metrics import intervals
from graphmem.evaluation.metrics.intervals import Difference
from graphmem.evaluation.metrics.scores import by_question
from graphmem.evaluation.records import Category, Judgement, Record
from graphmem.values import Value


class Side(Value):
    """One technique, read from its folder."""

    label: str
    categories: tuple[Category, ...] = ()
    records: tuple[Record, ...]
    judgements: tuple[Judgement, ...] = ()
    contexts: Mapping[str, str] = {}
    """Text of a context by its SHA-256."""


class Decided(Value):
    """A question on which the two differ, with what each of them had."""

    question_id: str
    category: str
    question: str
    answer: str
    evidence: tuple[str, ...]
    one: float
    other: float
    one_context: str
    other_context: str
    one_response: str | None = None
    other_response: str | None = None


class Comparison(Value):
    """`one` against `other`: differences by metric, over the averaged categories and by category."""

    one: str
    other: str
    overall: Mapping[str, Difference]
    by_category: Mapping[str, Mapping[str, Difference]]
    metric: str
    """The metric that decides who won a question."""
    won: tuple[Decided, ...] = ()
    lost: tuple[Decided, ...] = ()
    """Widest difference first, then in the order of the data."""


def compare(one: Side, other: Side, metric: str | None = None) -> Comparison:
    """Everything about a pair. Without a metric the strict judge decides, else the generous one, else R@10."""
    mine, theirs = (by_question(side.records, side.judgements) for side in (one, other))
    shared = [name for name in mine if name in theirs]
    deciding = metric or next((n for n in ("judge strict", "judge generous", "R@10") if n in shared), "")
    clusters = {r.question.id: r.question.conversation for r in one.records}
    kinds = {r.question.id: r.question.category for r in one.records}
    averaged = {c.key for c in one.categories if c.averaged} or set(kinds.values())

    def differences(wanted: set[str]) -> dict[str, Difference]:
        found = {}
        for name in shared:
            values = {q: v for q, v in mine[name].items() if kinds.get(q) in wanted}
            if (gained := intervals.difference(values, theirs[name], clusters)).n:
                found[name] = gained
        return found

    decided = _decided(one, other, mine.get(deciding, {}), theirs.get(deciding, {}))
    return Comparison(
        one=one.label,
        other=other.label,
        overall=differences(averaged),
        by_category={c.key: found for c in one.categories if (found := differences({c.key}))},
        metric=deciding,
        won=tuple(d for d in decided if d.one > d.other),
        lost=tuple(d for d in decided if d.one < d.other),
    )


def _decided(one: Side, other: Side, mine: Mapping[str, float], theirs: Mapping[str, float]) -> list[Decided]:
    opposite = {r.question.id: r for r in other.records}
    found = [
        _told(record, opposite[record.question.id], (mine[i], theirs[i]), (one, other))
        for record in one.records
        if (i := record.question.id) in mine and i in theirs and i in opposite and mine[i] != theirs[i]
    ]
    return sorted(found, key=lambda d: -abs(d.one - d.other))


def _told(one: Record, other: Record, values: tuple[float, float], sides: Sequence[Side]) -> Decided:
    asked = one.question
    return Decided(
        question_id=asked.id,
        category=asked.category,
        question=asked.text,
        answer=asked.answer,
        evidence=asked.evidence,
        one=values[0],
        other=values[1],
        one_context=sides[0].contexts.get(one.context, ""),
        other_context=sides[1].contexts.get(other.context, ""),
        one_response=one.response,
        other_response=other.response,
    )
