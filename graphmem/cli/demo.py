"""demo: a bundled conversation becomes memories and a graph."""

from __future__ import annotations

from typing import Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError

EMBEDDED = "embedded"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "demo", panel="Start here")(demo)


def demo(
    session: Session,
    *,
    fast: Annotated[bool, typer.Option("--fast", help="Hashed embeddings: quicker, rougher.")] = False,
    graph: Annotated[str, typer.Option("--graph", help="embedded, or neo4j for Neo4j Browser.")] = EMBEDDED,
) -> None:
    """Watch a conversation become memories and a graph, and ask it ten questions."""
    from graphmem.cli import _demo

    if graph not in (EMBEDDED, "neo4j"):
        raise UsageError(f"{graph!r} is none of embedded, neo4j.")
    _demo.run(session, fast=fast, in_neo4j=graph == "neo4j")
