"""The plots: PNG and SVG, readable in print, in grey and by the colour-blind. Needs matplotlib (extra `eval`).

Nothing is written beside a point, where labels would meet: names stand in the legend. A technique has one colour and
one shape; its modes differ in how the shape is filled, the line broken and the bar hatched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from graphmem.errors import MissingExtra
from graphmem.evaluation.metrics.scores import TOKENS
from graphmem.evaluation.records import CUTS, Estimate
from graphmem.evaluation.report.published import Point, published
from graphmem.evaluation.report.reading import BASELINES, Group, Run

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#7F7F7F")
"""Okabe and Ito's palette, grey in place of its yellow, which is lost on white."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ((0, ()), (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
FILLS = ("full", "none", "left", "bottom")
HATCHES = ("", "////", "....", "xxxx")
WIDTH = 9.0
RESOLUTION = 130
_STYLE = {
    "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6, "axes.axisbelow": True, "legend.frameon": False, "figure.dpi": RESOLUTION,
    "svg.fonttype": "path", "svg.hashsalt": "graphmem", "font.family": "DejaVu Sans",
}  # fmt: skip


class Plot(NamedTuple):
    """A plot on disk."""

    title: str
    about: str
    png: Path
    svg: Path


@dataclass(frozen=True)
class _Look:
    """How a run is drawn, the same in every plot."""

    colour: str
    marker: str
    dash: Any
    fill: str
    hatch: str

    @property
    def points(self) -> Mapping[str, Any]:
        """What matplotlib is told of its points; an empty one is white, so that its error bar ends at its edge."""
        empty = {"markerfacecolor": "white"} if self.fill == "none" else {"fillstyle": self.fill}
        return {"color": self.colour, "marker": self.marker, "markerfacecoloralt": "white", **empty}


def draw(group: Group, folder: Path, prefix: str, *, paper: bool) -> tuple[Plot, ...]:
    """All plots of a data set. Raises MissingExtra without matplotlib."""
    figure = _figures()
    looks = _looks(group.runs)
    made = []
    for name, title, about, paint in (
        ("quality-tokens", "Quality against context tokens", "Up and to the left is better.", _tokens),
        ("quality-latency", "Quality against latency", "Median and 95th percentile, machine and model of the runs.",
         _latency),
        ("categories", "Quality by category", "With 95 % intervals.", _categories),
        ("recall", "Evidence found among the first k", "With 95 % intervals.", _recall),
    ):  # fmt: skip
        with figure.style(_STYLE):
            fig = paint(figure, group, looks, paper)
            if fig is None:
                continue
            files = [folder / f"{prefix}{name}.{kind}" for kind in ("png", "svg")]
            for file in files:
                fig.savefig(file, bbox_inches="tight", facecolor="white", metadata=_undated(file))
        made.append(Plot(title, about, *files))
    return tuple(made)


def _undated(file: Path) -> Mapping[str, None]:
    """The same runs give the same files."""
    return {"Date": None} if file.suffix == ".svg" else {"Software": None}


class _Figures(NamedTuple):
    """What is needed of matplotlib, without its global state of open windows."""

    figure: Callable[..., Any]
    style: Callable[..., Any]


def _figures() -> _Figures:
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib.figure import Figure
    except ImportError as exc:
        raise MissingExtra("Drawing plots", "eval") from exc
    return _Figures(Figure, matplotlib.rc_context)


def _looks(runs: Sequence[Run]) -> Mapping[str, _Look]:
    """By label: colour and shape tell the technique, the rest the mode."""
    names = list(dict.fromkeys(_without_mode(run) for run in runs))
    modes = list(dict.fromkeys(run.manifest.mode for run in runs))
    return {run.label: _look(names.index(_without_mode(run)), modes.index(run.manifest.mode)) for run in runs}


def _without_mode(run: Run) -> str:
    return run.label.removesuffix(f"-{run.manifest.mode}")


