"""search, context, get, list: what comes out."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from graphmem.cli import _render as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError, text_argument

PANEL = "Recall"

Query = Annotated[str | None, typer.Argument(help="The question; - or nothing reads stdin.", show_default=False)]
Sources = Annotated[
    list[str] | None, typer.Option("--include", help="fact or message; both when absent.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "search", panel=PANEL, scope=True, when=True, past=True, filters=True)(search)
    command(app, "context", panel=PANEL, scope=True, when=True, filters=True)(context)
    command(app, "get", panel=PANEL)(get)
    command(app, "list", panel=PANEL, scope=True, when=True, past=True, filters=True)(list_)


def search(
    session: Session,
    query: Query = None,
    *,
    k: Annotated[int, typer.Option("--top-k", "--limit", "-k", help="At most so many hits.")] = 10,
    min_score: Annotated[
        float | None,
        typer.Option("--min-score", "--threshold", help="Only hits of this score or more.", show_default=False),
    ] = None,
    include: Sources = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the parts of the score and the route.")] = False,
) -> None:
    """Find facts and messages, best first."""
    scope, question = session.scope, text_argument(query, "QUERY")
    with session.memory() as memory:
        result = memory.search(
            question,
            **scope,
            **session.when,
            k=k,
            filters=session.filters,
            min_score=min_score,
            explain=explain,
            include=_sources(include),
            include_past=session.past,
        )
    session.show(
        result, lambda: render.hits(result, explain=explain), lambda: render.hit_table(result, explain=explain)
    )


def context(
    session: Session,
    query: Query = None,
    budget: Annotated[int, typer.Option("--budget", "--budget-tokens", help="At most so many tokens.")] = 1500,
    include: Sources = None,
) -> None:
    """A block to paste into a prompt, quoted and attributed."""
    scope, question = session.scope, text_argument(query, "QUERY")
    with session.memory() as memory:
        block = memory.context(
            question,
            **scope,
            **session.when,
            budget_tokens=budget,
            filters=session.filters,
            include=_sources(include),
        )
    session.show(block, lambda: render.block(block))


def get(session: Session, id: Annotated[str, typer.Argument(help="Id of a memory.")]) -> None:
    """One memory, whole."""
    with session.memory() as memory:
        found = memory.get(id)
    session.show(found, lambda: render.memory(found), lambda: render.memory_table((found,)))


def list_(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", "--page-size", help="At most so many.")] = 100,
    cursor: Annotated[str | None, typer.Option(help="Where the last page ended.", show_default=False)] = None,
) -> None:
    """The memories of a scope."""
    scope = session.scope
    with session.memory() as memory:
        page = memory.list(
            **scope,
            **session.when,
            filters=session.filters,
            cursor=cursor,
            limit=limit,
            include_past=session.past,
        )
    session.show(page, lambda: render.listed(page), lambda: render.list_table(page))


def _sources(given: list[str] | None) -> tuple[Literal["facts", "messages"], ...]:
    names: dict[str, Literal["facts", "messages"]] = {
        "fact": "facts",
        "facts": "facts",
        "message": "messages",
        "messages": "messages",
    }
    if wrong := [name for name in given or () if name not in names]:
        raise UsageError(f"--include {wrong[0]!r} is neither 'fact' nor 'message'.")
    return tuple(names[name] for name in given) if given else ("facts", "messages")
