"""The quality of a run: every metric by question, then means with intervals over all and by category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from graphmem.evaluation.metrics import intervals, ranking, wording
from graphmem.evaluation.metrics.abstention import abstains
from graphmem.evaluation.records import CUTS, Category, Estimate, Judgement, Record, Scores

TOKENS = "context tokens"
ABSTENTION = "abstention"
FALSE_ABSTENTION = "false abstention"
"""Answerable questions that were not answered."""
ORDER = (
    *(f"R@{cut}" for cut in CUTS),
    *(f"nDCG@{cut}" for cut in CUTS if cut >= ranking.FIRST_NDCG),
    ranking.CONTEXT,
    TOKENS,
    "F1",
    "BLEU-1",
    "SQuAD F1",
    "judge generous",
    "judge strict",
    ABSTENTION,
    FALSE_ABSTENTION,
)
"""The order in which tables show metrics."""

ByQuestion = Mapping[str, Mapping[str, float]]
"""Metric -> question id -> value."""


def by_question(records: Iterable[Record], judgements: Iterable[Judgement] = ()) -> ByQuestion:
    """Every metric that was measured, for every question that has it; a judge's value is its share of runs."""
    values: dict[str, dict[str, float]] = {name: {} for name in ORDER}
    for record in records:
        for name, value in _of_record(record).items():
            values[name][record.question.id] = value
    for name, verdicts in _verdicts(judgements).items():
        values[name] = {question: sum(said.values()) / len(said) for question, said in verdicts.items()}
    return {name: found for name, found in values.items() if found}


def _of_record(record: Record) -> dict[str, float]:
    values = {TOKENS: float(record.context_tokens), **ranking.of_record(record)}
    if record.response is None:
        return values
    silent = float(abstains(record.response))
    if record.question.unanswerable:
        return values | {ABSTENTION: silent}
    answers = (record.question.answer, *record.question.aliases)
    return values | wording.of_response(record.response, answers) | {FALSE_ABSTENTION: silent}


def _verdicts(judgements: Iterable[Judgement]) -> dict[str, dict[str, dict[int, bool]]]:
    """Judge -> question -> run -> whether it found the response right."""
    found: dict[str, dict[str, dict[int, bool]]] = {}
    for said in judgements:
        found.setdefault(f"judge {said.judge}", {}).setdefault(said.question_id, {})[said.run] = said.correct
    return found


def scores(
    label: str,
    categories: Sequence[Category],
    records: Sequence[Record],
    judgements: Sequence[Judgement] = (),
    seed: int = 0,
) -> Scores:
    """Means of everything. Abstention is over all unanswerable questions, whatever their category."""
    kinds = {r.question.id: r.question.category for r in records}
    clusters = {r.question.id: r.question.conversation for r in records}
    averaged = {c.key for c in categories if c.averaged}
    values = by_question(records, judgements)
    spreads = _verdicts(judgements)

    def means(questions: set[str]) -> dict[str, Estimate]:
        found = {}
        for name, mine in values.items():
            kept = {question: value for question, value in mine.items() if question in questions}
            if kept:
                sd = _spread(spreads[name], questions) if name in spreads else None
                found[name] = intervals.estimate(kept, clusters, sd=sd, seed=seed)
        return found

    overall = means({question for question, kind in kinds.items() if kind in averaged or not categories})
    impossible = {r.question.id for r in records if r.question.unanswerable}
    if abstention := means(impossible).get(ABSTENTION):
        overall[ABSTENTION] = abstention
    return Scores(
        label=label,
        overall=overall,
        by_category={
            c.key: found for c in categories if (found := means({q for q, kind in kinds.items() if kind == c.key}))
        },
    )


def _spread(verdicts: Mapping[str, Mapping[int, bool]], questions: set[str]) -> float | None:
    """Between the means of the runs."""
    runs: dict[int, list[bool]] = {}
    for question, said in verdicts.items():
        for run, correct in said.items() if question in questions else ():
            runs.setdefault(run, []).append(correct)
    return intervals.spread([sum(said) / len(said) for _, said in sorted(runs.items())])