def _look(technique: int, mode: int) -> _Look:
    return _Look(
        COLOURS[technique % len(COLOURS)],
        MARKERS[(technique + technique // len(COLOURS)) % len(MARKERS)],
        DASHES[mode % len(DASHES)],
        FILLS[mode % len(FILLS)],
        HATCHES[mode % len(HATCHES)],
    )


def _percent(found: Estimate) -> tuple[float, list[list[float]]]:
    """Mean and distances to the ends of the interval, in percent, as error bars take them."""
    low, high = max(0.0, found.mean - found.low), max(0.0, found.high - found.mean)
    return 100 * found.mean, [[100 * low], [100 * high]]


def _legend(axes: Any, columns: int = 1) -> None:
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), ncols=columns, fontsize=9)


def _baselines(axes: Any, group: Group, looks: Mapping[str, _Look]) -> None:
    """A line across the plot for every run without which a figure says little."""
    for run in group.runs:
        found = run.overall(group.quality)
        if run.manifest.technique in BASELINES and found is not None:
            look = looks[run.label]
            axes.axhline(100 * found.mean, color=look.colour, linestyle=look.dash, linewidth=1.0, alpha=0.7, zorder=1)


def _points(axes: Any, group: Group, looks: Mapping[str, _Look], place: Callable[[Run], float | None]) -> None:
    _baselines(axes, group, looks)
    for run in group.runs:
        found, x = run.overall(group.quality), place(run)
        if found is None or not x:
            continue
        mean, bars = _percent(found)
        look = looks[run.label]
        axes.errorbar(
            x, mean, yerr=bars, **look.points, markersize=8, linestyle="none", capsize=3, linewidth=1.2,
            label=run.label, zorder=3,
        )  # fmt: skip
    _scale(axes, [x for run in group.runs if (x := place(run))])


def _scale(axes: Any, places: Sequence[float]) -> None:
    """Logarithmic where the values are far apart, with figures that can be read."""
    axes.margins(x=0.12, y=0.12)
    if places and max(places) > 3 * min(places):
        from matplotlib.ticker import LogLocator, NullFormatter

        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        if max(places) < 30 * min(places):
            axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(_plain)


def _axes(figure: _Figures, columns: int, rows: int = 1, height: float = 4.2) -> tuple[Any, Any]:
    # No layout engine: with the tight box of savefig it would only draw everything once more.
    fig = figure.figure(figsize=(WIDTH * 0.8, height * rows))
    spaces = {"wspace": 0.2, "hspace": 0.38, "left": 0.08, "right": 0.98}
    return fig, fig.subplots(rows, columns, squeeze=False, gridspec_kw=spaces)


def _name(group: Group) -> str:
    return f"{group.quality} (%)"


def _tokens(figure: _Figures, group: Group, looks: Mapping[str, _Look], paper: bool) -> Any:
    def tokens(run: Run) -> float | None:
        found = run.overall(TOKENS)
        return found.mean if found else None

    fig, axes = _axes(figure, 1, 2 if paper else 1)
    own = axes[0][0]
    _points(own, group, looks, tokens)
    own.set(xlabel="context tokens", ylabel=_name(group), title=f"{group.name}: the runs of this report")
    _legend(own)
    if paper:
        _paper(axes[1][0], lambda p: float(p.tokens), "context tokens", legend=True)
    return fig


def _latency(figure: _Figures, group: Group, looks: Mapping[str, _Look], paper: bool) -> Any:
    if not any(run.measurements.total for run in group.runs):
        return None
    fig, axes = _axes(figure, 2, 2 if paper else 1)
    for column, (name, which) in enumerate((("median", "p50"), ("95th percentile", "p95"))):
        place = axes[0][column]
        _points(place, group, looks, lambda run, which=which: getattr(run.measurements.total, which, None))  # type: ignore[misc]
        place.set(xlabel=f"total ms, {name}", ylabel=_name(group) if not column else "")
        if paper:
            _paper(axes[1][column], lambda p, which=which: float(getattr(p, which)), f"total s, {name}",  # type: ignore[misc]
                   legend=column == 1)  # fmt: skip
    _legend(axes[0][1])
    return fig


