"""The tables of a report, as values: each is printed in Markdown and in HTML alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphmem.evaluation.metrics.intervals import Difference
from graphmem.evaluation.metrics.pairs import Comparison
from graphmem.evaluation.metrics.scores import ORDER, TOKENS
from graphmem.evaluation.records import Estimate, Percentiles
from graphmem.evaluation.report.published import published
from graphmem.evaluation.report.reading import Group, Run
from graphmem.values import Value

NONE = "–"
_COUNTS = {TOKENS}
_FLAT = ("R@10", "evidence in context", "F1", "BLEU-1", "judge strict", "judge generous", "abstention")
"""Metrics of the first table; all of them are in the CSV."""


class Table(Value):
    """Rows under a head; the first column names what a row is about."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def of(group: Group, *, paper: bool) -> Iterator[Table]:
    """The tables of a data set, in their order."""
    yield quality(group)
    yield efficiency(group)
    yield by_category(group)
    if any(run.measurements.costs for run in group.runs):
        yield costs(group)
    yield from (difference(group, pair) for pair in group.pairs)
    if paper:
        yield from _published()


def amount(metric: str, value: float) -> str:
    """A figure as tables show it: shares in percent, tokens as they are."""
    return f"{value:,.0f}" if metric in _COUNTS else f"{100 * value:.1f}"


def with_interval(metric: str, found: Estimate | None) -> str:
    """Mean and 95 % interval, for a judge also the spread of its runs."""
    if found is None:
        return NONE
    text = f"{amount(metric, found.mean)} [{amount(metric, found.low)}, {amount(metric, found.high)}]"
    return text if found.sd is None else f"{text} ± {100 * found.sd:.1f}"


def quality(group: Group) -> Table:
    """Every technique with its main measures."""
    shown = [m for m in _FLAT if any(run.overall(m) for run in group.runs)]
    rows = [(_name(run), *(with_interval(m, run.overall(m)) for m in shown)) for run in group.runs]
    note = "In percent, with 95 % bootstrap intervals" + (
        "; ± is the spread between judge runs." if any("judge" in m for m in shown) else "."
    )
    return Table(title="Quality", head=("run", *shown), rows=tuple(rows), note=note)


def _name(run: Run) -> str:
    return run.label if run.finished else f"{run.label} (unfinished)"


def efficiency(group: Group) -> Table:
    """What each technique takes: tokens, time, memory."""
    head = ("run", "context tokens", "search p50 ms", "p95", "total p50 ms", "p95", "ingest s", "memory tokens",
            "disk MB", "questions")  # fmt: skip
    return Table(
        title="Tokens, latency, memory",
        head=head,
        rows=tuple(_taken(run) for run in group.runs),
        note="Total is search and answer together; memory tokens are the mean of the conversations.",
    )


def _taken(run: Run) -> tuple[str, ...]:
    measured, tokens = run.measurements, run.overall(TOKENS)
    disk = measured.disk_bytes / 1e6
    return (
        _name(run),
        amount(TOKENS, tokens.mean) if tokens else NONE,
        *_times(measured.search),
        *_times(measured.total),
        f"{measured.ingest_seconds:,.1f}" if measured.ingest else NONE,
        f"{measured.memory_tokens:,.0f}" if measured.ingest else NONE,
        f"{disk:.1f}" if disk else NONE,
        f"{run.manifest.questions:,}",
    )


def _times(found: Percentiles | None) -> tuple[str, str]:
    return (NONE, NONE) if found is None else (f"{found.p50:,.1f}", f"{found.p95:,.1f}")


def by_category(group: Group) -> Table:
    """The measure of the plots by kind of question, with the labels that the paper prints over the same questions."""
    head = ("run", *(c.name + (f" (paper: {c.paper})" if c.paper else "") for c in group.categories))
    rows = tuple(
        (
            _name(run),
            *(
                with_interval(group.quality, run.scores.by_category.get(c.key, {}).get(group.quality))
                for c in group.categories
            ),
        )
        for run in group.runs
    )
    return Table(title=f"{group.quality} by category", head=head, rows=rows)


