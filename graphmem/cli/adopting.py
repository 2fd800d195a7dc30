"""adopt mem0: what another memory engine holds, taken over with its history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._progress import progress
from graphmem.cli._render import count, inset, words
from graphmem.cli._session import Session, UsageError
from graphmem.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.adopting import AdoptReport, Count, Mem0Source

_SHOWN = 20
"""Items left out that are printed; JSON has them all."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    group = typer.Typer(no_args_is_help=True, help="Take over what another memory engine holds.")
    group.callback()(_group)
    command(group, "adopt mem0", scope=True)(mem0)
    app.add_typer(group, name="adopt", rich_help_panel="Remember")


def _group() -> None:
    """Take over what another memory engine holds."""


def mem0(
    session: Session,
    *,
    neo4j: Annotated[str | None, typer.Option(help="Its graph, such as bolt://localhost:7687.", metavar="URL")] = None,
    neo4j_user: Annotated[str, typer.Option(help="User of the graph.", envvar="NEO4J_USERNAME")] = "neo4j",
    neo4j_password: Annotated[
        str | None, typer.Option(help="Password of the graph.", envvar="NEO4J_PASSWORD", show_envvar=True)
    ] = None,
    neo4j_database: Annotated[str | None, typer.Option(help="Database of the graph, if not the default one.")] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="Folder of its Chroma collection, or a JSON file of get_all.", metavar="PATH")
    ] = None,
    collection: Annotated[str, typer.Option(help="Name of the Chroma collection.")] = "mem0",
    history: Annotated[
        Path | None, typer.Option(help="Its history file, ~/.mem0/history.db by default.", metavar="FILE")
    ] = None,
    deleted_user: Annotated[
        str | None, typer.Option(help="Whose the deleted memories are; else they are left out.", metavar="NAME")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and count.")] = False,
) -> None:
    """Take over a Mem0 memory; nothing there is changed, and no model is asked."""
    if neo4j is None and vectors is None:
        raise UsageError("Where is it? Give --neo4j URL, --vectors PATH, or both.")
    from graphmem.adopting import Mem0Source

    given = {
        "neo4j": neo4j,
        "user": neo4j_user,
        "password": neo4j_password,
        "database": neo4j_database,
        "vectors": vectors and vectors.expanduser(),
        "collection": collection,
        "history": history and history.expanduser(),
        "scope": session.given_scope or None,
        "deleted_scope": {"user_id": deleted_user} if deleted_user else None,
    }
    report = _adopted(session, Mem0Source.model_validate(given), dry_run=dry_run)
    session.show(report, lambda: _lines(report))


def _adopted(session: Session, source: Mem0Source, *, dry_run: bool) -> AdoptReport:
    with session.memory() as memory, ExitStack() as open_bars:
        told = _Progress(open_bars, quiet=session.agent)
        try:
            return memory.adopt(source, dry_run=dry_run, progress=told)
        except MissingExtra:
            raise
        except ConfigError as exc:
            # Address, password and database come from the command line here.
            raise UsageError(str(exc)) from exc


class _Progress:
    """A bar that begins once it is known how much there is to do."""

    def __init__(self, bars: ExitStack, *, quiet: bool) -> None:
        self._bars, self._quiet = bars, quiet
        self._done = 0

    def __call__(self, written: int, total: int) -> None:
        if not self._done:
            self._advance = self._bars.enter_context(progress("adopt", total, "facts", quiet=self._quiet))
        self._advance(written - self._done)
        self._done = written


def _lines(report: AdoptReport) -> Iterator[RenderableType]:
    """What became of every item, then what was left out and why."""
    for one, many, counted in (
        ("memory", "memories", report.memories),
        ("live edge", "live edges", report.live_edges),
        ("invalid edge", "invalid edges", report.invalid_edges),
    ):
        yield words(_line(count(counted.found, one, many), counted, dry_run=report.dry_run))
    if report.linked_edges:
        yield inset(f"{count(report.linked_edges, 'edge rests', 'edges rest')} on a memory that states it", left=2)
    if report.earlier_texts:
        yield inset(
            f"{count(report.earlier_texts, 'earlier text', 'earlier texts')} of memories, as ended facts", left=2
        )
    if report.lone_nodes:
        yield inset(f"{count(report.lone_nodes, 'node', 'nodes')} without an edge say nothing and stay behind", left=2)
    if report.vectors_reused:
        yield inset(f"{count(report.vectors_reused, 'vector', 'vectors')} taken over: it is the same model", left=2)
    for kind, number in report.redacted.items():
        yield inset(f"{count(number, kind, f'{kind}s')} taken out", left=2)
    for item in report.skipped[:_SHOWN]:
        yield inset(f"left out: {item.kind} {item.item}: {item.reason}", "", left=2)
    if len(report.skipped) > _SHOWN:
        yield inset(f"and {len(report.skipped) - _SHOWN:,} more; -o json lists them all", left=2)


def _line(what: str, counted: Count, *, dry_run: bool) -> str:
    adopted = "to adopt" if dry_run else "adopted"
    parts = (f"{counted.adopted:,} {adopted}", f"{counted.there:,} there already", f"{counted.skipped:,} left out")
    return f"{what}: {', '.join(parts)}."
