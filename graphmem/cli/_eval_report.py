"""eval report: tables, plots and a page about runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session


def register(group: typer.Typer) -> None:
    """Add this command to `eval`."""
    command(group, "eval report")(report)


def report(
    session: Session,
    places: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of runs, or with runs in them.")],
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("report"),
    metric: Annotated[
        str | None, typer.Option(help="What stands for quality in the plots.", show_default=False)
    ] = None,
    published: Annotated[bool, typer.Option("--published", help="Add the figures of the Mem0 paper.")] = False,
    examples: Annotated[int, typer.Option(help="Questions won and lost on the page, of each.", min=0)] = 20,
) -> None:
    """Write tables, plots and a page about one or more runs."""
    from graphmem.evaluation.report.writing import write

    written = write(places, out, metric=metric, paper=published, examples=examples)
    told = [f"note: {note}" for note in written.notes]
    page = Path(written.folder) / "report.html"
    summary = f"{len(written.runs)} runs in {page}, with {len(written.files) - 1} files beside it."
    session.show(written, lambda: [*told, summary])
