"""Mem0's history file, and the memories that it makes together with the vector collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, get_args

from graphmem import inputs
from graphmem.adopting.mem0_vectors import Payloads
from graphmem.adopting.records import Found, OldMemory, Version
from graphmem.adopting.report import Skipped
from graphmem.adopting.scopes import LABELS, carries, scope_of
from graphmem.adopting.times import moment
from graphmem.errors import InputError
from graphmem.values import Role, Scope

OWN = {"data", "hash", "created_at", "updated_at", "actor_id", "role", "expiration_date", "text_lemmatized", *LABELS}
"""Keys of a payload that are Mem0's; the rest is the metadata of the caller."""
PROCEDURAL = "procedural_memory"


class OldEvent(NamedTuple):
    """One line of the history file."""

    memory_id: str
    old: str | None
    new: str | None
    event: str
    at: datetime | None
    actor: str | None
    role: str | None


Events = Mapping[str, Sequence[OldEvent]]


def read(path: Path) -> Events:
    """Events by memory id, oldest first. Raises InputError when the file is no history of Mem0."""
    found: dict[str, list[OldEvent]] = {}
    with _opened(path) as connection:
        rows = connection.execute(
            "SELECT memory_id, old_memory, new_memory, event, created_at, updated_at, actor_id, role "
            "FROM history ORDER BY rowid"
        )
        for memory_id, old, new, event, created, updated, actor, role in rows:
            at = moment(created if event == "ADD" else updated or created)
            found.setdefault(memory_id, []).append(OldEvent(memory_id, old, new, event, at, actor, role))
    return found


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise InputError("history", f"there is no file {path}.", advice="Mem0 writes ~/.mem0/history.db by default.")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection
    except sqlite3.Error as exc:
        raise InputError(
            "history", f"{path} is no history of Mem0: {exc}.", advice="It is a SQLite file with a table `history`."
        ) from exc


def join(
    found: Found, payloads: Payloads, events: Events, deleted_scope: Scope | None, wanted: Scope | None = None
) -> None:
    """Add what the collection and the history tell to `found`, and what cannot be taken over to its `skipped`,
    unless its labels show that it is not `wanted`.
    """
    for item, payload in payloads.items():
        try:
            found.memories.append(_memory(item, payload, events.get(item, ())))
        except InputError as error:
            if carries(payload, wanted):
                found.skipped.append(Skipped(kind="memory", item=item, reason=error.message))
    for item, own in events.items():
        if item not in payloads:
            _gone(found, item, own, deleted_scope)


def _memory(item: str, payload: Mapping[str, Any], events: Sequence[OldEvent]) -> OldMemory:
    """Raises InputError, ScopeError."""
    created, updated = moment(payload.get("created_at")), moment(payload.get("updated_at"))
    text = inputs.text("text", payload.get("data"), inputs.MAX_CONTENT)
    metadata = {key: value for key, value in payload.items() if key not in OWN}
    expires = moment(payload.get("expiration_date"))
    role = payload.get("role")
    return OldMemory(
        id=inputs.text("id", item, inputs.MAX_LABEL),
        scope=scope_of(payload),
        versions=_versions(events, text, created, updated),
        created_at=created,
        updated_at=updated if updated != created else None,
        expires_at=None if expires is None else expires + timedelta(days=1),
        metadata=inputs.metadata("metadata", metadata),
        kind="procedural" if payload.get("memory_type") == PROCEDURAL else "semantic",
        speaker=payload.get("actor_id"),
        role=role if role in get_args(Role) else None,
    )


def _versions(
    events: Iterable[OldEvent], text: str, created: datetime | None, updated: datetime | None
) -> tuple[Version, ...]:
    """The texts, oldest first, without repeats; the last one is `text`, whatever the history says.

    A change that the history does not tell of leaves only the date of the last update to begin with.
    """
    told: list[Version] = []
    for event in events:
        if event.new and event.new.strip() and (not told or told[-1].text != event.new):
            told.append(Version(text=event.new, at=event.at))
    if not told:
        return (Version(text=text, at=updated or created),)
    if told[-1].text != text:
        told.append(Version(text=text, at=updated or told[-1].at))
    return tuple(told)


def _gone(found: Found, item: str, events: Sequence[OldEvent], scope: Scope | None) -> None:
    """A memory that only the history knows: deleted, or lost from the collection."""
    last = events[-1]
    reason = ""
    if last.event != "DELETE":
        reason = "the history names it, but the collection does not hold it"
    elif scope is None:
        reason = "was deleted, and the history does not say whose it was"
    texts = [event.new for event in events if event.new and event.new.strip()] or [last.old or ""]
    if not reason and not texts[-1].strip():
        reason = "was deleted, and the history does not hold its text"
    if reason or scope is None:
        found.skipped.append(Skipped(kind="memory", item=item, reason=reason))
        return
    first = events[0].at
    found.memories.append(
        OldMemory(
            id=item, scope=scope, versions=_versions(events, texts[-1], first, None), created_at=first,
            ended_at=last.at, speaker=last.actor, role=last.role if last.role in get_args(Role) else None,
        )
    )  # fmt: skip
