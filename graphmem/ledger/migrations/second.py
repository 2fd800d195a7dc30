"""Expiry and trust of messages, whose history a line is, reviews, merges, erasures."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    text,
)

LABELS = ("owner", "user_id", "agent_id", "app_id", "run_id")

metadata = MetaData()

COLUMNS = (
    "ALTER TABLE episodes ADD COLUMN trust VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE episodes ADD COLUMN expires_at BIGINT",
    "ALTER TABLE messages ADD COLUMN trust VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE messages ADD COLUMN expires_at BIGINT",
    "ALTER TABLE history ADD COLUMN owner VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE history ADD COLUMN user_id VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE history ADD COLUMN agent_id VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE history ADD COLUMN app_id VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE history ADD COLUMN run_id VARCHAR DEFAULT '' NOT NULL",
    "CREATE INDEX ix_history_owner ON history (owner)",
    "CREATE INDEX ix_memories_expires ON memories (expires_at) WHERE expires_at IS NOT NULL",
    "CREATE INDEX ix_messages_expires ON messages (expires_at) WHERE expires_at IS NOT NULL",
)

OF_MEMORIES = (
    """
    UPDATE history SET owner = m.owner, user_id = m.user_id, agent_id = m.agent_id, app_id = m.app_id,
    run_id = m.run_id FROM memories AS m WHERE m.id = history.memory_id
    """,
    # Of a memory that is gone, the resolution that took it away still knows the owner.
    """
    UPDATE history SET owner = r.owner FROM resolutions AS r
    WHERE history.owner = '' AND r.id = history.resolution_id
    """,
    """
    UPDATE history SET owner = h.owner FROM history AS h
    WHERE history.owner = '' AND h.memory_id = history.memory_id AND h.owner <> ''
    """,
    # The owner's label is the part of a scope that is certain.
    "UPDATE history SET user_id = substr(owner, 6) WHERE user_id = '' AND owner LIKE 'user:%'",
)


def apply(connection: Connection) -> None:
    """Add the columns and tables; fill in what the rows that are there tell."""
    for statement in (*COLUMNS, *OF_MEMORIES):
        connection.execute(text(statement))
    metadata.create_all(connection)


def _labels() -> list[Column[str]]:
    return [Column(label, String, nullable=False) for label in LABELS]


Table(
    "reviews",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("episode_id", String, nullable=False, index=True),
    Column("message_id", String, nullable=False, index=True),
    Column("trust", String, nullable=False),
    Column("text", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("draft", JSON, nullable=False),
    Column("verdicts", JSON, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("resolution_id", String),
    Index("ix_reviews_owner", "owner", "status"),
    sqlite_autoincrement=True,
)

Table(
    "merged",
    metadata,
    Column("entity_id", String, primary_key=True),
    Column("into_id", String, nullable=False, index=True),
    Column("owner", String, nullable=False),
    Column("resolution_id", String, nullable=False),
)

Table(
    "erasures",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("counts", JSON, nullable=False),
    sqlite_autoincrement=True,
)
