"""Entities and their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, Select, String, and_, bindparam, case, func, or_, select

from graphmem.ledger.database.prepared import Prepared, listed
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.rows import chunks, entity_of, of_scope
from graphmem.ledger.database.schema import aliases, entities, memories, mentions, messages
from graphmem.steps.linking import key
from graphmem.values import Entity, Scope


def by_id(connection: Connection, ids: Iterable[str]) -> dict[str, Entity]:
    """Entities by id; unknown ones are left out."""
    found: dict[str, Entity] = {}
    for some in chunks(ids):
        names: dict[str, list[str]] = {}
        values = {"ids": id_json(some)}
        for entity_id, alias in _ALIASES.rows(connection, values):
            names.setdefault(entity_id, []).append(alias)
        rows = _BY_ID.mappings(connection, values)
        found |= {row["id"]: entity_of(row, names.get(row["id"], ())) for row in rows}
    return found


_BY_ID = Prepared(select(entities).where(entities.c.id.in_(listed("ids"))))
_ALIASES = Prepared(
    select(aliases.c.entity_id, aliases.c.alias)
    .where(aliases.c.entity_id.in_(listed("ids")), aliases.c.position > 0)
    .order_by(aliases.c.position)
)
_BY_KEY = Prepared(
    select(aliases.c.key, aliases.c.entity_id)
    .join(entities, entities.c.id == aliases.c.entity_id)
    .where(aliases.c.owner == bindparam("owner", type_=String), aliases.c.key.in_(listed("keys")))
    .order_by(entities.c.degree.desc(), aliases.c.entity_id)
)


def by_key(connection: Connection, owner: str, keys: Sequence[str]) -> dict[str, tuple[Entity, ...]]:
    """Entities of an owner by normalised name or alias, most named first."""
    pairs: list[tuple[str, str]] = []
    for some in chunks(keys):
        rows = _BY_KEY.rows(connection, {"owner": owner, "keys": id_json(some)})
        pairs += [(name, entity_id) for name, entity_id in rows]
    known = by_id(connection, {entity_id for _, entity_id in pairs})
    found: dict[str, tuple[Entity, ...]] = {}
    for name, entity_id in dict.fromkeys(pairs):
        found[name] = (*found.get(name, ()), known[entity_id])
    return found


def find(connection: Connection, scope: Scope, text: str, limit: int) -> tuple[Entity, ...]:
    """Entities that the items of a scope name, best match of `text` in name or alias first."""
    wanted = key(text) if text.strip() else ""
    statement = select(entities.c.id).where(entities.c.weak.is_(False), named_in(scope))
    if not wanted:
        statement = statement.order_by(entities.c.degree.desc(), entities.c.name, entities.c.id).limit(limit)
    else:
        statement = _matching(statement, wanted).limit(limit)
    ids = list(connection.scalars(statement))
    known = by_id(connection, ids)
    return tuple(known[i] for i in ids if i in known)


def _matching(statement: Select[tuple[str]], wanted: str) -> Select[tuple[str]]:
    start = func.substr(aliases.c.key, 1, len(wanted)) == wanted
    rank = func.min(case((aliases.c.key == wanted, 0), (start, 1), else_=2))
    return (
        statement.join(aliases, aliases.c.entity_id == entities.c.id)
        # LIKE ignores case in one database and not in the other; keys are folded, so compare as they are.
        .where(func.replace(aliases.c.key, wanted, "") != aliases.c.key)
        .group_by(entities.c.id, entities.c.degree)
        .order_by(rank, entities.c.degree.desc(), entities.c.id)
    )


def named_in(scope: Scope) -> ColumnElement[bool]:
    """Entities that some item of a scope names."""
    fact = select(mentions.c.item_id).join(memories, memories.c.id == mentions.c.item_id)
    said = select(mentions.c.item_id).join(messages, messages.c.id == mentions.c.item_id)
    here = mentions.c.entity_id == entities.c.id
    named = or_(
        fact.where(here, mentions.c.source == "fact", of_scope(memories, scope)).exists(),
        said.where(here, mentions.c.source == "message", of_scope(messages, scope)).exists(),
    )
    return and_(entities.c.owner == scope.owner, named) if scope.user_id is not None else named


def names(connection: Connection, scope: Scope) -> tuple[str, ...]:
    """Names and aliases that the items of a scope use, in order."""
    statement = (
        select(aliases.c.alias)
        .join(entities, entities.c.id == aliases.c.entity_id)
        .where(entities.c.weak.is_(False), named_in(scope))
        .distinct()
        .order_by(aliases.c.alias)
    )
    return tuple(connection.scalars(statement))


def degrees(connection: Connection, entity_ids: Iterable[str]) -> dict[str, int]:
    """How many items name each entity; unknown ones are left out."""
    found: dict[str, int] = {}
    for some in chunks(entity_ids):
        found |= {row["id"]: row["degree"] for row in _BY_ID.mappings(connection, {"ids": id_json(some)})}
    return found
