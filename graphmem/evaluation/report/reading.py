"""Runs, read from their folders and put together as a report shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from graphmem.errors import GraphMemError, InputError
from graphmem.evaluation import data
from graphmem.evaluation.folders import read_manifest
from graphmem.evaluation.lines import Lines
from graphmem.evaluation.metrics.pairs import Comparison, Side, compare
from graphmem.evaluation.metrics.scores import TOKENS, scores
from graphmem.evaluation.records import (
    Category,
    Estimate,
    Ingested,
    Judgement,
    Layout,
    Manifest,
    Measurements,
    Record,
    Scores,
    Spent,
    Timing,
)
from graphmem.evaluation.results import measurements
from graphmem.values import Value

V = TypeVar("V", bound=Value)
QUALITY = ("judge strict", "judge generous", "F1", "evidence in context", "R@10")
"""What stands for quality in the plots: the first that every run has."""
BASELINES: Mapping[str, str] = {"full-context": "the whole conversation in every prompt", "bm25": "words alone"}
"""Techniques without which a figure says little."""


class Run(Value):
    """One run."""

    folder: str
    manifest: Manifest
    scores: Scores
    measurements: Measurements
    finished: bool = True

    @property
    def label(self) -> str:
        """Its name in tables and plots."""
        return self.manifest.label

    def overall(self, metric: str) -> Estimate | None:
        """A metric over the questions that are averaged."""
        return self.scores.overall.get(metric)


class Group(Value):
    """The runs on one data set, with what is said of them together."""

    name: str
    runs: tuple[Run, ...]
    categories: tuple[Category, ...]
    quality: str
    """The metric of the plots."""
    pairs: tuple[Comparison, ...] = ()
    """With the graph against without it."""
    evidence: Mapping[str, str] = {}
    """Text of a turn by its id, where the data are still at their place."""
    missing: tuple[str, ...] = ()
    """Baselines that nobody ran."""


def read(places: Sequence[Path], metric: str | None = None) -> tuple[Group, ...]:
    """The runs in these folders, by data set. Raises InputError when there is none, or none has the metric."""
    absent = [place for place in places if not place.is_dir()]
    if absent:
        raise InputError("DIR", f"{absent[0]} is no folder.", advice="Name the --out folder of an eval run.")
    layouts = Layout.find(places)
    runs = [run for layout in layouts if (run := _run(layout)) is not None]
    if not runs:
        where = ", ".join(map(str, places))
        advice = "Make one: graphmem eval run locomo DATA --technique bm25 --out DIR"
        raise InputError("DIR", f"there is no run with an answer in {where}.", advice=advice)
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in _distinct(runs):
        groups.setdefault((run.manifest.dataset, run.manifest.data_sha256), []).append(run)
    names = [name for name, _ in groups]
    return tuple(
        _group(name if names.count(name) == 1 else f"{name} {digest[:8]}", found, metric)
        for (name, digest), found in groups.items()
    )


def _distinct(runs: Sequence[Run]) -> list[Run]:
    """Labels that stand for two runs get the name of their folder's parent."""
    labels = [run.label for run in runs]
    return [
        run
        if labels.count(run.label) == 1
        else run.model_copy(update={"manifest": _relabelled(run, Path(run.folder).parent.name)})
        for run in runs
    ]


def _relabelled(run: Run, place: str) -> Manifest:
    return run.manifest.model_copy(update={"label": f"{run.label} ({place})"})


def _run(layout: Layout) -> Run | None:
    """A run with what it has so far; None when it has no answer yet."""
    manifest = read_manifest(layout)
    found = _value(layout.metrics, Scores)
    if found is None:
        records, judgements = _records(layout), list(Lines(layout.judgements, Judgement).read())
        found = scores(manifest.label, manifest.categories, records, judgements)
    asked = max((found.overall[TOKENS].n if TOKENS in found.overall else 0,
                 sum(kind[TOKENS].n for kind in found.by_category.values() if TOKENS in kind)))  # fmt: skip
    measured = _value(layout.measurements, Measurements) or _measured(layout, manifest.label)
    if not asked:
        return None
    return Run(
        folder=str(layout.folder), manifest=manifest, scores=found, measurements=measured,
        finished=asked >= manifest.questions,
    )  # fmt: skip


