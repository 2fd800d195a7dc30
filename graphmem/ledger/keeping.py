"""What upkeep asks of the ledger: its state, all its rows, a copy of it. A facade beside `SqlLedger`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import select, text

from graphmem.ledger.copies import copying, transfer
from graphmem.ledger.copies import state as _state
from graphmem.ledger.copies.state import State
from graphmem.ledger.copies.transfer import Line
from graphmem.ledger.database import schema
from graphmem.ledger.database.engine import Database
from graphmem.ledger.database.rows import history_of, in_scope
from graphmem.ledger.database.schema import next_vectors, vectors
from graphmem.ledger.migrations import version
from graphmem.ledger.projections import embedding
from graphmem.ledger.projections.embedding import Text
from graphmem.ledger.projections.outbox import Stores
from graphmem.values import HistoryEntry, Scope


class Keeping:
    """Whole-ledger reads and writes. Each method is one transaction."""

    def __init__(self, database: Database, stores: Stores, forget: Callable[[], None]) -> None:
        self._database = database
        self._stores = stores
        self._forget = forget

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for another database."""
        url = self._database.url
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def schema(self) -> int:
        """Number of the schema."""
        with self._database.read() as connection:
            return version(connection)

    def server(self) -> str:
        """The database and its version."""
        with self._database.read() as connection:
            version_info = connection.dialect.server_version_info or ()
            return f"{connection.dialect.name} {'.'.join(map(str, version_info))}"

    def quick_check(self) -> tuple[str, ...]:
        """Damage that shows without reading every row; empty when there is none."""
        with self._database.read() as connection:
            if connection.dialect.name != "sqlite":
                return ()
            found = connection.execute(text("PRAGMA quick_check(20)")).scalars()
            return tuple(line for line in found if line != "ok")

    def state(self, owner: str | None = None) -> State:
        """What is remembered, by anyone or by one owner, as one hash; see `ledger/state.py`."""
        with self._database.read() as connection:
            return _state.state(connection, owner)

    def dump(self, owner: str | None = None, *, vectors: bool = True) -> Iterator[Line]:
        """Every row, of all or of one owner; see `ledger/transfer.py`. Read inside `snapshot()` with its state."""
        with self._database.read() as connection:
            yield from transfer.dump(connection, owner, vectors=vectors)

    def load(self, lines: Iterable[Line], *, vectors: bool = True) -> dict[str, int]:
        """Insert the rows of a dump, all or none; returns how many by table. Raises ConflictError, InputError."""
        with self._database.write("import") as connection:
            return transfer.load(connection, self._stores, lines, vectors=vectors)

    def copy(self, target: Path) -> None:
        """A copy of a SQLite ledger as it is now, in one new file."""
        with self._database.read() as connection:
            copying.copy_out(connection, target)

    def without_vector(self, *, staged: bool = False) -> Iterator[list[Text]]:
        """Texts that have no vector, or none of the next model, page by page; each page is a transaction of its own."""
        table = next_vectors if staged else vectors
        for source in embedding.TABLES:
            after = None
            while True:
                with self._database.read() as connection:
                    found, after = embedding.page(connection, source, after)
                    wanted = embedding.missing(connection, found, table)
                if after is None:
                    break
                if wanted:
                    yield wanted

    def stage_vectors(self, texts: Sequence[Text], rows: npt.NDArray[np.float32]) -> None:
        """Keep vectors of the next model, shape (texts, dimensions), until all are there."""
        with self._database.write("stage") as connection:
            embedding.stage(connection, texts, rows)

    def forget_staged(self) -> None:
        """Drop the vectors of the next model."""
        with self._database.write("unstage") as connection:
            embedding.forget_staged(connection)

    def switch_vectors(self, fingerprint: str) -> bool:
        """Put the vectors of the next model in place of all others, whole. False: some are missing; nothing changed."""
        with self._database.write("switch") as connection:
            done = embedding.switch(connection, fingerprint)
        self._forget()
        return done

    def owners(self) -> tuple[str, ...]:
        """Everybody who has a memory, in order."""
        m = schema.memories.c
        with self._database.read() as connection:
            return tuple(connection.scalars(select(m.owner).distinct().order_by(m.owner)))

    def history(self, scope: Scope | None, since: datetime, until: datetime) -> dict[str, tuple[HistoryEntry, ...]]:
        """What was recorded in (since, until], by memory id, oldest first; in a scope or everywhere."""
        h = schema.history
        statement = select(h).where(h.c.at > since, h.c.at <= until, in_scope(h, scope)).order_by(h.c.seq)
        found: dict[str, list[HistoryEntry]] = {}
        with self._database.read() as connection:
            for row in connection.execute(statement).mappings():
                found.setdefault(row["memory_id"], []).append(history_of(row))
        return {memory_id: tuple(lines) for memory_id, lines in found.items()}
