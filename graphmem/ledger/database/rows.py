"""Between values and rows: the one place that knows both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, FromClause, and_, func, true

from graphmem.values import (
    SCOPE_LABELS,
    Claim,
    Entity,
    Episode,
    Evidence,
    HistoryEntry,
    Memory,
    MessageRecord,
    Scope,
)

T = TypeVar("T")
Columns = dict[str, Any]

# Rows were validated when they were written: doing so again at every read would cost more than the query.
_EPISODE = tuple(name for name in Episode.model_fields if name != "scope")
_MESSAGE = tuple(name for name in MessageRecord.model_fields if name != "scope")
_MEMORY = tuple(name for name in Memory.model_fields if name not in {"scope", "claims"})
_EVIDENCE = tuple(Evidence.model_fields)

CHUNK = 5000
"""Values in one IN list; SQLite takes 32,766 parameters a statement."""


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Lists of at most `size`, without repeats."""
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), size):
        yield unique[start : start + size]


def labels(scope: Scope) -> Columns:
    """The owner and the four label columns of a scope."""
    return {"owner": scope.owner, **{label: getattr(scope, label) or "" for label in SCOPE_LABELS}}


def scope_of(row: Mapping[Any, Any]) -> Scope:
    """The scope that a row was written with."""
    return Scope.model_construct(**{label: row[label] or None for label in SCOPE_LABELS})


def owner_scope(owner: str) -> Scope:
    """The widest scope of an owner: only the label that it is made of."""
    label, _, value = owner.partition(":")
    return Scope(**{f"{label}_id": value})


def in_scope(items: FromClause, scope: Scope | None) -> ColumnElement[bool]:
    """Equality over the labels given; None: everything. For reading a scope through its index."""
    if scope is None:
        return true()
    return and_(true(), *(items.c[label] == value for label, value in scope.labels.items()))


def of_scope(items: FromClause, scope: Scope | None) -> ColumnElement[bool]:
    """The same, for checking rows that are found another way.

    The columns are wrapped so that no planner takes their index for the way in and reads a whole owner.
    """
    if scope is None:
        return true()
    return and_(true(), *(func.coalesce(items.c[label], "") == value for label, value in scope.labels.items()))


def episode_row(episode: Episode, digest: str) -> Columns:
    """Columns of an episode."""
    fields = episode.model_dump(exclude={"scope", "metadata"})
    return {**fields, **labels(episode.scope), "metadata": dict(episode.metadata), "digest": digest}


def episode_of(row: Mapping[Any, Any]) -> Episode:
    """An episode from its row."""
    fields = {name: row[name] for name in _EPISODE}
    return Episode.model_construct(scope=scope_of(row), **fields)


def message_row(message: MessageRecord, recorded_at: datetime) -> Columns:
    """Columns of a message."""
    fields = message.model_dump(exclude={"scope", "metadata"})
    own = {"metadata": dict(message.metadata), "recorded_at": recorded_at, "hidden": False}
    return {**fields, **labels(message.scope), **own}


def message_of(row: Mapping[Any, Any]) -> MessageRecord:
    """A message from its row."""
    fields = {name: row[name] for name in _MESSAGE}
    return MessageRecord.model_construct(scope=scope_of(row), **fields)


def memory_row(memory: Memory) -> Columns:
    """Columns of a memory."""
    fields = memory.model_dump(exclude={"scope", "metadata", "claims"})
    own = {"metadata": dict(memory.metadata), "claims": claims_json(memory.claims)}
    return {**fields, **labels(memory.scope), **own}


def memory_of(row: Mapping[Any, Any]) -> Memory:
    """A memory from its row."""
    fields = {name: row[name] for name in _MEMORY}
    return Memory.model_construct(scope=scope_of(row), claims=_claims(row["claims"]), **fields)


def _claims(rows: Sequence[Columns]) -> tuple[Claim, ...]:
    return tuple(Claim.model_construct(**{**row, "markers": tuple(row["markers"])}) for row in rows)


def claims_json(claims: Sequence[Claim]) -> list[Columns]:
    """Claims as JSON values."""
    return [claim.model_dump(mode="json") for claim in claims]


def evidence_of(row: Mapping[Any, Any]) -> Evidence:
    """Evidence from its row."""
    return Evidence.model_construct(**{name: row[name] for name in _EVIDENCE})


def history_of(row: Mapping[Any, Any]) -> HistoryEntry:
    """A line of history from its row."""
    return HistoryEntry(**{name: row[name] for name in HistoryEntry.model_fields})


def entity_of(row: Mapping[Any, Any], aliases: Sequence[str]) -> Entity:
    """An entity from its row and its aliases, its own name left out."""
    return Entity(id=row["id"], name=row["name"], type=row["type"], weak=row["weak"], aliases=tuple(aliases))


def attribute_rows(item_id: str, metadata: Mapping[str, Any]) -> list[Columns]:
    """Metadata taken apart for filters, see `schema.attributes`."""
    return [
        {"item_id": item_id, "key": key, "listed": isinstance(value, list | tuple), **_typed(part)}
        for key, value in metadata.items()
        for part in (value if isinstance(value, list | tuple) else [value])
    ]


def _typed(value: object) -> Columns:
    if isinstance(value, bool):
        return {"kind": "bool", "text": None, "number": float(value)}
    if isinstance(value, int | float):
        return {"kind": "number", "text": None, "number": float(value)}
    if isinstance(value, str):
        return {"kind": "text", "text": value, "number": None}
    return {"kind": "null" if value is None else "other", "text": None, "number": None}
