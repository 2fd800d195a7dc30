"""Vectors of another model: computed beside those in use, then put in their place in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Column, Connection, Table, delete, insert, literal, select, tuple_, update

from graphmem.ledger.database import engine, schema
from graphmem.ledger.database.rows import Columns, chunks, message_of
from graphmem.ledger.database.schema import entities, memories, messages, next_vectors, vectors
from graphmem.ledger.memories import episodes
from graphmem.ledger.projections.vectors import STORED
from graphmem.steps import views
from graphmem.stores.contracts import View
from graphmem.values import SCOPE_LABELS

PAGE = 500
FINGERPRINT = "embedding_fingerprint"
STALE = "rebuilding"
"""Meta: the vector store is not to be believed until it is written anew (`projection.REBUILDING`)."""
BARE = "images_bare"
"""Meta: before-images were freed of vectors, so that what an undo brings back must be embedded."""
ANY = "any"
LABELS = ("owner", *SCOPE_LABELS)


class Text(NamedTuple):
    """One text that a vector stands for."""

    item_id: str
    view: View
    labels: Columns
    text: str

    @property
    def key(self) -> tuple[str, View]:
        """The key of its vector."""
        return self.item_id, self.view

    @property
    def digest(self) -> str:
        """Hash of the text."""
        return hashlib.blake2b(self.text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


TABLES = (memories, messages, entities)
Page = tuple[list[Text], Any]
"""Texts, and where the next page begins; None behind the last."""


def texts(connection: Connection) -> Iterator[list[Text]]:
    """Everything that has a meaning to search for, page by page: facts, messages alone and in windows, names."""
    for table in TABLES:
        after = None
        while (found := page(connection, table, after))[1] is not None:
            after = found[1]
            yield found[0]


def page(connection: Connection, table: Table, after: Any) -> Page:
    """The next texts of a table, in the order of writing."""
    rows = _rows(connection, table, after)
    if not rows:
        return [], None
    if table is memories:
        found = [Text(row["id"], "fact", _labels(row), row["text"]) for row in rows]
    elif table is messages:
        found = _spoken(connection, [row for row in rows if not row["hidden"]])
    else:
        found = [_named(row) for row in rows if not row["weak"]]
    return found, rows[-1][_order(table).name]


def _order(table: Table) -> Column[Any]:
    return table.c.seq if "seq" in table.c else table.c.id


def _rows(connection: Connection, table: Table, after: Any) -> Sequence[Any]:
    statement = select(table).order_by(_order(table)).limit(PAGE)
    if after is not None:
        statement = statement.where(_order(table) > after)
    return connection.execute(statement).mappings().all()


def _labels(row: Any) -> Columns:
    return {label: row[label] for label in LABELS}


def _spoken(connection: Connection, rows: Sequence[Any]) -> list[Text]:
    around = {i for row in rows for i in (row["previous_id"], row["next_id"]) if i}
    known = episodes.by_id(connection, around)
    found: list[Text] = []
    for row in rows:
        message, labels = message_of(row), _labels(row)
        before, after = known.get(message.previous_id or ""), known.get(message.next_id or "")
        found.append(Text(message.id, "turn", labels, views.turn(message)))
        found.append(Text(message.id, "window", labels, views.window3(before, message, after)))
    return found


def _named(row: Any) -> Text:
    kind, _, value = row["owner"].partition(":")
    labels = {"owner": row["owner"], **dict.fromkeys(SCOPE_LABELS, ""), f"{kind}_id": value}
    return Text(row["id"], "entity", labels, row["name"])


def missing(connection: Connection, found: list[Text], table: Table = vectors) -> list[Text]:
    """Those of the texts without a vector; in `next_vectors`, also those whose text has changed since."""
    there = _there(connection, table, [text.key for text in found])
    return [text for text in found if there.get(text.key) not in (text.digest, ANY)]


def _there(connection: Connection, table: Table, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    digest = table.c.digest if "digest" in table.c else literal(ANY)
    found: dict[tuple[str, str], str] = {}
    for some in chunks(keys):
        statement = select(table.c.item_id, table.c.view, digest)
        for item_id, view, known in connection.execute(
            statement.where(tuple_(table.c.item_id, table.c.view).in_(some))
        ):
            found[item_id, view] = known
    return found


def stage(connection: Connection, found: Sequence[Text], rows: npt.NDArray[np.float32]) -> None:
    """Keep vectors of the next model, until all are there."""
    new = [
        {
            "item_id": text.item_id,
            "view": text.view,
            **text.labels,
            "digest": text.digest,
            "vector": np.ascontiguousarray(row, dtype=STORED).tobytes(),
        }
        for text, row in zip(found, rows, strict=True)
    ]
    for some in chunks([text.key for text in found], PAGE):
        key = tuple_(next_vectors.c.item_id, next_vectors.c.view)
        connection.execute(delete(next_vectors).where(key.in_(some)))
    engine.insert(connection, next_vectors, new)


def switch(connection: Connection, fingerprint: str) -> bool:
    """Put the vectors of the next model in the place of all others. False: some are missing, and nothing was done."""
    wanted: set[tuple[str, View]] = set()
    for found in texts(connection):
        if missing(connection, found, next_vectors):
            return False
        wanted |= {text.key for text in found}
    columns = ["item_id", "view", *LABELS, "vector"]
    connection.execute(delete(vectors))
    staged = select(*(next_vectors.c[name] for name in columns)).order_by(next_vectors.c.seq)
    connection.execute(insert(vectors).from_select(columns, staged))
    _drop(connection, wanted)
    connection.execute(delete(next_vectors))
    connection.execute(delete(schema.outbox).where(schema.outbox.c.store == "vectors"))
    _bare_images(connection)
    marks = {FINGERPRINT: fingerprint, STALE: "vectors", BARE: "1"}
    engine.upsert(connection, schema.meta, [{"name": name, "value": value} for name, value in marks.items()])
    return True


def _drop(connection: Connection, wanted: set[tuple[str, View]]) -> None:
    """What was staged and is gone meanwhile."""
    held = connection.execute(select(vectors.c.item_id, vectors.c.view)).all()
    for some in chunks({(item_id, view) for item_id, view in held} - wanted, PAGE):
        connection.execute(delete(vectors).where(tuple_(vectors.c.item_id, vectors.c.view).in_(some)))


def _bare_images(connection: Connection) -> None:
    """Before-images without vectors: an undo must not bring back one of another model."""
    r = schema.resolutions
    after = None
    while rows := _rows(connection, r, after):
        for row in rows:
            if isinstance(row["before"], dict) and row["before"].get("vectors"):
                bare = {**row["before"], "vectors": []}
                connection.execute(update(r).where(r.c.seq == row["seq"]).values(before=bare))
        after = rows[-1]["seq"]


def forget_staged(connection: Connection) -> None:
    """Drop the vectors of the next model: another one is wanted."""
    connection.execute(delete(next_vectors))
