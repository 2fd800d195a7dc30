"""The care of a memory, as methods of `Memory`: what waits for a decision, merges, expiry, erasure, plans."""

from __future__ import annotations

from graphmem import inputs
from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.values import Review, ReviewStatus

REVIEW_STATUS = ("open", "accepted", "rejected")


class Operations:
    """What a person does with a memory beside asking it. What deletes has a dry run; what changes can be undone."""

    _engine: Engine

    def reviews(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        status: ReviewStatus = "open",
        limit: int = 100,
    ) -> tuple[Review, ...]:
        """What waits for a decision: held facts of untrusted sources, oldest first, and entities that may be one."""
        if status not in REVIEW_STATUS:
            raise InputError("status", f"cannot be {status!r}.", advice=f"Use one of {', '.join(REVIEW_STATUS)}.")
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        return self._engine.ledger.operating.reviews(scope, status, inputs.whole("limit", limit, 1, 10_000))
