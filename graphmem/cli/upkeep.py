"""doctor, export, backup, restore, reembed: looking after a home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmem.cli import _render_upkeep as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError

if TYPE_CHECKING:
    from graphmem.values import BackupReport

PANEL = "Upkeep"

Force = Annotated[bool, typer.Option("--force", "-f", help="Also over what is there.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "doctor", panel=PANEL)(doctor)
    command(app, "export", panel=PANEL, scope=True)(export)
    command(app, "backup", panel=PANEL)(backup)
    command(app, "restore", panel=PANEL)(restore)
    command(app, "reembed", panel=PANEL)(reembed)


def doctor(
    session: Session,
    *,
    deep: Annotated[bool, typer.Option(help="Read every row of the ledger.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit code 1 for warnings, too.")] = False,
) -> None:
    """Look for what could go wrong: versions, disk, permissions, models, ledger; exit code 1 when something is."""
    from graphmem.memory import Memory

    report = Memory.doctor(session.settings, deep=deep)
    session.show({**report.model_dump(mode="json"), "health": report.health}, lambda: render.examined(report))
    if report.health == "failure" or (strict and report.health != "ok"):
        raise typer.Exit(1)


def export(
    session: Session,
    file: Annotated[Path, typer.Argument(help="JSON Lines; .jsonl.gz is compressed.", show_default=False)],
    *,
    vectors: Annotated[
        bool, typer.Option("--vectors/--no-vectors", help="With the vectors, or embed on import.")
    ] = True,
    force: Force = False,
) -> None:
    """Write everything, or with --user what that user owns, to a file that import reads."""
    labels = session.given_scope
    if set(labels) - {"user_id"}:
        raise UsageError("Export everything, or one user with --user NAME.")
    with session.memory() as memory:
        report = memory.export(file, user_id=labels.get("user_id"), vectors=vectors, force=force)
    session.show(report, lambda: render.exported(report))


def backup(session: Session, folder: Annotated[Path, typer.Argument(help="A new folder.", show_default=False)]) -> None:
    """Copy the ledger into a new folder, while it may be in use, and read the copy back."""
    with session.memory() as memory:
        report = memory.backup(folder)
    session.show(report, lambda: render.backed_up(report, "Backed up"))


def restore(
    session: Session,
    folder: Annotated[Path, typer.Argument(help="A folder that backup made.", show_default=False)],
    *,
    force: Force = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check every byte of the backup.")] = False,
) -> None:
    """Put a backup into a home that is not open, and write its vector store anew."""
    from graphmem.memory import Memory

    report: BackupReport = Memory.restore(folder, session.settings, force=force, dry_run=dry_run)
    session.show(report, lambda: render.backed_up(report, "Whole:" if dry_run else "Restored"))


def reembed(session: Session) -> None:
    """Bring the vectors to the embedding model of the settings; goes on where it was interrupted."""
    from graphmem.cli._print import say
    from graphmem.memory import Memory

    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if not session.agent:
            say(f"reembed: {done:,} texts")

    report = Memory.reembed(session.settings, progress=advance)
    session.show(report, lambda: render.reembedded(report))
