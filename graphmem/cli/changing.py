"""update, delete, history, undo: what changes, and how to take it back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from graphmem.cli import _render as render
from graphmem.cli._command import command
from graphmem.cli._options import ScopeLabels
from graphmem.cli._session import Session, UsageError, json_object, text_argument

if TYPE_CHECKING:
    from graphmem.values import DeleteReport

PANEL = "Change"

Id = Annotated[str, typer.Argument(help="Id of a memory.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "update", panel=PANEL)(update)
    command(app, "delete", panel=PANEL, scope=True)(delete)
    command(app, "history", panel=PANEL)(history)
    command(app, "undo", panel=PANEL)(undo)


def update(
    session: Session,
    id: Id,
    text: Annotated[str | None, typer.Argument(help="The new text; - reads stdin.", show_default=False)] = None,
    metadata: Annotated[
        str | None, typer.Option(help="A JSON object, merged into the old one.", show_default=False)
    ] = None,
) -> None:
    """Give a memory another text or other metadata; the old ones stay in its history."""
    labels = None if metadata is None else json_object(metadata, "metadata")
    new = text if text is None and labels is not None else text_argument(text, "TEXT")
    with session.memory() as memory:
        change = memory.update(id, text=new, metadata=labels)
    session.show(change, lambda: render.changes((change,)))


def delete(
    session: Session,
    id: Annotated[str | None, typer.Argument(help="Id of a memory.", show_default=False)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the scope.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "--preview", help="Only say what would go.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Ask nothing.")] = False,
) -> None:
    """Delete one memory, or with --all everything in a scope."""
    if (id is None) != everything:
        raise UsageError("Give the id of a memory, or --all with a scope.")
    report = _delete_all(session, dry_run, force) if id is None else _delete_one(session, id, dry_run)
    session.show(report, lambda: render.deleted(report))


def history(session: Session, id: Id) -> None:
    """What happened to a memory, and why."""
    with session.memory() as memory:
        entries = memory.history(id)
    session.show(entries, lambda: render.history(entries), lambda: render.history_table(entries))


def undo(
    session: Session,
    resolution: Annotated[str, typer.Argument(help="Id of a resolution, from add, delete or history.")],
) -> None:
    """Take back everything that one resolution did."""
    with session.memory() as memory:
        changes = memory.undo(resolution)
    session.show(changes, lambda: render.changes(changes))


def _delete_one(session: Session, id: str, dry_run: bool) -> DeleteReport:
    from graphmem.values import DeleteReport

    with session.memory() as memory:
        if dry_run:
            memory.get(id)
            return DeleteReport(memories=1, dry_run=True)
        return memory.delete(id)


def _delete_all(session: Session, dry_run: bool, force: bool) -> DeleteReport:
    # Deleting everything takes a scope that was typed: a default from the settings is too easily forgotten.
    scope = session.given_scope
    if not scope:
        raise UsageError("--all needs a scope, such as --user NAME.")
    with session.memory() as memory:
        report = memory.delete_all(**scope, dry_run=True)
        if dry_run:
            return report
        if not force:
            _ask(session, report, scope)
        return memory.delete_all(**scope)


def _ask(session: Session, report: DeleteReport, scope: ScopeLabels) -> None:
    if session.agent or not sys.stdin.isatty():
        raise UsageError("Deleting everything asks first, and nobody is there to answer. Add --force.")
    labels = ", ".join(f"{label} {value!r}" for label, value in scope.items())
    typer.confirm(f"Delete {render.counts(report)} of {labels}?", abort=True, err=True)
