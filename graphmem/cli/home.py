"""status, verify, rebuild, version: the state of the stores."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from graphmem.cli import _render_state as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError

PANEL = "Home"


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "status", panel=PANEL)(status)
    command(app, "verify", panel=PANEL)(verify)
    command(app, "rebuild", panel=PANEL)(rebuild)
    command(app, "version", panel=PANEL)(version)


def status(
    session: Session,
    *,
    hashed: Annotated[bool, typer.Option("--state", help="Also the hash of all that is remembered.")] = False,
) -> None:
    """Where the home is, what is in it, which models it uses."""
    with session.memory() as memory:
        state = memory.status(state=hashed)
    session.show(state, lambda: render.status(state), lambda: render.field_table(state))


def verify(session: Session) -> None:
    """Compare the stores with the ledger; exit code 1 when they differ."""
    with session.memory() as memory:
        report = memory.verify()
    session.show(report, lambda: render.verified(report), failed=bool(report.differences))


def rebuild(session: Session, store: Annotated[str, typer.Argument(help="vectors, graph or all.")] = "all") -> None:
    """Make a store again from the ledger; no model is asked."""
    if store not in ("vectors", "graph", "all"):
        raise UsageError(f"{store!r} is none of vectors, graph, all.")
    wanted: Any = store
    with session.memory() as memory:
        report = memory.rebuild(wanted)
    session.show(report, lambda: render.verified(report), failed=bool(report.differences))


def version(session: Session) -> None:
    """The version of graphmem."""
    from graphmem import __version__

    session.show({"version": __version__}, lambda: [f"graphmem {__version__}"])
