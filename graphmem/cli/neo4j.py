"""neo4j kit: what makes the graph readable in Neo4j Browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError

if TYPE_CHECKING:
    from graphmem.neo4j_kit import Examples

PORT = 7475


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="The graph in Neo4j Browser.")
    command(group, "neo4j kit", scope=True)(kit)
    app.add_typer(group, name="neo4j", rich_help_panel="Graph")


def kit(
    session: Session,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write to.", show_default=False)] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve it to a Browser on this machine.")] = False,
    port: Annotated[int, typer.Option("--port", help="Port of --serve.")] = PORT,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Who the queries ask about.", show_default=False)
    ] = None,
    other: Annotated[str | None, typer.Option("--other", help="And in relation to whom.", show_default=False)] = None,
) -> None:
    """Style sheet, saved queries and guide for Neo4j Browser; without a scope for the demo's memory."""
    from graphmem.neo4j_kit import contents, write

    if out is None and not serve:
        raise UsageError("Where to? Give --out DIR, or --serve.")
    examples = _examples(session, entity, other)
    files = write(out, examples) if out else ()
    told = {"files": [str(file) for file in files], "parameters": examples.command}
    session.show(told, lambda: _told(files, examples))
    if serve:
        _serve(session, contents(examples), port)


def _told(files: Sequence[Path], examples: Examples) -> Sequence[str]:
    if not files:
        return ()
    dragged = [f"  {file}" for file in files if file.suffix in {".grass", ".zip"}]
    head = f"{len(files)} files are in {files[0].parent}. Drag onto the window of Neo4j Browser:"
    return (head, *dragged, "Then type there:", f"  {examples.command}")


def _serve(session: Session, files: Mapping[str, bytes], port: int) -> None:
    from graphmem.neo4j_kit import KitServer

    try:
        server = KitServer(files, port)
    except OSError as exc:
        raise UsageError(f"Port {port} cannot be used ({exc.strerror}). Give another one with --port.") from exc
    with server:
        if not session.agent:
            typer.echo("Type in Neo4j Browser, on this machine:")
            for typed in server.commands:
                typer.echo(f"  {typed}")
            typer.echo("Ctrl-C ends it.")
        server.wait()


def _examples(session: Session, entity: str | None, other: str | None) -> Examples:
    """What the queries ask about: what was said, else what most relations of the memory are about."""
    from graphmem.neo4j_kit import DEMO
    from graphmem.values import Scope

    labels = session.given_scope or session.default_scope
    if not labels:
        return DEMO._replace(entity=entity or DEMO.entity, other=other or DEMO.other)
    today = datetime.now(UTC).date()
    first, second = _busiest(session) if not (entity and other) else ("", "")
    return DEMO._replace(
        owner=Scope(**labels).owner,
        entity=entity or first or DEMO.entity,
        other=other or second or DEMO.other,
        since=str(today - timedelta(days=30)),
        day=str(today - timedelta(days=180)),
        word=entity or first or DEMO.word,
    )


def _busiest(session: Session) -> tuple[str, str]:
    """The names with the most relations, and what the first of them is related to; empty where there is none."""
    with session.memory() as memory:
        relations = memory.relations(**session.scope)
    named: dict[str, int] = {}
    for relation in relations:
        for end in (relation.source.name, relation.target.name):
            named[end] = named.get(end, 0) + 1
    first = max(named, key=lambda name: (named[name], name), default="")
    ends = ((r.source.name, r.target.name) for r in relations)
    near = [b if a == first else a for a, b in ends if first in {a, b} and a != b]
    return first, max(near, key=lambda name: (named[name], name), default="")
