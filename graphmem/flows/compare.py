"""diff: what changed in the memory between two moments of recording, net of what came and went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from graphmem.engine import Engine
from graphmem.ledger.database.rows import owner_scope
from graphmem.values import Differences, HistoryEntry, MemoryDifference, Relation, Scope, When

Lines = Mapping[str, Sequence[HistoryEntry]]
"""History by memory id, oldest first."""


def differences(engine: Engine, scope: Scope | None, since: datetime, until: datetime) -> Differences:
    """What `history` tells of (since, until], in a scope or everywhere."""
    with engine.ledger.snapshot():
        inside = engine.ledger.keeping.history(scope, since, until)
        around = {memory_id: engine.ledger.history(memory_id) for memory_id in inside}
        held = set(engine.ledger.memories(list(inside)))
        found = [_difference(inside[i], around[i], since, until, held=i in held) for i in inside]
        told = [difference for difference in found if difference is not None]
        added, ended = _relations(engine, told, until)
    return Differences(
        since=since,
        until=until,
        memories=tuple(sorted(told, key=lambda d: (d.at, d.memory_id))),
        relations_added=added,
        relations_ended=ended,
        passing=sum(difference is None and _is_gone(inside[i]) for i, difference in zip(inside, found, strict=True)),
    )


def _is_gone(lines: Sequence[HistoryEntry]) -> bool:
    return lines[-1].event == "DELETE"


def _difference(
    inside: Sequence[HistoryEntry], around: Sequence[HistoryEntry], since: datetime, until: datetime, *, held: bool
) -> MemoryDifference | None:
    """What became of one memory; None when it is as it was, or came and went."""
    before = [line for line in around if line.at <= since]
    last = inside[-1]
    was, is_ = bool(before) and before[-1].event != "DELETE", last.event != "DELETE"
    text = last.text or last.previous_text or ""
    previous = next((line.text for line in reversed(before) if line.text), None)
    # One that ended stays in the ledger; a later line tells of it even when it was removed since.
    stays = held or any(line.at > until for line in around)
    if was and not is_:
        change = "ended" if stays else "removed"
    elif not was and (is_ or stays):
        change = "restored" if before else "added"
    elif was and is_ and (text != previous or any(line.event == "UPDATE" for line in inside)):
        change = "changed"
    else:
        return None
    return MemoryDifference(
        memory_id=last.memory_id,
        change=change,
        text=text,
        previous_text=previous if change == "changed" and previous != text else None,
        reason=last.reason,
        at=last.at,
    )


def _relations(
    engine: Engine, told: Iterable[MemoryDifference], until: datetime
) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """Relations that only new memories support, and those that ended with their last memory."""
    new = {d.memory_id for d in told if d.change in ("added", "restored")}
    over = {d.memory_id for d in told if d.change == "ended"}
    memories = engine.ledger.memories([*new, *over])
    when = When(now=until, everything=True)
    found: dict[Relation, None] = {}
    for owner in dict.fromkeys(memory.scope.owner for memory in memories.values()):
        ids = [i for i, memory in memories.items() if memory.scope.owner == owner]
        found |= dict.fromkeys(engine.ledger.relations_by_memory(ids, owner_scope(owner), when))
    added = tuple(r for r in found if set(r.memory_ids) <= new)
    ended = tuple(r for r in found if over & set(r.memory_ids) and r.valid_to is not None)
    return added, ended
