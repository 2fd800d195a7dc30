"""Vectors of another model on their way in; episodes that wait for a worker, and who works for which owner."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

LABELS = ("owner", "user_id", "agent_id", "app_id", "run_id")

metadata = MetaData()


def apply(connection: Connection) -> None:
    """Add the tables."""
    ours = [table for table in metadata.sorted_tables if table.name != "episodes"]
    metadata.create_all(connection, tables=ours)


Table("episodes", metadata, Column("id", String, primary_key=True))

Table(
    "next_vectors",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False),
    Column("view", String, nullable=False),
    *(Column(label, String, nullable=False) for label in LABELS),
    Column("digest", String, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("item_id", "view"),
)

Table(
    "queue",
    metadata,
    Column("episode_id", String, ForeignKey("episodes.id"), primary_key=True),
    Column("owner", String, nullable=False),
    Column("place", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_queue_place", "place"),
    Index("ix_queue_owner", "owner", "place"),
)

Table(
    "leases",
    metadata,
    Column("owner", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("token", String, nullable=False),
    Column("until", BigInteger, nullable=False),
)
