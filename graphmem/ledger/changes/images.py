"""Before-images: all rows that belong to some memories, messages and entities, as JSON, and their way back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, or_, select

from graphmem.ledger.changes.hanging import mention
from graphmem.ledger.database.engine import insert, insert_new
from graphmem.ledger.database.prepared import Prepared, listed
from graphmem.ledger.database.prepared import ids as id_json
from graphmem.ledger.database.prepared import rows_of as rows_where
from graphmem.ledger.database.rows import Columns, attribute_rows, chunks
from graphmem.ledger.database.schema import (
    Instant,
    aliases,
    attributes,
    entities,
    evidence,
    memories,
    mentions,
    relations,
    similar,
    supports,
    vectors,
)
from graphmem.ledger.text import lexical

Image = dict[str, list[Any]]
"""Table name -> rows, and under other names what a resolution added."""


def take(
    connection: Connection, memory_ids: Iterable[str], message_ids: Iterable[str] = (), entity_ids: Iterable[str] = ()
) -> Image:
    """The rows of memories, of what messages hang on (not the messages: those stay), and of entities."""
    facts, said, named = list(memory_ids), list(message_ids), list(entity_ids)
    image: Image = {
        "memories": _rows(connection, memories, "id", facts),
        "evidence": _rows(connection, evidence, "memory_id", facts),
        "supports": _rows(connection, supports, "memory_id", facts),
        "mentions": _rows(connection, mentions, "item_id", [*facts, *said]),
        "vectors": _rows(connection, vectors, "item_id", [*facts, *said, *named]),
        "entities": _rows(connection, entities, "id", named),
        "aliases": _rows(connection, aliases, "entity_id", named),
        "similar": _similar(connection, named),
    }
    image["relations"] = _rows(connection, relations, "id", [row["relation_id"] for row in image["supports"]])
    return image


def _rows(connection: Connection, table: Table, name: str, values: Sequence[str]) -> list[Columns]:
    return [
        plain(row)
        for some in chunks(values)
        for row in rows_where(table, name).mappings(connection, {"ids": id_json(some)})
    ]


def _similar(connection: Connection, entity_ids: Sequence[str]) -> list[Columns]:
    return [plain(row) for some in chunks(entity_ids) for row in _SIMILAR.mappings(connection, {"ids": id_json(some)})]


_SIMILAR = Prepared(
    select(similar).where(or_(similar.c.first_id.in_(listed("ids")), similar.c.second_id.in_(listed("ids"))))
)


def plain(row: Mapping[Any, Any]) -> Columns:
    """A row as JSON values: times in ISO 8601, bytes in base64."""
    return {name: _to_json(value) for name, value in row.items()}


def _to_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else value


def rows_of(image: Image, table: Table, *, without: Sequence[str] = ()) -> list[Columns]:
    """The rows of a table in an image, ready to insert."""
    return [
        {name: _from_json(table, name, value) for name, value in row.items() if name not in without}
        for row in image.get(table.name, [])
    ]


def _from_json(table: Table, name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(table.c[name].type, Instant):
        return datetime.fromisoformat(value)
    return b64decode(value) if table.name == "vectors" and name == "vector" else value


def put_entities_back(connection: Connection, image: Image) -> None:
    """Bring back entities that are gone; those that are there stay as they are."""
    rows = [{**row, "degree": 0} for row in rows_of(image, entities)]
    there: set[str] = set()
    for some in chunks(row["id"] for row in rows):
        there |= set(connection.scalars(select(entities.c.id).where(entities.c.id.in_(some))))
    insert(connection, entities, [row for row in rows if row["id"] not in there])
    insert(connection, aliases, [row for row in rows_of(image, aliases) if row["entity_id"] not in there])


def put_back(connection: Connection, image: Image) -> list[tuple[str, str]]:
    """Bring back memories with all that hung on them; returns (item id, view) of the vectors that are back.

    Entities come first (`put_entities_back`); the memories must be gone.
    """
    facts = rows_of(image, memories)
    insert(connection, memories, facts)
    insert(connection, attributes, [row for fact in facts for row in attribute_rows(fact["id"], fact["metadata"])])
    insert_new(connection, evidence, rows_of(image, evidence, without=("seq",)))
    mention(connection, rows_of(image, mentions))
    insert_new(connection, relations, rows_of(image, relations))
    insert_new(connection, supports, rows_of(image, supports))
    there = set(connection.scalars(select(entities.c.id).where(entities.c.id.in_(_ends(image)))))
    pairs = [row for row in rows_of(image, similar) if {row["first_id"], row["second_id"]} <= there]
    insert_new(connection, similar, pairs)
    returned = rows_of(image, vectors, without=("seq",))
    insert_new(connection, vectors, returned)
    for fact in facts:
        lexical.add(connection, "fact", fact["owner"], [(fact["seq"], fact["text"])])
    return [(row["item_id"], row["view"]) for row in returned]


def _ends(image: Image) -> list[str]:
    return [row[name] for row in image.get("similar", []) for name in ("first_id", "second_id")]
