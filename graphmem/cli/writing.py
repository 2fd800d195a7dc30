"""add, retry, episodes: what goes in."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from graphmem.cli import _render as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError, json_object, text_argument

PANEL = "Remember"

Infer = Annotated[bool, typer.Option("--infer/--no-infer", help="Extract facts, or keep the messages alone.")]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Read the facts now, or record and leave them to a worker.")
]

Messages = Annotated[
    str | None, typer.Option(help='A JSON list of messages, [{"role": ..., "content": ...}].', show_default=False)
]
Facts = Annotated[
    list[str] | None,
    typer.Option(help="Remember this sentence instead of extracting; repeatable.", show_default=False),
]
Trust = Annotated[
    str | None,
    typer.Option(help="Where it comes from: web, document, tool, assistant, user or system.", show_default=False),
]
Ttl = Annotated[float | None, typer.Option(help="Days after which it is no longer found.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "add", panel=PANEL, scope=True)(add)
    command(app, "episodes", panel=PANEL, scope=True)(episodes)
    command(app, "retry", panel=PANEL, scope=True)(retry)


def add(
    session: Session,
    text: Annotated[
        str | None, typer.Argument(help="What was said; - or nothing reads stdin.", show_default=False)
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Who said it.", show_default=False)] = None,
    role: Annotated[str, typer.Option(help="user, assistant, system or tool.")] = "user",
    at: Annotated[str | None, typer.Option(help="When it was said, such as 2024-03-01.", show_default=False)] = None,
    messages: Messages = None,
    fact: Facts = None,
    infer: Infer = True,
    instructions: Annotated[
        str | None, typer.Option(help="Added to the extraction prompt.", show_default=False)
    ] = None,
    metadata: Annotated[str | None, typer.Option(help="A JSON object.", show_default=False)] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: a second add with it writes nothing.", show_default=False)
    ] = None,
    wait: Wait = True,
    trust: Trust = None,
    ttl: Ttl = None,
) -> None:
    """Remember what was said."""
    scope = session.scope
    said: Any = _message_list(messages) if messages is not None else text_argument(text, "TEXT")
    if isinstance(said, str) and (name is not None or role != "user"):
        said = {"role": role, "content": said, **({"name": name} if name is not None else {})}
    with session.memory() as memory:
        result = memory.add(
            said,
            **scope,
            at=at,
            infer=infer,
            facts=fact or None,
            instructions=instructions,
            idempotency_key=key,
            wait=wait,
            trust=trust,
            ttl=ttl,
            metadata=None if metadata is None else json_object(metadata, "metadata"),
        )
    failed = result.status == "failed"
    session.show(result, lambda: render.added(result), lambda: render.added_table(result), failed=failed)


def episodes(
    session: Session,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    status: Annotated[
        str | None, typer.Option(help="Only pending, running, done, empty or failed ones.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
) -> None:
    """What was given to remember, and what became of it."""
    wanted: Any = "failed" if failed else status
    labels = session.given_scope or session.default_scope
    with session.memory() as memory:
        found = memory.episodes(**labels, status=wanted, limit=limit)
    session.show(found, lambda: render.episodes(found), lambda: render.episode_table(found))


def retry(session: Session) -> None:
    """Finish what a failure or an interruption left undone."""
    labels = session.given_scope or session.default_scope
    with session.memory() as memory:
        results = memory.retry(**labels)
    failed = any(result.status == "failed" for result in results)
    session.show(results, lambda: render.retried(results), failed=failed)


def _message_list(written: str) -> list[Any]:
    try:
        found = json.loads(text_argument(written, "--messages"))
    except ValueError as error:
        raise UsageError(f"--messages is not JSON: {error}.") from error
    return found if isinstance(found, list) else [found]