def _plain(value: float, _: int) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _paper(axes: Any, place: Callable[[Point], float], label: str, *, legend: bool) -> None:
    """The published systems in a panel of their own: another measure, on other machines."""
    points = published().points
    rag = [p for p in points if p.name.startswith("RAG")]
    others = [p for p in points if p not in rag]
    for number, point in enumerate(others):
        axes.errorbar(
            place(point), point.j, yerr=point.sd, color=COLOURS[number % len(COLOURS)], marker=MARKERS[number],
            markerfacecolor="white", markersize=8, capsize=3, linestyle="none", label=point.name,
        )  # fmt: skip
    axes.plot([place(p) for p in rag], [p.j for p in rag], color="#7F7F7F", marker=".", linewidth=1.0,
              label="RAG, 2 chunks of 128 to 8192")  # fmt: skip
    axes.set(xlabel=label, ylabel="LLM judge (%)")
    axes.set_title("Published: another measure", fontsize=9, color="#555555")
    _scale(axes, [place(p) for p in points])
    if legend:
        _legend(axes)


def _categories(figure: _Figures, group: Group, looks: Mapping[str, _Look], paper: bool) -> Any:
    kinds = [
        c for c in group.categories if any(group.quality in r.scores.by_category.get(c.key, {}) for r in group.runs)
    ]
    if not kinds:
        return None
    fig, axes = _axes(figure, 1)
    place, width = axes[0][0], 0.84 / len(group.runs)
    for number, run in enumerate(group.runs):
        look = looks[run.label]
        for x, mean, bars in _bars(run, [c.key for c in kinds], group.quality):
            place.bar(
                x + (number - (len(group.runs) - 1) / 2) * width, mean, width * 0.92, yerr=bars, color=look.colour,
                hatch=look.hatch, edgecolor="white", linewidth=0.0,
                error_kw={"elinewidth": 0.9, "capsize": 1.5, "ecolor": "#333333"},
            )  # fmt: skip
    place.set_xticks(range(len(kinds)), [c.name for c in kinds], rotation=20 if len(kinds) > 6 else 0)
    place.set(ylabel=_name(group), ylim=(0, None))
    place.grid(visible=False, axis="x")
    handles = [_patch(looks[run.label], run.label) for run in group.runs]
    place.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=9)
    return fig


def _patch(look: _Look, label: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0.0, label=label)


def _bars(run: Run, keys: Sequence[str], metric: str) -> Iterator[tuple[int, float, list[list[float]]]]:
    for x, key in enumerate(keys):
        found = run.scores.by_category.get(key, {}).get(metric)
        if found is not None:
            yield (x, *_percent(found))


def _recall(figure: _Figures, group: Group, looks: Mapping[str, _Look], paper: bool) -> Any:
    curves = {run.label: found for run in group.runs if (found := _curve(run))}
    if not curves:
        return None
    fig, axes = _axes(figure, 1)
    place = axes[0][0]
    for label, found in curves.items():
        look = looks[label]
        cuts = list(found)
        means, bars = zip(*map(_percent, found.values()), strict=True)
        sides = [[b[side][0] for b in bars] for side in (0, 1)]
        place.errorbar(
            cuts, means, yerr=sides, **look.points, linestyle=look.dash, markersize=6, capsize=2, linewidth=1.6,
            elinewidth=0.7, label=label,
        )  # fmt: skip
    for run in group.runs:
        shown = run.overall("evidence in context")
        if run.manifest.technique == "full-context" and shown is not None:
            place.axhline(100 * shown.mean, color=looks[run.label].colour, linestyle=looks[run.label].dash,
                          linewidth=1.0, label=f"{run.label}: in the context")  # fmt: skip
    place.set_xticks(sorted({cut for found in curves.values() for cut in found}))
    place.set(xlabel="k", ylabel="evidence among the first k (%)", ylim=(0, 103))
    _legend(place)
    return fig


def _curve(run: Run) -> dict[int, Estimate]:
    return {cut: found for cut in CUTS if (found := run.overall(f"R@{cut}")) is not None}
