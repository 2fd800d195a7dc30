"""Runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.folders import read_manifest
from graphmem.evaluation.metrics.pairs import Comparison, compare
from graphmem.evaluation.records import Layout, Manifest, Measurements, Scores
from graphmem.evaluation.results import read_measurements, read_scores, read_side
from graphmem.values import Value


class Read(Value):
    """One run, read from its folder."""

    folder: str
    manifest: Manifest
    scores: Scores
    measurements: Measurements


def read(folders: Sequence[Path]) -> tuple[Read, ...]:
    """Runs, in the order given. Raises InputError for one that was never finished or stopped in order."""
    layouts = [Layout(folder) for folder in folders]
    return tuple(
        Read(
            folder=str(layout.folder),
            manifest=read_manifest(layout),
            scores=read_scores(layout),
            measurements=read_measurements(layout),
        )
        for layout in layouts
    )


def pairs(
    runs: Sequence[Read], wanted: Sequence[tuple[str, str]] | None = None, metric: str | None = None
) -> tuple[Comparison, ...]:
    """The pairs asked for by label; by default every `graphmem+` against the `graphmem` of its mode.

    Raises InputError for a label that no run has.
    """
    by_label = {run.manifest.label: run for run in runs}
    if wanted is None:
        wanted = [
            (label, other) for label in by_label if (other := label.replace("+", "", 1)) != label and other in by_label
        ]
    for label in (name for pair in wanted for name in pair):
        if label not in by_label:
            raise InputError("--pair", f"no run is called {label!r}.", advice=f"There are: {', '.join(by_label)}.")
    sides = {name: read_side(Layout(by_label[name].folder)) for name in {name for pair in wanted for name in pair}}
    return tuple(compare(sides[one], sides[other], metric) for one, other in wanted)