def _value(path: Path, kind: type[V]) -> V | None:
    try:
        return kind.model_validate_json(path.read_bytes()) if path.is_file() else None
    except ValidationError as exc:
        raise InputError(str(path), f"is no {kind.__name__} of this version.", advice="Run it anew.") from exc


def _measured(layout: Layout, label: str) -> Measurements:
    """What an unfinished run has measured."""
    timings = {t.question_id: t for t in Lines(layout.timings, Timing).read()}
    ingested = {i.conversation: i for i in Lines(layout.ingested, Ingested).read()}
    spent = Lines(layout.spending, Spent).read()
    return measurements(label, list(timings.values()), list(ingested.values()), spent)


def _records(layout: Layout) -> list[Record]:
    return list({r.question.id: r for r in Lines(layout.records, Record).read()}.values())


def _group(name: str, runs: Sequence[Run], metric: str | None) -> Group:
    known = {m for run in runs for m in run.scores.overall}
    shared = [m for m in known if all(run.overall(m) is not None for run in runs)]
    quality = metric or next((m for m in QUALITY if m in shared), next((m for m in QUALITY if m in known), ""))
    if not quality or quality not in known:
        advice = f"There are: {', '.join(sorted(known))}."
        raise InputError("metric", f"no run on {name} has {metric or 'a measure of quality'}.", advice=advice)
    runs = sorted(runs, key=_rank)
    techniques = {run.manifest.technique for run in runs}
    pairs = tuple(_pairs(runs))
    wanted = {i for pair in pairs for d in (*pair.won, *pair.lost) for i in d.evidence}
    return Group(
        name=name,
        runs=tuple(runs),
        categories=runs[0].manifest.categories,
        quality=quality,
        pairs=pairs,
        evidence=_evidence(runs[0].manifest, wanted) if wanted else {},
        missing=tuple(b for b in BASELINES if b not in techniques),
    )


def _rank(run: Run) -> tuple[int, str, str]:
    """The own memory first, with its graph before without; then the others; the baselines last."""
    technique = run.manifest.technique
    if technique in BASELINES:
        return 3, technique, run.label
    if technique.startswith("graphmem"):
        return 0 if technique.endswith("+") else 1, run.manifest.mode, run.label
    return 2, technique, run.label


def _pairs(runs: Sequence[Run]) -> Iterable[Comparison]:
    """Every technique that ran with and without its graph in the same mode and depth."""
    for run in runs:
        technique = run.manifest.technique
        plain = technique.removesuffix("+")
        if technique == plain:
            continue
        for other in runs:
            alike = (run.manifest.mode, run.manifest.top_k) == (other.manifest.mode, other.manifest.top_k)
            if other.manifest.technique == plain and alike:
                yield compare(_side(run), _side(other))


def _side(run: Run) -> Side:
    layout = Layout(run.folder)
    return Side(
        label=run.label,
        categories=run.manifest.categories,
        records=tuple(_records(layout)),
        judgements=tuple(Lines(layout.judgements, Judgement).read()),
        contexts={c.sha256: c.text for c in Lines(layout.contexts, _Text).read()},
    )


class _Text(Value):
    sha256: str
    text: str


def _evidence(manifest: Manifest, wanted: set[str]) -> dict[str, str]:
    """What the evidence says, if the data are where they were; without them the report shows ids."""
    path = Path(manifest.data_path)
    if manifest.dataset not in data.READERS or not path.exists():
        return {}
    try:
        dataset = data.read(manifest.dataset, path)
    except (GraphMemError, OSError):
        return {}
    if dataset.sha256 != manifest.data_sha256:
        return {}
    turns = [turn for conversation in dataset.conversations for turn in conversation.turns]
    return {turn.id: f"{turn.speaker}: {turn.text}" for turn in turns if turn.id in wanted}
