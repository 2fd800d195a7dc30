"""Evaluations as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from graphmem.cli._render import inset, table, words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.evaluation.comparing import Read
    from graphmem.evaluation.estimates import Estimated
    from graphmem.evaluation.metrics.intervals import Difference
    from graphmem.evaluation.metrics.pairs import Comparison, Decided
    from graphmem.evaluation.records import Category, Estimate, Scores

SHOWN = ("R@5", "R@10", "R@20", "nDCG@10", "evidence in context")
MULTI_HOP = ("R@2", "R@5", "R@10", "nDCG@10")
ANSWERED = ("F1", "BLEU-1", "SQuAD F1", "judge generous", "judge strict", "abstention")
PAIRED = ("R@2", "R@5", "R@10", "nDCG@10", "F1", "judge generous", "judge strict")
_COUNTED = "context tokens"


def results(runs: Sequence[Read], compared: Sequence[Comparison], most: int = 0) -> Iterator[RenderableType]:
    """Quality overall and by category, answers, times and costs, then pairs."""
    if not runs:
        return
    documents = runs[0].manifest.dataset == "musique"
    yield from _overall("evidence found, % [95 %]", runs, MULTI_HOP if documents else SHOWN)
    if answered := [name for name in ANSWERED if any(name in run.scores.overall for run in runs)]:
        yield from _overall("answers, % [95 %]", runs, answered)
    yield from _by_category(runs, "R@5" if documents else "R@10")
    yield from _measured(runs)
    for comparison in compared:
        yield from _pair(comparison, {k.key: k.name for k in runs[0].manifest.categories}, most)
    clusters = {e.clusters for run in runs for e in run.scores.overall.values()}
    drawn = "conversations" if len(runs[0].manifest.conversations) > 1 else "questions"
    yield words(f"Intervals: {min(clusters, default=0)} {drawn} drawn 2,000 times.", "dim")


def columns(rows: Sequence[Sequence[str]], heads: int = 1) -> Iterator[RenderableType]:
    """Lines of aligned cells, whatever the width of the terminal; the first column to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        cells = [
            cell.ljust(w) if n == 0 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        yield Text("  ".join(cells).rstrip(), style="bold" if place < heads else "")
    yield Text("")


def _overall(title: str, runs: Sequence[Read], names: Sequence[str]) -> Iterator[RenderableType]:
    rows = [[title, *names, "questions"]]
    rows += [
        [run.manifest.label, *(_cell(run.scores.overall, n) for n in names), _questions(run.scores)] for run in runs
    ]
    yield from columns(rows)


def _cell(found: Mapping[str, Estimate], name: str) -> str:
    value = found.get(name)
    if value is None:
        return "-"
    spread = f" ±{100 * value.sd:.1f}" if value.sd is not None else ""
    return f"{100 * value.mean:.1f}{spread} [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def _questions(scores: Scores) -> str:
    counts = {value.n for name, value in scores.overall.items() if name not in {_COUNTED, "abstention"}}
    return str(max(counts, default=0))


def _by_category(runs: Sequence[Read], name: str) -> Iterator[RenderableType]:
    kinds = runs[0].manifest.categories
    rows = [[f"{name} by category", *(_heading(kind, runs) for kind in kinds)]]
    heads = 1
    if any(kind.paper for kind in kinds):
        rows.append(["the Mem0 paper's label", *(kind.paper for kind in kinds)])
        heads = 2
    rows += [[run.manifest.label, *(_cell(run.scores.by_category.get(k.key, {}), name) for k in kinds)] for run in runs]
    yield from columns(rows, heads)


def _heading(kind: Category, runs: Sequence[Read]) -> str:
    number = max((e.n for run in runs for e in run.scores.by_category.get(kind.key, {}).values()), default=0)
    key = f"{kind.key} " if kind.key != kind.name else ""
    return f"{key}{kind.name} ({number})"


def _measured(runs: Sequence[Read]) -> Iterator[RenderableType]:
    heads = ["ms, tokens, dollars", "search p50", "p95", "total p50", "p95", "context", "memory", "ingest s", "disk MB",
             "calls", "tokens in", "out", "$"]  # fmt: skip
    yield from columns([heads, *map(_measures, runs)])


def _measures(run: Read) -> list[str]:
    found = run.measurements
    tokens = run.scores.overall.get(_COUNTED)
    costs = found.costs.values()
    dollars = None if any(c.dollars is None for c in costs) else sum(c.dollars or 0.0 for c in costs)
    times = [f"{part:.1f}" for p in (found.search, found.total) if p for part in (p.p50, p.p95)]
    return [
        run.manifest.label, *(times or ["-"] * 4), f"{tokens.mean:,.0f}" if tokens else "-",
        f"{found.memory_tokens:,.0f}", f"{found.ingest_seconds:.1f}", f"{found.disk_bytes / 1e6:.1f}",
        f"{sum(c.calls for c in costs):,}", f"{sum(c.prompt_tokens for c in costs):,}",
        f"{sum(c.completion_tokens for c in costs):,}", "unknown" if dollars is None else f"{dollars:.4f}",
    ]  # fmt: skip


def _pair(comparison: Comparison, kinds: Mapping[str, str], most: int) -> Iterator[RenderableType]:
    names = [name for name in PAIRED if name in comparison.overall]
    rows = [[f"{comparison.one} over {comparison.other}, points", *names]]
    rows.append(["all", *(_gain(comparison.overall[name]) for name in names)])
    for kind, found in comparison.by_category.items():
        rows.append([kinds.get(kind, kind), *(_gain(found[name]) if name in found else "-" for name in names)])
    yield from columns(rows)
    told = f"{comparison.metric}: {len(comparison.won)} questions won, {len(comparison.lost)} lost"
    yield words(told)
    for head, decided in (("won", comparison.won), ("lost", comparison.lost)):
        for item in decided[:most]:
            yield from _question(head, item)


def _gain(found: Difference) -> str:
    return f"{100 * found.mean:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def _question(head: str, item: Decided) -> Iterator[RenderableType]:
    yield words(f"{head} {item.question_id}: {item.question} ({item.one:.2f} against {item.other:.2f})")
    yield inset(f"expected: {item.answer}; evidence: {', '.join(item.evidence)}")
    for name, text in (("this", item.one_context), ("other", item.other_context)):
        for line in text.splitlines()[:5]:
            yield inset(f"{name}: {line}", left=6)


def estimates(found: Sequence[Estimated], total: float, spent: float) -> Iterator[RenderableType]:
    """What runs would cost."""
    rows = [
        (e.label, row.stage, row.model, f"{row.cost.calls:,}", f"{row.cost.prompt_tokens:,}",
         f"{row.cost.completion_tokens:,}", f"{row.cost.dollars or 0.0:.4f}")
        for e in found for row in e.rows
    ]  # fmt: skip
    if rows:
        yield table(("run", "stage", "model", "calls", "tokens in", "tokens out", "$"), rows)
        yield words(f"Assumed: {found[0].assumed}.", "dim")
    yield words(f"Expected: ${total:.4f}; spent in the folder so far: ${spent:.4f}.")
    if len({e.label for e in found if e.label.startswith("graphmem") and e.rows}) > 1:
        yield words("Runs of graphmem and graphmem+ in one mode share their memory: its cost counts once.", "dim")
