"""The care of the ledger: reviews, merges, expiry, erasure. A second facade; each concern has its own file."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from graphmem.faults import reach
from graphmem.ledger.changes import committing, merging, parting, removal, splitting
from graphmem.ledger.contracts import Recorded
from graphmem.ledger.database.engine import Database
from graphmem.ledger.erasure import cleaning, erasing, marking
from graphmem.ledger.erasure.erasing import Erased
from graphmem.ledger.erasure.marking import Marked
from graphmem.ledger.memories import entities, episodes, expiring, facts, planning, reviews
from graphmem.ledger.memories.reviews import Waiting
from graphmem.ledger.projections.outbox import Stores
from graphmem.ledger.projections.vectors import Matrices
from graphmem.stores.contracts import VectorItem
from graphmem.values import (
    DeleteReport,
    Episode,
    MergeReport,
    Message,
    MessageRecord,
    Plan,
    Review,
    ReviewStatus,
    Scope,
)


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

    def review(self, review_id: str) -> Waiting:
        """One held fact with what accepting it needs. Raises NotFound."""
        with self._database.read() as connection:
            return reviews.get(connection, review_id)

    def accept(self, review_id: str, plan: Plan, vectors: Sequence[VectorItem], *, after: int) -> bool:
        """Close a held fact and commit what it does, both or neither; the plan's resolution gets an id of its own.

        False, and nothing is written, when the owner was decided about since the resolution at `after`. Raises
        NotFound, ConflictError.
        """
        with self._database.write("review") as connection:
            if facts.latest(connection, plan.scope.owner) != after:
                return False
            identity = reviews.acceptance(connection, review_id)
            reviews.decide(connection, review_id, "accepted", plan.at, identity)
            reach("review.decided")
            committing.commit(connection, self._stores, plan.model_copy(update={"resolution_id": identity}), vectors)
        return True

    def reject(self, review_id: str, at: datetime) -> None:
        """Close a held fact without effect. Raises NotFound, ConflictError."""
        with self._database.write("review") as connection:
            reviews.decide(connection, review_id, "rejected", at)

    def proposal(self, first_id: str, second_id: str) -> Review:
        """One proposed merge. Raises NotFound."""
        with self._database.read() as connection:
            return reviews.proposal(connection, first_id, second_id)

    # expiry

    def expired(self, scope: Scope | None, now: datetime, *, withdrawn: bool = False) -> dict[str, list[str]]:
        """Ids of memories and messages past their time, by owner."""
        with self._database.read() as connection:
            return expiring.due(connection, scope, now, withdrawn=withdrawn)

    def delete(self, ids: Sequence[str], at: datetime, reason: str, *, dry_run: bool = False) -> DeleteReport:
        """`Ledger.delete` with another reason, or only counted. Raises NotFound."""
        with self._database.write("delete") as connection:
            savepoint = connection.begin_nested()
            report, gone = removal.delete_items(connection, self._stores, ids, at, reason)
            if dry_run:
                savepoint.rollback()
                return report.model_copy(update={"dry_run": True, "resolution_id": None})
        self._matrices.drop(gone)
        return report

    # plans

    def foreseen(self, episode: Episode, said: Sequence[Message]) -> Recorded:
        """What recording an episode would give; nothing is written. Raises ConflictError."""
        with self._database.read() as connection:
            return episodes.foreseen(connection, episode, said)

    def latest(self, episode: Episode) -> tuple[MessageRecord, ...]:
        """The last messages of the conversation that an episode would go on with, oldest first."""
        with self._database.read() as connection:
            return planning.latest(connection, episode)

    def world(self, owner: str) -> str:
        """A mark that changes with every write that may change how something new of an owner is judged."""
        with self._database.read() as connection:
            return planning.world(connection, owner)

    # merging

    def merge(self, keep_id: str, other_id: str, at: datetime) -> MergeReport:
        """Make one entity of two; `undo` of the resolution, or `split`, takes it back. Raises ConflictError."""
        with self._database.write("merge") as connection:
            report = merging.merge(connection, self._stores, keep_id, other_id, at)
        self._matrices.drop([other_id])
        return report

    def split(self, entity_id: str, alias: str, at: datetime) -> MergeReport | None:
        """Take back the merge that gave an entity this name; None when none did. Raises ConflictError."""
        with self._database.write("split") as connection:
            return splitting.take_back(connection, self._stores, entity_id, alias, at)

    def part_off(
        self, entity_id: str, name: str, vector: npt.NDArray[np.float32], ids: Collection[str] | None, at: datetime
    ) -> MergeReport:
        """Make a new entity of the items that mean it; `undo` of the resolution takes it back.

        Raises NotFound, ConflictError.
        """
        with self._database.write("split") as connection:
            return parting.part_off(connection, self._stores, entity_id, name, vector, ids, at)

    def part(self, first_id: str, second_id: str, at: datetime) -> str:
        """Drop the proposal that two entities are one; the id of the resolution. Raises NotFound."""
        with self._database.write("part") as connection:
            return merging.part(connection, first_id, second_id, at)

    # erasing

    def mark_scope(self, scope: Scope) -> Marked:
        """Everything in a scope, to be erased."""
        with self._database.read() as connection:
            return marking.mark_scope(connection, scope)

    def mark_items(self, ids: Sequence[str]) -> Marked:
        """Memories and messages, to be erased with what rests only on them. Raises NotFound."""
        with self._database.read() as connection:
            return marking.mark_items(connection, ids)

    def mark_entity(self, owner: str, entity_id: str) -> Marked:
        """An entity with all that names it by mention or by word, to be erased."""
        with self._database.read() as connection:
            known = entities.by_id(connection, [entity_id])[entity_id]
            held = {i for name in (known.name, *known.aliases) for i in marking.holding(connection, owner, name)}
            return marking.mark_entity(connection, entity_id, held)

    def erase(self, marked: Marked, at: datetime, *, dry_run: bool = False) -> Erased:
        """Remove the rows of what is marked; its files are not clean before `clean`. Dry: all is as it was."""
        with self._database.write("erase") as connection:
            savepoint = connection.begin_nested()
            erased = erasing.erase(connection, self._stores, marked, at)
            if dry_run:
                savepoint.rollback()
        if not dry_run:
            self._matrices.forget()
        return erased

    def unfinished_erasures(self) -> tuple[str, ...]:
        """Ids of erasures whose files have not been cleaned."""
        with self._database.read() as connection:
            return erasing.unfinished(connection)

    def clean(self) -> str:
        """Write the ledger's files anew; why it could not be done, or nothing."""
        return cleaning.clean(self._database)

    def finish_erasures(self, ids: Sequence[str], at: datetime) -> None:
        """Note that the files are clean of these."""
        with self._database.write("finish") as connection:
            erasing.finish(connection, ids, at)

    def held_elsewhere(self, fragments: Iterable[str]) -> set[str]:
        """Those of the fragments of text that something in the ledger still says."""
        with self._database.read() as connection:
            return erasing.said(connection, fragments)
