"""Two names, one entity; or one name too many. Both directions are decided by a person and can be taken back."""

from __future__ import annotations

from collections.abc import Collection

from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.flows import naming
from graphmem.values import MergeReport, Scope


def merge(engine: Engine, scope: Scope, name: str, other: str) -> MergeReport:
    """Make what is called `other` one with what is called `name`. Raises UnknownEntity, InputError."""
    with engine.locks.hold(scope.owner):
        keep, gone = naming.one(engine, scope, name, "name"), naming.one(engine, scope, other, "other")
        if keep.id == gone.id:
            raise InputError(
                "other", f"{other!r} is a name of {keep.name!r} already.", advice="Nothing is to be merged."
            )
        report = engine.ledger.operating.merge(keep.id, gone.id, engine.clock())
    engine.projection.apply()
    return report


def split(engine: Engine, scope: Scope, name: str, alias: str, ids: Collection[str] | None = None) -> MergeReport:
    """Make two entities of one. Raises UnknownEntity, NotFound, ConflictError, ModelError.

    The merge that gave the name is taken back; where none did, or where `ids` say what means the other one, a new
    entity is made.
    """
    with engine.locks.hold(scope.owner):
        entity, now = naming.one(engine, scope, name, "name"), engine.clock()
        report = engine.ledger.operating.split(entity.id, alias, now) if ids is None else None
        if report is None:
            [vector] = engine.embedder.embed([alias])
            report = engine.ledger.operating.part_off(entity.id, alias, vector, ids, now)
    engine.projection.apply()
    return report
