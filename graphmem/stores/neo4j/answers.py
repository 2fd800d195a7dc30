"""Rows of Neo4j as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from graphmem.steps.intervals import Support, newest, relation_of
from graphmem.stores.contracts import CopyState, Properties
from graphmem.values import Entity, Relation, Scope, When

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = len(Support._fields)


def arguments(scope: Scope, when: When) -> dict[str, Any]:
    """The parameters of a read."""
    return {
        "user_id": scope.user_id,
        "agent_id": scope.agent_id,
        "app_id": scope.app_id,
        "run_id": scope.run_id,
        "now": when.now,
        "as_of": when.as_of,
        "known_at": when.known_at,
        "everything": when.everything,
    }


class Told:
    """Supports with the entities and episodes that they name."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.supports: list[Support] = []
        self._episodes: dict[str, Sequence[str]] = {}
        self._ends: dict[str, Entity] = {}
        for row in rows:
            self.supports.append(_support(row))
            self._episodes[row[4]] = row[_COLUMNS] or ()
            for end, (name, kind, aliases, weak) in ((row[1], row[12:16]), (row[3], row[16:20])):
                if end not in self._ends:
                    self._ends[end] = Entity.model_construct(
                        id=end, name=name, type=kind, aliases=tuple(aliases or ()), weak=weak
                    )

    def relations(self, supports: Sequence[Support], limit: int) -> list[Relation]:
        """The newest relations of some supports, one value an interval."""
        return [relation_of(part, self._ends, self._episodes) for part in newest(supports, limit)]


def _support(row: Sequence[Any]) -> Support:
    start, end, recorded_at = moment(row[7]), moment(row[8]), EPOCH + timedelta(microseconds=row[9])
    return Support(row[0], row[1], row[2], row[3], row[4], row[5], row[6], start, end, recorded_at, row[10])


def moment(microseconds: int | None) -> datetime | None:
    """A time given in microseconds since 1970."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


def state(row: Sequence[Any]) -> CopyState:
    """Revision, filled, current_at."""
    return CopyState(int(row[0]), bool(row[1]), None if row[2] is None else native(row[2]))


def native(value: Any) -> Any:
    """A value of a property as Python has it; times in UTC."""
    if hasattr(value, "to_native"):
        value = value.to_native()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return [native(item) for item in value] if isinstance(value, list) else value


def properties(found: Mapping[str, Any], without: Sequence[str] = ()) -> Properties:
    """Properties of a node or an edge as Python has them."""
    return {name: native(value) for name, value in found.items() if name not in without}
