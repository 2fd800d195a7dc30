"""What a report says of one data set, before it becomes Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphmem.evaluation.report.examples import Example, told
from graphmem.evaluation.report.plots import Plot
from graphmem.evaluation.report.published import published
from graphmem.evaluation.report.reading import BASELINES, Group
from graphmem.evaluation.report.tables import Table, of


class Page(NamedTuple):
    """One data set."""

    title: str
    notes: tuple[str, ...]
    """What a reader must see first: missing baselines, unfinished runs, caveats."""
    about: str
    plots: Sequence[Plot]
    tables: tuple[Table, ...]
    examples: tuple[tuple[str, str, tuple[Example, ...]], ...]
    """(title, note, questions)."""


def page(group: Group, plots: Sequence[Plot], *, paper: bool, examples: int) -> Page:
    """A page of a data set."""
    return Page(
        title=f"Evaluation on {group.name}",
        notes=(*_notes(group), *([published().caveat] if paper else ())),
        about=_about(group),
        plots=plots,
        tables=tuple(of(group, paper=paper)),
        examples=tuple(_examples(group, examples)),
    )


def _notes(group: Group) -> Iterator[str]:
    for technique in group.missing:
        yield (
            f"No {technique} line: {BASELINES[technique]}, without which the others say little. "
            f"Add it: graphmem eval run {group.runs[0].manifest.dataset} DATA --technique {technique} --out DIR"
        )
    unfinished = [run.label for run in group.runs if not run.finished]
    if unfinished:
        yield f"Not finished, the figures are those of the questions so far: {', '.join(unfinished)}."
    counts = {run.manifest.questions for run in group.runs}
    if len(counts) > 1:
        yield f"The runs were not asked the same number of questions ({', '.join(map(str, sorted(counts)))})."
    counters = {run.manifest.counter for run in group.runs if run.manifest.counter}
    if len(counters) > 1:
        yield f"Tokens were counted in different ways ({', '.join(sorted(counters))})."


def _about(group: Group) -> str:
    manifest = group.runs[0].manifest
    models = sorted({f"{role} {name}" for run in group.runs for role, name in run.manifest.models.items() if name})
    parts = [
        f"{len(group.runs)} runs, {len(manifest.conversations)} conversations, {manifest.questions:,} questions.",
        f"The measure of the plots is {group.quality}.",
        f"Models: {', '.join(models)}." if models else "No model was asked.",
        f"Data: SHA-256 {manifest.data_sha256[:16]}….",
    ]
    return " ".join(parts)


def _examples(group: Group, most: int) -> Iterator[tuple[str, str, tuple[Example, ...]]]:
    for pair in group.pairs:
        for verb, decided in (("won", pair.won), ("lost", pair.lost)):
            shown = tuple(told(group, pair, decided, most))
            note = f"{len(decided)} questions by {pair.metric}, {pair.one} against {pair.other}"
            note += f"; the {len(shown)} widest differences." if len(shown) < len(decided) else "."
            yield f"The graph {verb}", note, shown
