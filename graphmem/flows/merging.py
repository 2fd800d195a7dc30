"""Two names, one entity; or one name too many. Both directions are decided by a person and can be taken back."""

from __future__ import annotations

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


def split(engine: Engine, scope: Scope, name: str, alias: str) -> MergeReport:
    """Take back the merge that made `alias` a name of the entity. Raises UnknownEntity, NotFound, ConflictError."""
    with engine.locks.hold(scope.owner):
        entity = naming.one(engine, scope, name, "name")
        report = engine.ledger.operating.split(entity.id, alias, engine.clock())
    engine.projection.apply()
    return report
