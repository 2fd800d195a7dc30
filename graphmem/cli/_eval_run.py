"""eval run, eval metrics: techniques on a data set, and what they found."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from graphmem.cli import _render_eval as render
from graphmem.cli._command import command
from graphmem.cli._print import say
from graphmem.cli._progress import progress
from graphmem.cli._session import Session, UsageError

if TYPE_CHECKING:
    from graphmem.evaluation.plans import Models, Plan
    from graphmem.evaluation.records import Dataset
    from graphmem.evaluation.runs import Outcome


class DataSet(StrEnum):
    """Shapes of data."""

    locomo = "locomo"
    longmemeval = "longmemeval"
    musique = "musique"
    jsonl = "jsonl"


class ModeName(StrEnum):
    """What is remembered."""

    raw = "raw"
    recorded = "recorded"
    local = "local"
    llm = "llm"


class JudgeName(StrEnum):
    """Who judges answers."""

    generous = "generous"
    strict = "strict"


class TokenCounter(StrEnum):
    """What counts tokens."""

    estimate = "estimate"
    cl100k_base = "cl100k_base"


_WHAT, _HOW, _COST = "What is asked", "How it is answered", "What it may cost"

Names = Annotated[
    list[str],
    typer.Option(
        "--technique",
        "-t",
        help="graphmem, graphmem+, bm25, chroma, rag, full-context, …; repeatable.",
        rich_help_panel=_HOW,
    ),
]
Modes = Annotated[
    list[ModeName] | None,
    typer.Option("--mode", help="raw, recorded, local or llm; repeatable.", show_default="raw", rich_help_panel=_HOW),
]
Graph = Annotated[bool, typer.Option("--is-graph", help="graphmem means graphmem+.", rich_help_panel=_HOW)]
TopK = Annotated[int, typer.Option(min=1, help="Memories in a context.", rich_help_panel=_HOW)]
ChunkSize = Annotated[int, typer.Option(min=1, help="Tokens of a chunk (rag).", rich_help_panel=_HOW)]
NumChunks = Annotated[int, typer.Option(min=1, help="Chunks in a context (rag).", rich_help_panel=_HOW)]
Batch = Annotated[int, typer.Option(min=1, help="Turns of one add (local, llm).", rich_help_panel=_HOW)]
Answers = Annotated[
    bool | None,
    typer.Option(
        "--answers/--no-answers",
        help="Let the chat model answer; the default in mode llm.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
Judges = Annotated[
    list[JudgeName] | None,
    typer.Option(
        "--judge",
        help="generous or strict; repeatable. Both unless one is named.",
        show_default=False,
        rich_help_panel=_HOW,
    ),
]
JudgeRuns = Annotated[int, typer.Option(min=0, help="Judgements of an answer by each; 0: none.", rich_help_panel=_HOW)]
Conversations = Annotated[
    str, typer.Option(help="Ids or places from 0, separated by commas.", show_default=False, rich_help_panel=_WHAT)
]
Categories = Annotated[str, typer.Option(help="Separated by commas.", show_default=False, rich_help_panel=_WHAT)]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Questions a conversation.", show_default=False, rich_help_panel=_WHAT)
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget-usd", min=0, help="Stop before this is spent in OUT.", show_default=False, rich_help_panel=_COST
    ),
]
PriceOf = Annotated[
    list[str] | None,
    typer.Option(
        "--price",
        metavar="MODEL=IN/OUT",
        help="Dollars a million tokens; repeatable.",
        show_default=False,
        rich_help_panel=_COST,
    ),
]
Estimate = Annotated[
    bool, typer.Option("--estimate", help="Print what it would cost, and stop.", rich_help_panel=_COST)
]
Counter = Annotated[
    TokenCounter, typer.Option("--tokens", help="What counts tokens of contexts.", rich_help_panel=_COST)
]
Out = Annotated[Path, typer.Option("--out", help="Folder of the runs.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what is in OUT.")]
Workers = Annotated[int, typer.Option(min=1, help="Conversations at once, and answers at once.")]
Seed = Annotated[int, typer.Option(help="Of the draws behind the intervals.")]
Discard = Annotated[bool, typer.Option("--discard-memories", help="Remove each memory when its questions are asked.")]


class Part(NamedTuple):
    """The data, and which of it."""

    dataset: str
    path: Path
    conversations: Sequence[str]
    categories: Sequence[str]
    limit: int | None


class Bill(NamedTuple):
    """What it may cost, and by which prices."""

    prices: Sequence[str]
    budget: float | None
    tokens: Literal["estimate", "cl100k_base"]
    estimate: bool


class Wanted:
    """Techniques and modes, and how they are run; `options` are fields of `Options`."""

    def __init__(
        self,
        names: Sequence[str],
        modes: Sequence[Any],
        answers: bool | None,
        judges: Sequence[Any],
        judge_runs: int,
        **options: int,
    ) -> None:
        self.names, self.modes, self.answers = names, modes, answers
        self.judges, self.judge_runs, self.options = tuple(judges), max(1, judge_runs), options

    def plans(self, chosen: Dataset) -> list[Plan]:
        """One plan a technique and mode, those that come to the same only once."""
        from graphmem.evaluation.plans import Plan
        from graphmem.evaluation.techniques.contract import Options

        plans: dict[str, Plan] = {}
        for name in self.names:
            for mode in self.modes:
                answering = mode == "llm" if self.answers is None else self.answers
                judged: dict[str, Any] = {"judges": self.judges, "judge_runs": self.judge_runs} if answering else {}
                plan = Plan.of(chosen, name, Options(mode=mode, **self.options), answers=answering, **judged)
                plans.setdefault(plan.label, plan)
        return list(plans.values())


def register(group: typer.Typer) -> None:
    """Add these commands to `eval`."""
    command(group, "eval run")(run)
    command(group, "eval metrics")(metrics)


def run(
    session: Session,
    dataset: Annotated[DataSet, typer.Argument(help="locomo, longmemeval, musique or jsonl.", show_default=False)],
    path: Annotated[Path, typer.Argument(help="Its file or folder.", show_default=False)],
    technique: Names,
    mode: Modes = None,
    is_graph: Graph = False,
    top_k: TopK = 30,
    chunk_size: ChunkSize = 1000,
    num_chunks: NumChunks = 1,
    batch: Batch = 10,
    answers: Answers = None,
    judge: Judges = None,
    judge_runs: JudgeRuns = 1,
    conversations: Conversations = "",
    categories: Categories = "",
    limit: Limit = None,
    budget: Budget = None,
    price: PriceOf = None,
    estimate: Estimate = False,
    tokens: Counter = TokenCounter.estimate,
    out: Out = Path("evaluation"),
    resume: Resume = False,
    workers: Workers = 1,
    seed: Seed = 0,
    discard: Discard = False,
) -> None:
    """Run techniques on a data set: evidence found, answers, judgements, times and costs."""
    names = [_with_graph(name) if is_graph else name for name in technique]
    modes = [m.value for m in mode or [ModeName.raw]]
    judges = tuple(j.value for j in judge or JudgeName) if judge_runs else ()
    wanted = Wanted(
        names, modes, answers, judges, judge_runs, top_k=top_k, chunk_size=chunk_size, num_chunks=num_chunks,
        batch=batch, seed=seed,
    )  # fmt: skip
    part = Part(dataset.value, path, _listed(conversations), _listed(categories), limit)
    bill = Bill(price or (), budget, tokens.value, estimate)
    _run(session, part, wanted, bill, out, {"resume": resume, "workers": workers, "discard": discard})


def metrics(
    session: Session,
    folders: Annotated[list[Path], typer.Argument(help="Of `eval run`: runs, or folders of runs.", show_default=False)],
    pair: Annotated[
        list[str] | None, typer.Option(metavar="ONE:OTHER", help="Compare these; repeatable.", show_default=False)
    ] = None,
    metric: Annotated[str | None, typer.Option(help="What decides who won a question.", show_default=False)] = None,
    show: Annotated[int, typer.Option(min=0, help="Questions won and lost to show of each pair.")] = 0,
) -> None:
    """Print what runs found, with intervals, and pairs of them question by question."""
    from graphmem.evaluation.records import Layout

    layouts = Layout.find(folders)
    if not layouts:
        raise UsageError(f"No run in {', '.join(map(str, folders))}. Make one with: graphmem eval run")
    _show(session, [layout.folder for layout in layouts], [], _pairs(pair), metric, show)


def _pairs(written: Sequence[str] | None) -> list[tuple[str, str]] | None:
    if written is None:
        return None
    pairs = [tuple(text.split(":")) for text in written]
    if wrong := [":".join(pair) for pair in pairs if len(pair) != 2]:
        raise UsageError(f"--pair {wrong[0]!r} is not ONE:OTHER, such as graphmem+-raw:graphmem-raw.")
    return [(pair[0], pair[1]) for pair in pairs]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _with_graph(name: str) -> str:
    return name if name.endswith("+") or name not in {"graphmem", "mem0"} else f"{name}+"


def _run(session: Session, part: Part, wanted: Wanted, bill: Bill, out: Path, told: Mapping[str, Any]) -> None:
    from graphmem.evaluation import data, opening, prices

    dataset = data.read(part.dataset, part.path)
    chosen = data.chosen(dataset, conversations=part.conversations, categories=part.categories, limit=part.limit)
    plans = wanted.plans(chosen)
    own = dict(map(prices.parse, bill.prices))
    with opening.models(session.settings, out, prices=own, budget=bill.budget, tokens=bill.tokens) as models:
        if bill.estimate:
            _estimate(session, plans, models)
            return
        with opening.alone(out):
            outcomes = [_one(session, plan, models, out, told) for plan in plans]
    _show(session, [Path(o.folder) for o in outcomes], outcomes)


def _one(session: Session, plan: Plan, models: Models, out: Path, told: Mapping[str, Any]) -> Outcome:
    from graphmem.evaluation.runs import Run

    with progress(plan.label, plan.questions, "questions", quiet=session.agent) as advance:
        outcome = Run(plan, models, out, advance=advance, **told).execute()
    for failed in outcome.failed[:3]:
        say(f"{plan.label}, {failed.item}: {failed.reason}")
    if outcome.finished < outcome.questions or outcome.failed:
        left = f"{outcome.finished} of {outcome.questions} questions are finished"
        say(f"{plan.label}: {left}. {outcome.stopped or 'The rest failed.'} Go on with --resume.")
    if outcome.interrupted:
        raise typer.Abort
    return outcome


def _estimate(session: Session, plans: Sequence[Plan], models: Models) -> None:
    from graphmem.evaluation.estimates import estimate

    estimates = [estimate(plan, models) for plan in plans]
    total = math.fsum(e.dollars or 0.0 for e in estimates)
    session.show(
        {"runs": [e.model_dump(mode="json") for e in estimates], "dollars": total},
        lambda: render.estimates(estimates, total, models.purse.spent),
    )


def _show(
    session: Session,
    folders: Sequence[Path],
    outcomes: Sequence[Outcome],
    pairs: Sequence[tuple[str, str]] | None = None,
    metric: str | None = None,
    most: int = 0,
) -> None:
    from graphmem.evaluation import comparing

    found = comparing.read(folders)
    compared = comparing.pairs(found, pairs, metric)
    value = {
        "runs": [run.model_dump(mode="json") for run in found],
        "pairs": [c.model_dump(mode="json", exclude=None if most else {"won", "lost"}) for c in compared],
        "outcomes": [o.model_dump(mode="json") for o in outcomes],
    }
    text: Callable[[], Any] = lambda: render.results(found, compared, most)  # noqa: E731
    unfinished = any(o.stopped or o.failed or o.finished < o.questions for o in outcomes)
    session.show(value, text, text, failed=unfinished)
