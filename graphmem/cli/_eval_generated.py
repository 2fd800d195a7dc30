"""eval generate, eval relationships: the generated benchmark of relationships and updates."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphmem.cli._command import command
from graphmem.cli._progress import progress
from graphmem.cli._session import Session, UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.evaluation.generated.documents import Benchmark
    from graphmem.evaluation.generated.running import Result, Score

DEFAULT_SIZE = 200


class Templates(StrEnum):
    """Which templates a benchmark is written with."""

    all = "all"
    tuning = "tuning"
    held_out = "held-out"


class Extractor(StrEnum):
    """What reads the conversations."""

    local = "local"
    scripted = "scripted"


File = Annotated[Path | None, typer.Argument(help="Of `eval generate`; made when absent.", show_default=False)]
Embedder = Annotated[
    str, typer.Option(help="As in the settings; by default the local one, or hash for scripted.", show_default=False)
]
Whole = Annotated[Path | None, typer.Option("--json", help="Write the whole result.", show_default=False)]
Seed = Annotated[int, typer.Option(help="The same seed gives the same world.")]
Which = Annotated[Templates, typer.Option(help="Write with all templates, or with one half of them.")]


def register(group: typer.Typer) -> None:
    """Add these commands to `eval`."""
    command(group, "eval generate")(generate)
    command(group, "eval relationships")(relationships)


def generate(
    session: Session,
    out: Annotated[Path, typer.Option(help="The JSON file to write.", show_default=False)],
    people: Annotated[int, typer.Option(help="How many people the world has.")] = DEFAULT_SIZE,
    seed: Seed = 1,
    templates: Which = Templates.all,
) -> None:
    """Write conversations of an invented world, with questions whose answers are known exactly."""
    from graphmem.evaluation.generated.documents import save
    from graphmem.evaluation.generated.making import generate as make

    made = make(people, seed, templates.value)
    save(made, out)
    counts = {
        "file": str(out), "people": made.people, "conversations": len(made.talks),
        "turns": sum(1 for _ in made.lines), "questions": len(made.questions),
    }  # fmt: skip
    told = f"{counts['conversations']} conversations, {counts['turns']} turns, {counts['questions']} questions"
    session.show(counts, lambda: [f"{told} in {out}."])


def relationships(
    session: Session,
    file: File = None,
    size: Annotated[int | None, typer.Option(help="People of the world to make (200).", show_default=False)] = None,
    seed: Seed = 1,
    templates: Which = Templates.all,
    extractor: Annotated[Extractor, typer.Option(help="local, or scripted: reads perfectly.")] = Extractor.local,
    embedder: Embedder = "",
    json_file: Whole = None,
    wrong: Annotated[int, typer.Option(help="Show so many wrong answers.")] = 0,
    missed: Annotated[int, typer.Option(help="Show the wordings least understood.")] = 0,
) -> None:
    """Ingest a generated world and ask about it: accuracy by kind of question, with no judge."""
    from graphmem.evaluation.generated.running import run

    made = _benchmark(file, size, seed, templates.value)
    turns = sum(1 for _ in made.lines)
    with progress("Remembering", turns, "turns", quiet=session.agent) as advance:
        result = run(made, extractor.value, embedder=embedder, advance=advance)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(result.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n", "utf-8")
    session.show(
        result.model_dump(mode="json", exclude={"wrong", "wordings"}),
        lambda: [*_lines(result), *_wrong(result, wrong), *_missed(result, missed)],
        lambda: [_table(result)],
    )


def _benchmark(file: Path | None, size: int | None, seed: int, templates: Any) -> Benchmark:
    from graphmem.evaluation.generated.documents import load
    from graphmem.evaluation.generated.making import generate as make

    if file is not None and size is not None:
        raise UsageError("Give FILE or --size, not both.")
    return load(file) if file is not None else make(DEFAULT_SIZE if size is None else size, seed, templates)


def _lines(result: Result) -> list[str]:
    head = (
        f"{result.people} people, seed {result.seed}, templates {result.templates}, extractor {result.extractor}: "
        f"{result.turns:,} turns in {result.ingest_seconds:.1f} s, "
        f"{result.overall.asked} questions in {result.ask_seconds:.1f} s"
    )
    return [head, *map(_line, (*result.scores, result.overall))]


def _line(score: Score) -> str:
    line = f"{score.kind:<20} {100 * score.accuracy:5.1f} %  {score.right:>4} of {score.asked:<4}"
    return f"{line}  {score.untrue} untrue" if score.untrue else line.rstrip()


def _wrong(result: Result, most: int) -> list[str]:
    return [
        f"{a.question.kind}: {a.question.text} expected {list(a.question.answer)}, given {list(a.given)}"
        for a in result.wrong[:most]
    ]


def _missed(result: Result, most: int) -> list[str]:
    ranked = sorted(result.wordings.items(), key=lambda item: (item[1][1] / item[1][0], item[0]))
    return [f"{understood} of {told}: {wording}" for wording, (told, understood) in ranked[:most]]


def _table(result: Result) -> RenderableType:
    from rich.table import Table

    table = Table("kind", "accuracy", "right", "asked", "untrue")
    for s in (*result.scores, result.overall):
        table.add_row(s.kind, f"{100 * s.accuracy:.1f} %", str(s.right), str(s.asked), str(s.untrue))
    return table
