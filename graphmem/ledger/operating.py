"""The care of the ledger: reviews, merges, expiry, erasure. A second facade; each concern has its own file."""

from __future__ import annotations

from graphmem.ledger import reviews
from graphmem.ledger.engine import Database
from graphmem.ledger.outbox import Stores
from graphmem.ledger.vectors import Matrices
from graphmem.values import Review, ReviewStatus, Scope


class Operating:
    """Operations on a ledger, each one short transaction. `SqlLedger.operating` gives it."""

    def __init__(self, database: Database, stores: Stores, matrices: Matrices) -> None:
        self._database, self._stores, self._matrices = database, stores, matrices

    def reviews(self, scope: Scope, status: ReviewStatus, limit: int) -> tuple[Review, ...]:
        """Held facts of a scope, oldest first, then proposed merges, most alike first."""
        with self._database.read() as connection:
            found = reviews.facts(connection, scope, status, limit)
            if status == "open" and len(found) < limit:
                found += reviews.proposals(connection, scope, limit - len(found))
            return found
