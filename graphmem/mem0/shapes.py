"""graphmem's values in the dicts of Mem0."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from graphmem.values import AddResult, Change, HistoryEntry, Hit, Memory, Relation

Item = dict[str, Any]
OWN = "graphmem."
"""Metadata keys with this beginning are the engine's own."""
CREATED = f"{OWN}adopted.created_at"
"""What an adoption notes of a memory that was reworded before it was taken over."""


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def relation(value: Relation) -> Item:
    """A relation with the names of every version of Mem0: `target` and `destination` are the same."""
    return {
        "source": value.source.name,
        "relationship": value.type,
        "target": value.target.name,
        "destination": value.target.name,
        "id": value.id,
        "memory_ids": list(value.memory_ids),
        "valid_from": _time(value.valid_from),
        "valid_to": _time(value.valid_to),
    }


def added(result: AddResult, authors: Mapping[str, Item]) -> Item:
    """The result of an add; `authors` gives actor and role by text for messages kept word for word."""
    shaped: Item = {
        "results": [_change(change) | authors.get(change.text, {}) for change in result.changes if _tells(change)],
        "relations": {
            "deleted_entities": [[relation(value)] for value in result.relations_ended],
            "added_entities": [[relation(value)] for value in result.relations_added],
        },
    }
    if result.status == "failed":
        shaped |= {"status": result.status, "reason": result.reason}
    return shaped


def nothing_added() -> Item:
    """The result of an add without text."""
    return {"results": [], "relations": {"deleted_entities": [], "added_entities": []}}


def _tells(change: Change) -> bool:
    return change.event != "NONE"


def _change(change: Change) -> Item:
    item = {"id": change.memory_id, "memory": change.text, "event": change.event}
    return item | {"previous_memory": change.previous_text} if change.event == "UPDATE" else item


def memory(value: Memory, score: float | None = None) -> Item:
    """A MemoryItem: the fields of Mem0, ids and author promoted, the rest of the payload under `metadata`."""
    promoted = {"user_id": value.scope.user_id, "agent_id": value.scope.agent_id, "run_id": value.scope.run_id}
    promoted |= {"actor_id": value.speaker, "role": value.role}
    own = {key: item for key, item in value.metadata.items() if not key.startswith(OWN)}
    return {
        "id": value.id,
        "memory": value.text,
        "hash": hashlib.md5(value.text.encode(), usedforsecurity=False).hexdigest(),
        "metadata": own or None,
        "score": score,
        "created_at": value.metadata.get(CREATED, _time(value.recorded_at)),
        "updated_at": _time(value.updated_at),
        **{name: label for name, label in promoted.items() if label is not None},
    }


def listed(items: Iterable[Memory], relations: Sequence[Relation]) -> Item:
    """The result of `get_all`: items carry no score."""
    shaped = [memory(value) for value in items]
    for item in shaped:
        del item["score"]
    return {"results": shaped, "relations": [relation(value) for value in relations]}


def found(pairs: Iterable[tuple[Hit, Memory]], relations: Sequence[Relation]) -> Item:
    """The result of `search`, best first."""
    return {
        "results": [memory(value, hit.score) for hit, value in pairs],
        "relations": [relation(value) for value in relations],
    }


def history(entries: Sequence[HistoryEntry]) -> list[Item]:
    """The changes of a memory, oldest first."""
    return [
        {
            "id": entry.id,
            "memory_id": entry.memory_id,
            "old_memory": entry.previous_text,
            "new_memory": None if entry.event == "DELETE" else entry.text,
            "event": entry.event,
            "created_at": _time(entries[0].at),
            "updated_at": None if entry.event == "ADD" else _time(entry.at),
            "is_deleted": entry.event == "DELETE",
            "actor_id": entry.speaker,
            "role": entry.role,
        }
        for entry in entries
        if entry.event != "NONE"
    ]
