"""Relations as callers see them: one value a relation and interval, made of the memories that support it.

Both graphs read supports, each in its own way, and put them together here: so their answers are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from graphmem.values import Entity, Relation

EARLIEST = datetime.min.replace(tzinfo=UTC)


class Support(NamedTuple):
    """One memory behind one relation."""

    relation_id: str
    source_id: str
    type: str
    target_id: str
    memory_id: str
    seq: int
    """The memory's place in the order of writing."""
    text: str
    start: datetime | None
    end: datetime | None
    recorded_at: datetime
    confidence: float


Part = list[Support]
"""The supports of one relation in one interval."""


def newest(found: Sequence[Support], limit: int) -> list[Part]:
    """Supports put together by relation and interval, the newest `limit` of them, newest first."""
    ordered = sorted(found, key=lambda s: (s.relation_id, s.start or EARLIEST, s.seq))
    parts = [part for _, some in groupby(ordered, key=lambda s: s.relation_id) for part in intervals_of(list(some))]
    parts.sort(key=lambda part: -max(s.seq for s in part))
    return parts[:limit]


def intervals_of(found: Sequence[Support]) -> list[Part]:
    """Supports of one relation, earliest first, put together where their intervals touch or overlap."""
    parts: list[Part] = []
    reach: datetime | None = None
    for support in found:
        if parts and (reach is None or support.start is None or support.start <= reach):
            parts[-1].append(support)
            reach = None if reach is None or support.end is None else max(reach, support.end)
        else:
            parts.append([support])
            reach = support.end
    return parts


def relation_of(part: Part, ends: Mapping[str, Entity], episodes: Mapping[str, Sequence[str]]) -> Relation:
    """One interval as callers see it; `ends` are its entities by id, `episodes` those of each memory."""
    last = max(part, key=lambda s: s.seq)
    oldest_first = sorted(part, key=lambda s: s.seq)
    start = None if any(s.start is None for s in part) else min(s.start for s in part if s.start)
    end = None if any(s.end is None for s in part) else max(s.end for s in part if s.end)
    since = "" if start is None else f"@{start.isoformat()}"
    return Relation(
        id=f"{last.relation_id}{since}",
        source=ends[last.source_id],
        type=last.type,
        target=ends[last.target_id],
        fact=last.text,
        valid_from=start,
        valid_to=end,
        recorded_at=oldest_first[0].recorded_at,
        memory_ids=tuple(s.memory_id for s in oldest_first),
        episode_ids=tuple(dict.fromkeys(e for s in oldest_first for e in episodes.get(s.memory_id, ()))),
        confidence=max(s.confidence for s in part),
    )


Fetch = Callable[[Sequence[str]], Sequence[Relation]]
"""Relations that touch some entities, newest first."""


def around(fetch: Fetch, entity_ids: Sequence[str], depth: int, limit: int) -> tuple[Relation, ...]:
    """Relations within `depth` hops, breadth first, one fetch a round; stops growing at `limit`."""
    seen = set(entity_ids)
    frontier = sorted(seen)
    found: dict[str, Relation] = {}
    for _ in range(depth):
        if not frontier or len(found) >= limit:
            break
        for relation in fetch(frontier):
            found.setdefault(relation.id, relation)
        ends = {e for r in found.values() for e in (r.source.id, r.target.id)}
        frontier = sorted(ends - seen)
        seen |= ends
    return tuple(found.values())[:limit]
