"""Steps from an empty database to the present schema: numbered, append-only, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, inspect, select

from graphmem.errors import NewerHome
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import Database, upsert
from graphmem.ledger.migrations import first, second, third

VERSION_KEY = "schema_version"


class Migration(NamedTuple):
    """One step; its number is its place in `MIGRATIONS`, from 1."""

    name: str
    apply: Callable[[Connection], None]


MIGRATIONS: tuple[Migration, ...] = (
    Migration("first tables", first.apply),
    Migration("expiry, trust, reviews, merges, erasures", second.apply),
    Migration("other vectors, queue, leases", third.apply),
)
"""A step that has been released never changes; a change of the tables is one more step, and the same in `schema.py`."""


def migrate(database: Database, steps: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the present schema. Raises NewerHome when it is ahead of this version."""
    with database.read() as connection:
        found = version(connection)
    if found > len(steps):
        raise NewerHome(
            f"The home has schema {found}, and this graphmem knows schemas up to {len(steps)}.",
            advice="Run: pip install --upgrade graphmem",
        )
    for number in range(found + 1, len(steps) + 1):
        with database.write("migrate") as connection:
            # Another process may have taken this step while this one waited for its turn.
            if version(connection) < number:
                steps[number - 1].apply(connection)
                upsert(connection, schema.meta, [{"name": VERSION_KEY, "value": str(number)}])


def version(connection: Connection) -> int:
    """Number of the last step taken; 0 for an empty database."""
    if not inspect(connection).has_table("meta"):
        return 0
    value = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == VERSION_KEY))
    return int(value or 0)