def costs(group: Group) -> Table:
    """Model calls, tokens and dollars by stage."""
    rows = [
        (_name(run), stage, f"{c.calls:,}", f"{c.prompt_tokens:,}", f"{c.completion_tokens:,}",
         NONE if c.dollars is None else f"{c.dollars:.4f}")
        for run in group.runs
        for stage, c in run.measurements.costs.items()
    ]  # fmt: skip
    head = ("run", "stage", "model calls", "prompt tokens", "completion tokens", "US dollars")
    return Table(title="Model calls", head=head, rows=tuple(rows), note=f"{NONE}: the price of a model is not known.")


def difference(group: Group, pair: Comparison) -> Table:
    """With the graph minus without it, by metric and category."""
    kinds = [c for c in group.categories if c.key in pair.by_category]
    shown = [m for m in ORDER if m in pair.overall]
    rows = [
        (m, _gain(m, pair.overall[m]), *(_gain(m, pair.by_category[c.key].get(m)) for c in kinds)) for m in shown
    ]  # fmt: skip
    return Table(
        title=f"{pair.one} minus {pair.other}",
        head=("metric", "overall", *(c.name for c in kinds)),
        rows=tuple(rows),
        note="Points of a percent (tokens as they are), paired by question: mean, 95 % interval, bootstrap p.",
    )


def _gain(metric: str, found: Difference | None) -> str:
    if found is None:
        return NONE
    scale = 1.0 if metric in _COUNTS else 100.0
    mean, low, high = (f"{scale * value:+.1f}" for value in (found.mean, found.low, found.high))
    return f"{mean} [{low}, {high}] p={found.p:.3f}"


def _published() -> Iterable[Table]:
    told = published()
    rows = [(p.name, f"{p.j:.2f} ± {p.sd:.2f}", f"{p.tokens:,}", f"{p.p50:.3f}", f"{p.p95:.3f}") for p in told.points]
    head = ("system", "judge", "tokens", "total p50 s", "p95")
    yield Table(title="Published: overall", head=head, rows=tuple(rows), note="See the caveat at the head.")
    kinds = [k for k in told.categories[0] if k != "name"]
    yield Table(
        title="Published: by category",
        head=("system", *kinds),
        rows=tuple(tuple(_cell(row[k]) for k in ("name", *kinds)) for row in told.categories),
        note="Judge's score under the names of the data set's categories, not those that the paper prints.",
    )


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}"


def long_rows(groups: Sequence[Group]) -> Iterator[tuple[object, ...]]:
    """Everything that was measured, one figure a row: the CSV. The first row is the head."""
    yield ("data", "run", "technique", "mode", "category", "metric", "mean", "low", "high", "n", "clusters", "sd")
    for group in groups:
        for run in group.runs:
            start = (group.name, run.label, run.manifest.technique, run.manifest.mode)
            kinds = [("overall", run.scores.overall)]
            kinds += [(c.name, run.scores.by_category.get(c.key, {})) for c in group.categories]
            for kind, found in kinds:
                for metric, e in found.items():
                    yield (*start, kind, metric, e.mean, e.low, e.high, e.n, e.clusters, "" if e.sd is None else e.sd)
            yield from ((*start, "overall", *row, "", "", "", "", "") for row in _measured(run))


def _measured(run: Run) -> Iterator[tuple[str, float]]:
    for name, times in (("search", run.measurements.search), ("total", run.measurements.total)):
        if times is not None:
            yield f"{name} p50 ms", times.p50
            yield f"{name} p95 ms", times.p95
    yield "ingest s", run.measurements.ingest_seconds
    yield "memory tokens", run.measurements.memory_tokens
    yield "disk bytes", run.measurements.disk_bytes
