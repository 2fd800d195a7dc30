"""What waits for a decision: facts of untrusted sources, and pairs of entities that may be one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid5

from sqlalchemy import Connection, RowMapping, and_, delete, select, update

from graphmem.errors import ConflictError, NotFound
from graphmem.ledger.database import places
from graphmem.ledger.database.engine import insert_new
from graphmem.ledger.database.rows import in_scope, labels, owner_scope, scope_of
from graphmem.ledger.database.schema import entities, resolutions, reviews, similar
from graphmem.ledger.memories import entities as names
from graphmem.ledger.memories.entities import named_in
from graphmem.steps.linking import NAMESPACE
from graphmem.values import FactDraft, Held, Plan, Review, ReviewStatus, Scope, Verdict

PAIR = "~"
"""Between the two ids of a proposed merge; no id of ours holds it."""


class Waiting(NamedTuple):
    """A held fact with everything that accepting it needs."""

    review: Review
    draft: FactDraft
    verdicts: tuple[Verdict, ...]


def hold(connection: Connection, plan: Plan) -> None:
    """Keep the held facts of a plan; those that are there stay as they are. None: a no-op."""
    rows = [{**labels(plan.scope), "status": "open", "at": plan.at, **_columns(plan, held)} for held in plan.held]
    insert_new(connection, reviews, rows)


def _columns(plan: Plan, held: Held) -> Mapping[str, Any]:
    return {
        "id": held.id,
        "kind": held.kind,
        "episode_id": plan.episode_id or "",
        "message_id": held.message_id,
        "trust": held.trust,
        "text": held.draft.text,
        "reason": held.reason,
        "draft": held.draft.model_dump(mode="json"),
        "verdicts": [verdict.model_dump(mode="json") for verdict in held.verdicts],
        "confidence": held.draft.confidence,
    }


def facts(connection: Connection, scope: Scope | None, status: ReviewStatus, limit: int) -> tuple[Review, ...]:
    """Held facts of a scope, oldest first."""
    statement = select(reviews).where(in_scope(reviews, scope), reviews.c.status == status)
    rows = connection.execute(statement.order_by(reviews.c.seq).limit(limit)).mappings()
    return tuple(_review(row) for row in rows)


def get(connection: Connection, review_id: str) -> Waiting:
    """One held fact. Raises NotFound."""
    row = connection.execute(select(reviews).where(reviews.c.id == review_id)).mappings().first()
    if row is None:
        raise NotFound("review", review_id, advice="List them with reviews().")
    verdicts = tuple(Verdict.model_validate(verdict) for verdict in row["verdicts"])
    return Waiting(_review(row), FactDraft.model_validate(row["draft"]), verdicts)


def _review(row: RowMapping) -> Review:
    return Review(
        id=row["id"],
        kind=row["kind"],
        text=row["text"],
        reason=row["reason"],
        status=row["status"],
        scope=scope_of(row),
        at=row["at"],
        trust=row["trust"],
        confidence=row["confidence"],
        episode_id=row["episode_id"],
        message_id=row["message_id"],
        memory_ids=tuple(dict.fromkeys(verdict["memory_id"] for verdict in row["verdicts"])),
        resolution_id=row["resolution_id"],
    )


def decide(
    connection: Connection, review_id: str, status: ReviewStatus, at: datetime, resolution_id: str | None = None
) -> None:
    """Close a held fact. Raises NotFound, and ConflictError when it was decided before."""
    change = update(reviews).where(reviews.c.id == review_id, reviews.c.status == "open")
    decided = connection.execute(change.values(status=status, decided_at=at, resolution_id=resolution_id))
    if decided.rowcount == 0:
        before = get(connection, review_id).review.status
        raise ConflictError(f"Review {review_id!r} is {before} already.", advice="Undo its resolution to decide anew.")


def acceptance(connection: Connection, review_id: str) -> str:
    """Id for the resolution that accepts a held fact: told by the review alone, and another one after each undo."""
    ids = (str(uuid5(NAMESPACE, f"accepted\n{review_id}\n{number}")) for number in count())
    return next(identity for identity in ids if not places.seqs(connection, resolutions, [identity]))


def withdraw(connection: Connection, plan: Plan) -> None:
    """Take back what a plan held, unless it was decided meanwhile."""
    for held in plan.held:
        connection.execute(delete(reviews).where(reviews.c.id == held.id, reviews.c.status == "open"))


def reopen(connection: Connection, resolution_id: str) -> None:
    """Put what a resolution decided back into the queue."""
    change = update(reviews).where(reviews.c.resolution_id == resolution_id)
    connection.execute(change.values(status="open", decided_at=None, resolution_id=None))


def proposals(connection: Connection, scope: Scope, limit: int) -> tuple[Review, ...]:
    """Pairs of entities that may be one, most alike first; both are named in the scope."""
    statement = (
        select(similar, entities.c.owner)
        .join(entities, entities.c.id == similar.c.first_id)
        .where(and_(*(similar.c[end].in_(select(entities.c.id).where(named_in(scope))) for end in _ENDS)))
        .order_by(similar.c.cosine.desc(), similar.c.first_id, similar.c.second_id)
        .limit(limit)
    )
    rows = connection.execute(statement).mappings().all()
    return tuple(_proposal(connection, row) for row in rows)


_ENDS = ("first_id", "second_id")


def pair(review_id: str) -> tuple[str, str] | None:
    """The two entity ids that a review of a merge is made of; None for other reviews."""
    first, sign, second = review_id.partition(PAIR)
    return (first, second) if sign else None


def proposal(connection: Connection, first_id: str, second_id: str) -> Review:
    """One proposed merge. Raises NotFound."""
    wanted = (similar.c.first_id == first_id, similar.c.second_id == second_id)
    owned = select(similar, entities.c.owner).join(entities, entities.c.id == similar.c.first_id)
    row = connection.execute(owned.where(*wanted)).mappings().first()
    if row is None:
        raise NotFound("review", f"{first_id}{PAIR}{second_id}", advice="List them with reviews().")
    return _proposal(connection, row)


def _proposal(connection: Connection, row: RowMapping) -> Review:
    ends = (row["first_id"], row["second_id"])
    known, degrees = names.by_id(connection, ends), names.degrees(connection, ends)
    # The one that more items name gives its name to both.
    ordered = sorted((known[end] for end in ends), key=lambda e: (-degrees[e.id], e.id))
    return Review(
        id=PAIR.join(ends),
        kind="merge",
        text=f"{ordered[0].name} / {ordered[1].name}",
        reason="the names are alike",
        scope=owner_scope(row["owner"]),
        confidence=max(0.0, min(1.0, row["cosine"])),
        entities=tuple(ordered),
    )
