"""The stores of Mem0 as one source: its graph (1.x), its vector collection (1.x and 2.x) and its history file."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from graphmem.adopting import mem0_graph, mem0_history, mem0_vectors
from graphmem.adopting.records import Found
from graphmem.adopting.scopes import within
from graphmem.errors import InputError
from graphmem.values import Scope, Value

NAME = "mem0"


class Mem0Source(Value):
    """Where a Mem0 memory is. At least one of `neo4j` and `vectors` must be given; nothing there is changed."""

    neo4j: str | None = None
    """Address of its graph, such as `bolt://localhost:7687`."""
    user: str = "neo4j"
    password: SecretStr | None = None
    database: str | None = None
    """None: the server's default database."""
    vectors: Path | None = None
    """The folder of its Chroma collection, or a JSON file of what `get_all` returns."""
    collection: str = "mem0"
    history: Path | None = None
    """Its SQLite file, `~/.mem0/history.db` unless Mem0 was told otherwise."""
    scope: Scope | None = None
    """Adopt only what carries these labels."""
    deleted_scope: Scope | None = None
    """Whose the deleted memories are: the history does not say. Without it they are left out."""


def read(source: Mem0Source) -> Found:
    """Everything in the stores that the source names.

    Raises InputError, ConfigError, StoreUnavailable, and MissingExtra when the graph is asked for without its driver.
    """
    if source.neo4j is None and source.vectors is None:
        raise InputError("source", "names no store.", advice="Give the address of the graph or the vectors' folder.")
    found = Found()
    events = mem0_history.read(source.history) if source.history is not None else {}
    if source.vectors is not None:
        payloads, found.vectors = mem0_vectors.read(source.vectors, source.collection)
        mem0_history.join(found, payloads, events, source.deleted_scope, source.scope)
    if source.neo4j is not None:
        mem0_graph.read(found, source.neo4j, (source.user, source.password), source.database, source.scope)
        found.edges = mem0_graph.unlabelled(found.edges, {memory.scope for memory in found.memories})
    found.memories = [memory for memory in found.memories if within(memory.scope, source.scope)]
    found.edges = [edge for edge in found.edges if within(edge.scope, source.scope)]
    return found
