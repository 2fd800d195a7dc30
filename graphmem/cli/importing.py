"""import: files into memory, resumable."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session


class ExtractorName(StrEnum):
    """Which extractor reads the messages."""

    local = "local"
    llm = "llm"
    none = "none"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "import", panel="Remember", scope=True)(import_)


def import_(
    session: Session,
    files: Annotated[list[Path], typer.Argument(help="An export, JSON, JSON Lines or LoCoMo.", show_default=False)],
    *,
    infer: Annotated[
        bool, typer.Option("--infer/--no-infer", help="Extract facts, or keep the messages alone.")
    ] = True,
    extractor: Annotated[ExtractorName | None, typer.Option(help="local, llm or none.", show_default=False)] = None,
) -> None:
    """Remember what files hold; a second run skips what is done."""
    from graphmem.cli import _import

    if len(files) == 1 and _import.is_export(files[0]):
        _import.ledger(session, files[0])
        return
    report = _import.run(session, files, infer=infer, extractor=extractor and extractor.value)
    session.show(report, lambda: _import.lines(report), failed=bool(report.failed))
