"""What a worker asks of the ledger. A facade beside `SqlLedger`; each method is one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from graphmem.ledger.database.engine import Database
from graphmem.ledger.memories import leases
from graphmem.ledger.memories.leases import Fenced, Lease

if TYPE_CHECKING:
    from graphmem.ledger.sql import SqlLedger


class Working:
    """Leases and the queue. Claims do not wait for writers: on PostgreSQL they skip what others look at."""

    def __init__(self, ledger: SqlLedger, database: Database) -> None:
        self._ledger = ledger
        self._database = database

    def claim(self, holder: str, now: datetime, until: datetime) -> Lease | None:
        """A lease on an owner whose episodes wait; None when nothing waits that nobody works on."""
        with self._database.write("claim", turn=False) as connection:
            return leases.claim(connection, holder, now, until)

    def renew(self, lease: Lease, until: datetime) -> bool:
        """Hold a lease for longer. False when it has gone to another."""
        with self._database.write("renew", turn=False) as connection:
            return leases.renew(connection, lease, until)

    def release(self, lease: Lease) -> None:
        """Give a lease back."""
        with self._database.write("release", turn=False) as connection:
            leases.release(connection, lease)

    def next_episode(self, lease: Lease) -> tuple[str, int] | None:
        """The oldest waiting episode of the owner, and how often it was delivered. Raises LeaseLost."""
        with self._database.write("deliver") as connection:
            leases.hold(connection, lease)
            return leases.next_episode(connection, lease)

    def waiting(self) -> set[str]:
        """Ids of the episodes that wait for a worker."""
        with self._database.read() as connection:
            return leases.waiting(connection)

    def is_idle(self) -> bool:
        """Whether nothing waits and nobody works."""
        with self._database.read() as connection:
            return leases.is_idle(connection)

    def fenced(self, lease: Lease) -> SqlLedger:
        """The same ledger, which writes only while the lease holds; LeaseLost otherwise."""
        return self._ledger.on(cast("Database", Fenced(self._database, lease)))
