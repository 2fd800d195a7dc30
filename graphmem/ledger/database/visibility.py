"""What a read may see: the one place where scope and time become conditions on rows."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, case, null, or_

from graphmem.ledger.database.rows import in_scope, of_scope
from graphmem.ledger.database.schema import memories, messages
from graphmem.values import Scope, When


def ends(when: When, facts: FromClause = memories) -> ColumnElement[object]:
    """When a fact stops being true, as believed at `known_at`: a closure learned later does not count."""
    if when.known_at is None:
        return facts.c.valid_to
    return case((facts.c.retired_at > when.known_at, null()), else_=facts.c.valid_to)


def sees_fact(
    scope: Scope | None, when: When, facts: FromClause = memories, *, listing: bool = False
) -> ColumnElement[bool]:
    """Facts of a scope that hold at a moment; `listing`: the scope is the way in, not a check."""
    parts = [in_scope(facts, scope) if listing else of_scope(facts, scope)]
    if when.known_at is not None:
        parts.append(facts.c.recorded_at <= when.known_at)
    if when.everything:
        return and_(*parts)
    parts += [or_(facts.c.expires_at.is_(None), facts.c.expires_at > when.now), is_true(when, facts)]
    return and_(*parts)


def is_true(when: When, facts: FromClause = memories) -> ColumnElement[bool]:
    """Facts that are true at a moment, also those past their time: whoever says them again gives them more."""
    end, start = ends(when, facts), facts.c.valid_from
    parts = [
        or_(end.is_(None), end > (when.now if when.as_of is None else when.as_of)),
        # A corrected fact was never true: its interval is empty.
        or_(end.is_(None), start.is_(None), end > start),
    ]
    if when.as_of is not None:
        parts.append(or_(start.is_(None), start <= when.as_of))
    return and_(*parts)


def sees_message(
    scope: Scope | None, when: When, said: FromClause = messages, *, listing: bool = False
) -> ColumnElement[bool]:
    """Messages of a scope that had been said, and recorded, by a moment; withdrawn ones never."""
    parts = [in_scope(said, scope) if listing else of_scope(said, scope), said.c.hidden.is_(False)]
    if when.known_at is not None:
        parts.append(said.c.recorded_at <= when.known_at)
    if when.as_of is not None and not when.everything:
        parts.append(said.c.timestamp <= when.as_of)
    if not when.everything:
        parts.append(or_(said.c.expires_at.is_(None), said.c.expires_at > when.now))
    return and_(*parts)
