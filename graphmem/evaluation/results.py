"""The files that tables and reports are made of, and reading a run back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from graphmem.errors import InputError
from graphmem.evaluation.lines import Lines, replace
from graphmem.evaluation.metrics.pairs import Side
from graphmem.evaluation.metrics.scores import scores
from graphmem.evaluation.records import (
    Ingested,
    Judgement,
    Layout,
    Measurements,
    Percentiles,
    Record,
    Scores,
    Spent,
    StageCost,
    Timing,
)

if TYPE_CHECKING:
    from graphmem.evaluation.folders import RunFolder
    from graphmem.evaluation.plans import Plan


def finish(plan: Plan, folder: RunFolder, spending: Iterable[Path]) -> None:
    """Write `answers.json`, `metrics.json` and `measurements.json` from what the run has so far."""
    records, judgements = in_order(plan, folder)
    layout = folder.layout
    replace(layout.answers, _document({"records": records, "judgements": judgements}))
    quality = scores(plan.label, plan.dataset.categories, records, judgements, plan.options.seed)
    replace(layout.metrics, quality.model_dump_json(indent=2) + "\n")
    asked = {record.question.id for record in records}
    measured = measurements(
        plan.label,
        [timing for question, timing in folder.timings.items() if question in asked],
        [folder.ingested[c.id] for c in plan.dataset.conversations if c.id in folder.ingested],
        [line for file in spending for line in Lines(file, Spent).read()],
    )
    replace(layout.measurements, measured.model_dump_json(indent=2) + "\n")


def in_order(plan: Plan, folder: RunFolder) -> tuple[list[Record], list[Judgement]]:
    """What the plan asks for and the folder has, in the order of the data: no trace of which came first."""
    ids = [question.id for question in plan.dataset.questions]
    records = [folder.records[question] for question in ids if question in folder.records]
    places = {question: place for place, question in enumerate(ids)}
    known = {record.question.id for record in records}
    wanted = [
        judgement
        for (question, judge, run), judgement in folder.judgements.items()
        if question in known and judge in plan.judges and run < plan.judge_runs
    ]
    return records, sorted(wanted, key=lambda j: (places[j.question_id], j.judge, j.run))


def measurements(
    label: str, timings: Sequence[Timing], ingested: Sequence[Ingested], spent: Iterable[Spent]
) -> Measurements:
    """Times, sizes and costs. The total counts questions that were answered, where any were."""
    answered = [t for t in timings if t.answer is not None]
    return Measurements(
        label=label,
        search=percentiles([t.search for t in timings]),
        answer=percentiles([t.answer for t in answered if t.answer is not None]),
        total=percentiles([t.search + (t.answer or 0.0) for t in answered or timings]),
        ingest_seconds=round(sum(i.milliseconds for i in ingested) / 1000, 3),
        ingest=tuple(ingested),
        costs=costs(spent),
    )


def percentiles(times: Sequence[float]) -> Percentiles | None:
    """Median and 95th percentile, linear between ranks; None of nothing."""
    if not times:
        return None
    middle, late = np.percentile(times, (50, 95))
    return Percentiles(p50=round(float(middle), 3), p95=round(float(late), 3), n=len(times))


def costs(spent: Iterable[Spent]) -> Mapping[str, StageCost]:
    """Sums by stage; the dollars of a stage are unknown when one of its prices is."""
    sums: dict[str, StageCost] = {}
    for line in spent:
        before = sums.get(line.stage, StageCost())
        known = before.dollars is not None and line.dollars is not None
        sums[line.stage] = StageCost(
            calls=before.calls + line.calls,
            prompt_tokens=before.prompt_tokens + line.prompt_tokens,
            completion_tokens=before.completion_tokens + line.completion_tokens,
            dollars=(before.dollars or 0.0) + (line.dollars or 0.0) if known else None,
        )
    return dict(sorted(sums.items()))


def read_scores(layout: Layout) -> Scores:
    """Raises InputError."""
    return Scores.model_validate_json(_bytes(layout.metrics))


def read_measurements(layout: Layout) -> Measurements:
    """Raises InputError."""
    return Measurements.model_validate_json(_bytes(layout.measurements))


def read_side(layout: Layout) -> Side:
    """All that was asked, found and answered in a run. Raises InputError."""
    from graphmem.evaluation.folders import Text, read_manifest

    manifest = read_manifest(layout)
    document = json.loads(_bytes(layout.answers))
    return Side(
        label=manifest.label,
        categories=manifest.categories,
        records=tuple(Record.model_validate(item) for item in document["records"]),
        judgements=tuple(Judgement.model_validate(item) for item in document["judgements"]),
        contexts={c.sha256: c.text for c in Lines(layout.contexts, Text).read()},
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise InputError(str(path), "is not there.", advice="Finish the run with --resume.") from exc


def _document(lists: Mapping[str, Sequence[Record] | Sequence[Judgement]]) -> str:
    """A JSON object of lists, one item a line: large files that can still be read and compared."""
    parts = []
    for name, items in lists.items():
        body = ",\n".join(item.model_dump_json() for item in items)
        parts.append(f'"{name}": [\n{body}\n]' if body else f'"{name}": []')
    return "{" + ",\n".join(parts) + "}\n"
