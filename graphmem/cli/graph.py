"""entities, entity, relations, neighbors, paths, common, timeline, match: questions about who and what."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from graphmem.cli import _render_graph as render
from graphmem.cli._command import command
from graphmem.cli._session import Session, UsageError

PANEL = "Graph"

Name = Annotated[str, typer.Argument(help="Name of an entity.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    command(app, "entities", panel=PANEL, scope=True)(entities)
    command(app, "entity", panel=PANEL, scope=True, when=True)(entity)
    command(app, "relations", panel=PANEL, scope=True, when=True, past=True)(relations)
    command(app, "neighbors", panel=PANEL, scope=True, when=True)(neighbors)
    command(app, "paths", panel=PANEL, scope=True, when=True)(paths)
    command(app, "common", panel=PANEL, scope=True, when=True)(common)
    command(app, "timeline", panel=PANEL, scope=True)(timeline)
    command(app, "match", panel=PANEL, scope=True, when=True)(match)
    command(app, "cypher", panel=PANEL, scope=True)(cypher)


def entities(
    session: Session,
    text: Annotated[str, typer.Argument(help="Part of a name.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
) -> None:
    """Who and what is known."""
    scope = session.scope
    with session.memory() as memory:
        found = memory.entities(text, **scope, limit=limit)
    session.show(found, lambda: render.entities(found), lambda: render.entity_table(found))


def entity(session: Session, name: Name) -> None:
    """Everything about one entity: now, before, and the facts."""
    scope = session.scope
    with session.memory() as memory:
        card = memory.entity(name, **scope, **session.when)
    session.show(card, lambda: render.card(card))


def relations(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Name of an entity; all when absent.", show_default=False)] = None,
    type: Annotated[str | None, typer.Option(help="Such as works_at.", show_default=False)] = None,
    direction: Annotated[str, typer.Option(help="out, in or both.")] = "both",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 1000,
) -> None:
    """Relations, with the sentence that each comes from."""
    scope, way = session.scope, _direction(direction)
    with session.memory() as memory:
        found = memory.relations(
            name, **scope, **session.when, type=type, direction=way, include_past=session.past, limit=limit
        )
    session.show(found, lambda: render.relations(found), lambda: render.relation_table(found))


def neighbors(
    session: Session,
    name: Name,
    depth: Annotated[int, typer.Option(help="Steps away.")] = 1,
    type: Annotated[list[str] | None, typer.Option(help="Only along these; repeatable.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="At most so many relations.")] = 500,
) -> None:
    """What is around an entity."""
    scope = session.scope
    with session.memory() as memory:
        found = memory.neighbors(name, **scope, **session.when, depth=depth, types=type or None, limit=limit)
    session.show(found, lambda: render.neighbourhood(found), lambda: render.relation_table(found.relations))


def paths(
    session: Session,
    source: Name,
    target: Name,
    max_hops: Annotated[int, typer.Option(help="Steps at most.")] = 4,
    limit: Annotated[int, typer.Option(help="At most so many paths.")] = 5,
) -> None:
    """How two entities are connected."""
    scope = session.scope
    with session.memory() as memory:
        found = memory.paths(source, target, **scope, **session.when, max_hops=max_hops, limit=limit)
    same = source.strip().casefold() == target.strip().casefold()
    session.show(found, lambda: render.paths(found, same=same), lambda: render.path_table(found))


def common(session: Session, first: Name, second: Name) -> None:
    """What two entities have in common."""
    scope = session.scope
    with session.memory() as memory:
        found = memory.common(first, second, **scope, **session.when)
    session.show(found, lambda: render.entities(found), lambda: render.entity_table(found))


def timeline(session: Session, name: Name, limit: Annotated[int, typer.Option(help="At most so many.")] = 1000) -> None:
    """The relations of an entity, oldest first, with what has ended."""
    scope = session.scope
    with session.memory() as memory:
        found = memory.timeline(name, **scope, limit=limit)
    session.show(found, lambda: render.relations(found), lambda: render.relation_table(found))


def match(
    session: Session,
    patterns: Annotated[list[str], typer.Argument(help='Such as "?who works_at Acme" "?who lives_in ?where".')],
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 100,
) -> None:
    """Find entities that fit every pattern; ?names stand for any entity."""
    scope = session.scope
    with session.memory() as memory:
        rows = memory.match(*patterns, **scope, **session.when, limit=limit)
    session.show(rows, lambda: render.rows(rows), lambda: render.row_table(rows))


def cypher(
    session: Session,
    query: Annotated[str, typer.Argument(help="Such as 'MATCH (p:Person:Current)-[r]->(x) RETURN p.name, x.name'.")],
    param: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE; a value in JSON, else text; repeatable.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many rows.")] = 1000,
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 10.0,
) -> None:
    """Ask Neo4j in Cypher; only reading is allowed."""
    labels = session.given_scope or session.default_scope
    given: dict[str, Any] = {**labels, **dict(_parameter(written) for written in param or ())}
    with session.memory() as memory:
        rows = memory.cypher(query, limit=limit, timeout=timeout, **given)
    session.show(rows, lambda: render.cypher(rows), lambda: render.cypher_table(rows))


def _parameter(written: str) -> tuple[str, Any]:
    name, sign, value = written.partition("=")
    if not sign or not name.isidentifier() or name in {"query", "limit", "timeout"}:
        raise UsageError(f"--param {written!r} is not NAME=VALUE.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _direction(given: str) -> Any:
    if given not in ("out", "in", "both"):
        raise UsageError(f"--direction {given!r} is none of out, in, both.")
    return given
