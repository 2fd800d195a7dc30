"""plan, apply, reviews, accept, reject, merge, split, expire, erase: what a person decides about a memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphmem.cli import _render as render
from graphmem.cli import _render_care as shown
from graphmem.cli._command import command
from graphmem.cli._print import say
from graphmem.cli._session import Session, UsageError, text_argument
from graphmem.errors import InputError

if TYPE_CHECKING:
    from graphmem.values import PlannedAdd

PANEL = "Care"

Review = Annotated[str, typer.Argument(help="Id of a review.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", "--preview", help="Only say what would go.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Ask nothing.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "plan", panel=PANEL, scope=True)(plan)
    command(app, "apply", panel=PANEL)(apply)
    command(app, "reviews", panel=PANEL, scope=True)(reviews)
    command(app, "accept", panel=PANEL)(accept)
    command(app, "reject", panel=PANEL)(reject)
    command(app, "merge", panel=PANEL, scope=True)(merge)
    command(app, "split", panel=PANEL, scope=True)(split)
    command(app, "expire", panel=PANEL, scope=True)(expire)
    command(app, "erase", panel=PANEL, scope=True)(erase)


def plan(
    session: Session,
    text: Annotated[
        str | None, typer.Argument(help="What would be said; - or nothing reads stdin.", show_default=False)
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Who says it.", show_default=False)] = None,
    role: Annotated[str, typer.Option(help="user, assistant, system or tool.")] = "user",
    at: Annotated[str | None, typer.Option(help="When it is said, ISO 8601 with a zone.", show_default=False)] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="Take this sentence instead of extracting; repeatable.", show_default=False)
    ] = None,
    trust: Annotated[
        str | None, typer.Option(help="web, document, tool, assistant, user or system.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the plan to this file, for apply.", show_default=False)
    ] = None,
) -> None:
    """Say what an add would change, and write nothing of it."""
    scope = session.scope
    said: Any = {"role": role, "content": text_argument(text, "TEXT"), **({} if name is None else {"name": name})}
    with session.memory() as memory:
        planned = memory.plan(said, **scope, at=at, facts=fact or None, trust=trust)
    if out is not None:
        out.write_text(planned.model_dump_json(indent=1) + "\n", encoding="utf-8")
    session.show(planned, lambda: shown.planned(planned, str(out or "")))


def apply(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A plan that `plan --out` wrote.", show_default=False)],
) -> None:
    """Carry out a plan, exactly, unless something has changed since."""
    planned = _read(file)
    with session.memory() as memory:
        result = memory.apply(planned)
    session.show(result, lambda: render.added(result), lambda: render.added_table(result))


def _read(file: Path) -> PlannedAdd:
    from pydantic import ValidationError

    from graphmem.values import PlannedAdd

    try:
        return PlannedAdd.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError("file", f"{file} holds no plan.", advice="Make one: graphmem plan TEXT --out FILE") from error


def reviews(
    session: Session,
    status: Annotated[str, typer.Option(help="open, accepted or rejected.")] = "open",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
) -> None:
    """What waits for a decision: statements of untrusted sources, and names that may be one."""
    wanted: Any = status
    scope = session.scope
    with session.memory() as memory:
        found = memory.reviews(**scope, status=wanted, limit=limit)
    session.show(found, lambda: shown.reviews(found))


def accept(session: Session, id: Review) -> None:
    """Carry out what waits; undo takes it back."""
    with session.memory() as memory:
        done = memory.accept(id)
    session.show(done, lambda: shown.decided(done))


def reject(session: Session, id: Review) -> None:
    """Drop what waits."""
    with session.memory() as memory:
        done = memory.reject(id)
    session.show(done, lambda: shown.decided(done))


def merge(
    session: Session,
    name: Annotated[str, typer.Argument(help="The entity that stays.", show_default=False)],
    other: Annotated[str, typer.Argument(help="The one that becomes a name of it.", show_default=False)],
) -> None:
    """Make two entities one; split and undo take it back."""
    scope = session.scope
    with session.memory() as memory:
        report = memory.merge(name, other, **scope)
    session.show(report, lambda: shown.merged(report, "merged into"))


def split(
    session: Session,
    name: Annotated[str, typer.Argument(help="The entity that is to be two.", show_default=False)],
    alias: Annotated[str, typer.Argument(help="The name of the other one.", show_default=False)],
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="A memory or message that means the other one (repeatable).")
    ] = None,
) -> None:
    """Take a merge back, or part things that share a name."""
    scope = session.scope
    with session.memory() as memory:
        report = memory.split(name, alias, ids=ids, **scope)
    session.show(report, lambda: shown.merged(report, "split from"))


def expire(
    session: Session,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Erase it from every file; there is no undo.")] = False,
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Remove what has outlived its time, of a scope or of all."""
    scope = session.given_scope
    with session.memory() as memory:
        report = memory.expire(**scope, purge=purge, dry_run=True)
        if not dry_run and (report.memories or report.messages):
            if purge and not force:
                _ask(session, f"Erase {shown.counted(report)} for good?")
            report = memory.expire(**scope, purge=purge)
    session.show(report, lambda: shown.expired(report))


def erase(
    session: Session,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of memories or messages.", show_default=False)] = None,
    *,
    entity: Annotated[str | None, typer.Option(help="Everything that names this entity.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the scope.")] = False,
    dry_run: DryRun = False,
    force: Force = False,
) -> None:
    """Remove for good, from every file: memories, an entity, or with --all a scope. Exit code 1 when some is left."""
    if sum(map(bool, (ids, entity, everything))) != 1:
        raise UsageError("Give ids, or --entity NAME, or --all with a scope.")
    # As with delete --all: a scope that was typed, not one from the settings.
    scope = session.given_scope
    if not ids and not scope:
        raise UsageError("Erasing needs a scope, such as --user NAME.")
    what: dict[str, Any] = {"id": ids} if ids else {**scope, "entity": entity}
    with session.memory() as memory:
        receipt = memory.erase(**what, dry_run=True)
        if not dry_run:
            if not force:
                _ask(session, f"Erase {shown.counted(receipt)} for good?")
            receipt = memory.erase(**what)
    session.show(receipt, lambda: shown.erased(receipt), failed=not dry_run and not receipt.complete)


def _ask(session: Session, question: str) -> None:
    if session.agent or not sys.stdin.isatty():
        raise UsageError("Erasing asks first, and nobody is there to answer. Add --force.")
    say("This cannot be undone.")
    typer.confirm(question, abort=True, err=True)
