"""From a name to the one entity that a change is about."""

from __future__ import annotations

from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.flows.relate import Asked, resolve
from graphmem.values import Entity, Scope, When


def one(engine: Engine, scope: Scope, name: str, field: str = "entity") -> Entity:
    """The entity of a name. Raises UnknownEntity, and InputError when several bear it: a change must not guess."""
    found = resolve(Asked(engine, scope, When(now=engine.clock(), everything=True)), name)
    if len(found) > 1:
        kinds = ", ".join(f"{entity.name} ({entity.type})" for entity in found)
        raise InputError(field, f"{name!r} names several entities.", advice=f"Name one of: {kinds}.")
    return found[0]
