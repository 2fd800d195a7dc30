"""The queue of episodes that wait for a worker, and who may decide for an owner at a time.

A worker takes a lease on an owner, not on an episode: so the episodes of one owner are decided in the order in which
they were recorded. Its token is compared inside each transaction that the worker writes (fencing): what a worker sends
after its lease has gone to another is refused whole, however late it comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from graphmem.errors import LeaseLost
from graphmem.faults import reach
from graphmem.ledger.database.engine import Database, insert_new
from graphmem.ledger.database.schema import episodes, leases, queue

UNFINISHED = ("pending", "running")
MOST_ATTEMPTS = 5
"""Deliveries of one episode: what ends its worker each time must not go on for ever."""


class Lease(NamedTuple):
    """The right to decide for an owner until it runs out."""

    owner: str
    holder: str
    token: str


def enqueue(connection: Connection, episode_id: str) -> None:
    """Let an episode wait for a worker. One that waits already: a no-op."""
    row = connection.execute(select(episodes.c.seq, episodes.c.owner).where(episodes.c.id == episode_id)).one()
    insert_new(connection, queue, [{"episode_id": episode_id, "owner": row.owner, "place": row.seq, "attempts": 0}])


def claim(connection: Connection, holder: str, now: datetime, until: datetime) -> Lease | None:
    """A lease on the owner of the oldest episode that waits and nobody works on; None when there is none."""
    held = select(leases.c.owner).where(leases.c.owner == queue.c.owner, leases.c.until > now).exists()
    oldest = select(queue.c.owner).where(~held).order_by(queue.c.place).limit(1)
    if connection.dialect.name == "postgresql":
        # Two workers that look at once take different rows; the lease decides when these are of one owner.
        oldest = oldest.with_for_update(skip_locked=True)
    owner = connection.scalar(oldest)
    if owner is None:
        return None
    if _is_busy(connection, owner):
        return None
    lease = Lease(owner, holder, uuid4().hex)
    return lease if _take(connection, lease, now, until) else None


def _is_busy(connection: Connection, owner: str) -> bool:
    """Whether the row of a lease is locked: its holder writes just now, and may want what this claim has locked."""
    row = select(leases.c.owner).where(leases.c.owner == owner)
    return connection.scalar(row) is not None and connection.scalar(row.with_for_update(skip_locked=True)) is None


def _take(connection: Connection, lease: Lease, now: datetime, until: datetime) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(leases).values(**lease._asdict(), until=until)
    new = {name: statement.excluded[name] for name in ("holder", "token", "until")}
    connection.execute(statement.on_conflict_do_update(index_elements=["owner"], set_=new, where=leases.c.until <= now))
    return _token(connection, lease.owner) == lease.token


def _token(connection: Connection, owner: str) -> str | None:
    return connection.scalar(select(leases.c.token).where(leases.c.owner == owner).with_for_update())


def renew(connection: Connection, lease: Lease, until: datetime) -> bool:
    """Hold a lease for longer. False when it has gone to another."""
    mine = update(leases).where(leases.c.owner == lease.owner, leases.c.token == lease.token)
    return connection.execute(mine.values(until=until)).rowcount == 1


def release(connection: Connection, lease: Lease) -> None:
    """Give a lease back. One that has gone to another: a no-op."""
    connection.execute(delete(leases).where(leases.c.owner == lease.owner, leases.c.token == lease.token))


def hold(connection: Connection, lease: Lease) -> None:
    """Go on only if the lease is still there; nobody can take it before this transaction ends. Raises LeaseLost."""
    if _token(connection, lease.owner) != lease.token:
        raise LeaseLost(
            f"Another worker decides for {lease.owner!r} now.", advice="Nothing was written; it does the work."
        )


def next_episode(connection: Connection, lease: Lease) -> tuple[str, int] | None:
    """The oldest waiting episode of the owner with its number of deliveries, this one included; None: nothing waits.

    Finished ones are taken out of the queue on the way.
    """
    finished = select(episodes.c.id).where(episodes.c.id == queue.c.episode_id, episodes.c.status.in_(UNFINISHED))
    connection.execute(delete(queue).where(queue.c.owner == lease.owner, ~finished.exists()))
    ours = select(queue).where(queue.c.owner == lease.owner).order_by(queue.c.place).limit(1)
    row = connection.execute(ours).first()
    if row is None:
        return None
    connection.execute(update(queue).where(queue.c.episode_id == row.episode_id).values(attempts=row.attempts + 1))
    connection.execute(update(episodes).where(episodes.c.id == row.episode_id).values(status="running"))
    return row.episode_id, row.attempts + 1


def waiting(connection: Connection) -> set[str]:
    """Ids of the episodes that wait for a worker."""
    return set(connection.scalars(select(queue.c.episode_id)))


def is_idle(connection: Connection) -> bool:
    """Whether nothing waits and nobody works."""
    unfinished = select(queue.c.episode_id).join(episodes, episodes.c.id == queue.c.episode_id)
    found = unfinished.where(or_(*(episodes.c.status == status for status in UNFINISHED))).limit(1)
    return connection.scalar(found) is None


class Fenced:
    """A database in which every write first asks whether a lease still holds; reads are those of the other."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._inner, self._lease = database, lease
        self.url, self.read, self.outside = database.url, database.read, database.outside

    @contextmanager
    def write(self, step: str) -> Iterator[Connection]:
        """See `Database.write`. Raises LeaseLost."""
        with self._inner.write(step) as connection:
            hold(connection, self._lease)
            reach("lease.held")
            yield connection

    def close(self) -> None:
        """Nothing: the connections belong to the other."""
