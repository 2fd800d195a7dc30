"""Everything that `eval report` writes into its folder."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path

from graphmem.evaluation.lines import replace
from graphmem.evaluation.report import html, markdown, plots
from graphmem.evaluation.report.pages import page
from graphmem.evaluation.report.published import published
from graphmem.evaluation.report.reading import Group, read
from graphmem.evaluation.report.tables import long_rows
from graphmem.values import Value

EXAMPLES = 20


class Written(Value):
    """What a report was made of, and where it is."""

    folder: str
    files: tuple[str, ...]
    runs: tuple[str, ...]
    notes: tuple[str, ...]
    """What the report says at its head: missing baselines, unfinished runs."""


def write(
    places: Sequence[Path], out: Path, *, metric: str | None = None, paper: bool = False, examples: int = EXAMPLES
) -> Written:
    """Read the runs in `places` and write report.md, report.html, results.csv, results.json, graph-won-lost.json and
    the plots into `out`, over what an earlier report left there.

    `metric` stands for quality in the plots; `paper` adds the published figures; `examples` is how many questions that
    the graph won, and as many that it lost, the pages show. Raises InputError, and MissingExtra without matplotlib.
    """
    groups = read(places, metric)
    out.mkdir(parents=True, exist_ok=True)
    drawn = {g.name: plots.draw(g, out, _prefix(g, groups), paper=paper) for g in groups}
    pages = [page(g, drawn[g.name], paper=paper, examples=examples) for g in groups]
    texts = {
        "report.md": markdown.render(pages),
        "report.html": html.render(pages),
        "results.csv": _csv(groups),
        "results.json": _json(_results(groups, paper=paper)),
        "graph-won-lost.json": _json(
            [{"data": g.name, **pair.model_dump(mode="json")} for g in groups for pair in g.pairs]
        ),
    }
    for name, text in texts.items():
        replace(out / name, text)
    pictures = [file.name for found in drawn.values() for plot in found for file in (plot.png, plot.svg)]
    return Written(
        folder=str(out), files=(*texts, *pictures), runs=tuple(run.label for g in groups for run in g.runs),
        notes=tuple(note for p in pages for note in p.notes),
    )  # fmt: skip


def _prefix(group: Group, groups: Sequence[Group]) -> str:
    return "" if len(groups) == 1 else re.sub(r"[^\w-]+", "-", group.name) + "-"


def _csv(groups: Sequence[Group]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(long_rows(groups))
    return text.getvalue()


def _results(groups: Sequence[Group], *, paper: bool) -> dict[str, object]:
    found: dict[str, object] = {
        "groups": [
            {
                "data": g.name,
                "quality": g.quality,
                "missing": list(g.missing),
                "runs": [
                    {
                        "label": run.label,
                        "finished": run.finished,
                        "manifest": run.manifest.model_dump(mode="json"),
                        "scores": run.scores.model_dump(mode="json"),
                        "measurements": run.measurements.model_dump(mode="json"),
                    }
                    for run in g.runs
                ],
                "pairs": [p.model_dump(mode="json", exclude={"won", "lost"}) for p in g.pairs],
            }
            for g in groups
        ]
    }
    return found | {"published": published().model_dump(mode="json")} if paper else found


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
