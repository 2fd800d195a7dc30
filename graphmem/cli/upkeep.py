"""doctor, export, backup, restore, reembed, diff, audit, repair, worker: looking after a home."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmem.cli import _render_upkeep as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError
from graphmem.errors import InputError

if TYPE_CHECKING:
    from graphmem.values import AddResult, BackupReport, Fix

PANEL = "Upkeep"

Force = Annotated[bool, typer.Option("--force", "-f", help="Also over what is there.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "doctor", panel=PANEL)(doctor)
    command(app, "export", panel=PANEL, scope=True)(export)
    command(app, "backup", panel=PANEL)(backup)
    command(app, "restore", panel=PANEL)(restore)
    command(app, "reembed", panel=PANEL)(reembed)
    command(app, "diff", panel=PANEL, scope=True)(diff)
    command(app, "audit", panel=PANEL, scope=True)(audit)
    command(app, "repair", panel=PANEL)(repair)
    command(app, "worker", panel=PANEL)(worker)


def doctor(
    session: Session,
    *,
    deep: Annotated[bool, typer.Option(help="Read every row of the ledger.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit code 1 for warnings, too.")] = False,
) -> None:
    """Look for what could go wrong: versions, disk, permissions, models, ledger; exit code 1 when something is."""
    from graphmem.memory import Memory

    report = Memory.doctor(session.settings, deep=deep)
    failed = report.health == "failure" or (strict and report.health != "ok")
    told = {**report.model_dump(mode="json"), "health": report.health}
    session.show(told, lambda: render.examined(report), failed=failed)


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


def diff(
    session: Session,
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="Changes after this moment.", show_default=False)],
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to this one; now.", show_default=False)] = None,
) -> None:
    """What was added, changed, ended and removed between two moments; of one scope, or of all."""
    with session.memory() as memory:
        found = memory.diff(since, until, **session.given_scope)
    session.show(found, lambda: render.differences(found))


def audit(
    session: Session,
    *,
    fix_plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the repairs to this file.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Look for duplicates, contradictions, orphans and vague facts; of one scope, or of all. Changes nothing."""
    if fix_plan is not None and fix_plan.exists() and not force:
        raise UsageError(f"{fix_plan} exists. Choose another name, or add --force.")
    with session.memory() as memory:
        report = memory.audit(**session.given_scope)
    if fix_plan is not None:
        fix_plan.write_text(json.dumps([fix.model_dump() for fix in report.fixes], indent=2, ensure_ascii=False) + "\n")
    session.show(report, lambda: render.audited(report, fix_plan))


def repair(
    session: Session,
    plan: Annotated[Path, typer.Argument(help="A file that audit --fix-plan wrote.", show_default=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Carry out the repairs of a plan that say `"apply": true`; undo takes each back."""
    fixes = _fixes(plan)
    with session.memory() as memory:
        done = memory.repair(fixes, dry_run=dry_run)
    undone = not dry_run and not all(applied.done for applied in done)
    session.show(done, lambda: render.repaired(done), failed=undone)


def _fixes(path: Path) -> tuple[Fix, ...]:
    from pydantic import TypeAdapter, ValidationError

    from graphmem.values import Fix

    try:
        return TypeAdapter(tuple[Fix, ...]).validate_json(path.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        raise InputError("plan", f"{path} is no plan of repairs.", advice="Use a file of audit --fix-plan.") from error


def worker(
    session: Session,
    *,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="End when nothing waits.")] = False,
    lease: Annotated[float, typer.Option(metavar="SECONDS", help="After so long another worker takes over.")] = 60,
    attempts: Annotated[int, typer.Option(help="An episode that ended so many workers counts as failed.")] = 5,
    name: Annotated[str, typer.Option(help="Its name; the host and process.", show_default=False)] = "",
) -> None:
    """Read what `add --no-wait` recorded; run as many as you like. Ctrl-C ends it after the episode in hand."""
    from graphmem.cli._print import say

    def finished(result: AddResult) -> None:
        if not session.agent:
            say(f"{result.episode_id} {result.status}: {len(result.changes)} changes {result.reason}")

    with _asked_to_stop() as stop, session.memory() as memory:
        report = memory.work(
            name=name,
            until_empty=until_empty,
            lease_seconds=lease,
            attempts=attempts,
            stop=stop,
            finished=finished,
        )
    session.show(report, lambda: render.worked(report))


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM, instead of ending the process in the middle of something."""
    stop = threading.Event()
    signs = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(sign, lambda *_: stop.set()) for sign in signs]
    try:
        yield stop
    finally:
        for sign, handler in zip(signs, before, strict=True):
            signal.signal(sign, handler)
