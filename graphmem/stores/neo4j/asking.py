"""Cypher of a caller: read only, bounded, with an answer of plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any

from graphmem.errors import InputError
from graphmem.stores.contracts import CypherRow
from graphmem.stores.neo4j.answers import native
from graphmem.stores.neo4j.connection import Connection, translated

REFUSED = ("LoadCSV", "TerminateTransactions")
"""Operators of a plan that only read, and still reach out of the graph."""
OUTSIDE = ("dbms.", "tx.", "apoc.load.", "apoc.util.", "apoc.cypher.run")
"""Procedures that do more than read the graph, by the start of their names."""
ADVICE = "cypher() only reads; change memories with add, update and delete."


def ask(
    connection: Connection, query: str, parameters: Mapping[str, Any], *, limit: int, timeout: float
) -> tuple[CypherRow, ...]:
    """Rows of a query, at most `limit`, within `timeout` seconds. Raises InputError, StoreError."""
    import neo4j

    # A caller's own text is the point here; what it may do is decided by its plan and by the transaction's mode.
    explained = " ".join(("EXPLAIN", query))
    with translated(connection.address), _understood(), connection.session("READ") as session:
        connection.calls += 1
        _check(session.run(neo4j.Query(explained, timeout=timeout), dict(parameters)).consume())
        connection.calls += 1
        result = session.run(neo4j.Query(query, timeout=timeout), dict(parameters))
        names = result.keys()
        return tuple(dict(zip(names, map(plain, record.values()), strict=True)) for record in result.fetch(limit))


@contextmanager
def _understood() -> Iterator[None]:
    """Turn what the server says about a query into InputErrors; what it says about itself stays as it is."""
    from neo4j.exceptions import Neo4jError

    try:
        yield
    except (TypeError, ValueError, OverflowError) as exc:
        raise InputError("params", f"cannot be sent: {exc}.", advice="Use text, numbers, times, lists, dicts.") from exc
    except Neo4jError as exc:
        code, said = str(exc.code or ""), str(exc.message or exc)
        if "AccessMode" in code:
            raise InputError("query", "writes.", advice=ADVICE) from exc
        if "TimedOut" in code or "Terminated" in code:
            raise InputError("query", "took too long.", advice="Ask for less, or give a longer timeout.") from exc
        if code.startswith(("Neo.ClientError.Statement", "Neo.ClientError.Procedure")):
            raise InputError("query", f"cannot be run: {said}", advice="docs/neo4j.md shows the model.") from exc
        raise


def _check(summary: Any) -> None:
    """Raise InputError for a query that would do more than read."""
    if summary.query_type != "r":
        raise InputError("query", "writes, or changes the schema.", advice=ADVICE)
    for operator, details in _operators(summary.plan or {}):
        if operator in REFUSED or (operator == "ProcedureCall" and details.startswith(OUTSIDE)):
            raise InputError("query", f"uses {details.partition('(')[0] or operator}.", advice=ADVICE)


def _operators(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The operators of a plan, and what each says of itself."""
    name = str(plan.get("operatorType", "")).partition("@")[0]
    yield name, str((plan.get("args") or {}).get("Details", ""))
    for child in plan.get("children") or ():
        yield from _operators(child)


def plain(value: Any) -> object:
    """A value without the driver's types: nodes and edges become dicts, paths lists, times are aware and in UTC."""
    from neo4j.graph import Node, Path, Relationship

    if isinstance(value, Node):
        return {**{k: plain(v) for k, v in value.items()}, "labels": sorted(value.labels)}
    if isinstance(value, Relationship):
        own = {k: plain(v) for k, v in value.items()}
        ends = [None if node is None else node.get("id") for node in value.nodes]
        return {**own, "type": value.type, "source": ends[0], "target": ends[1]}
    if isinstance(value, Path):
        return [plain(part) for part in _parts(value)]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    found = native(value)
    return found if isinstance(found, str | int | float | bool | bytes | datetime | time | None) else str(found)


def _parts(path: Any) -> Iterator[Any]:
    yield path.start_node
    for edge, node in zip(path.relationships, path.nodes[1:], strict=True):
        yield edge
        yield node
