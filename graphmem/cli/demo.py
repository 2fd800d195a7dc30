"""demo: a bundled conversation becomes memories and a graph."""

from __future__ import annotations

import typer

from graphmem.cli._command import command
from graphmem.cli._session import Session


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, "demo", panel="Start here")(demo)


def demo(session: Session) -> None:
    """Watch a conversation become memories and a graph, and ask it ten questions."""
    raise NotImplementedError
