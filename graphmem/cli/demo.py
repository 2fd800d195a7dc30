"""demo: a bundled conversation becomes memories and a graph."""

from __future__ import annotations

from typing import Annotated

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "demo", panel="Start here")(demo)


def demo(
    session: Session,
    *,
    fast: Annotated[bool, typer.Option("--fast", help="Hashed embeddings: quicker, rougher.")] = False,
) -> None:
    """Watch a conversation become memories and a graph, and ask it ten questions."""
    from graphmem.cli import _demo

    _demo.run(session, fast=fast)
