"""The first tables, as version 0.1.0 made them. This text never changes: `schema.py` is what the tables are now."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from graphmem.ledger.text import lexical

LABELS = ("user_id", "agent_id", "app_id", "run_id")

metadata = MetaData()

FULL_TEXT = (
    "CREATE VIRTUAL TABLE words_fact USING fts5(owner, body, tokenize='porter unicode61')",
    "CREATE VIRTUAL TABLE words_turn USING fts5(owner, body, tokenize='porter unicode61')",
    "CREATE VIRTUAL TABLE words_window2 USING fts5(owner, body, tokenize='porter unicode61')",
    "CREATE VIRTUAL TABLE words_window3 USING fts5(owner, body, tokenize='porter unicode61')",
)


def apply(connection: Connection) -> None:
    """Make the tables and the full-text indexes."""
    metadata.create_all(connection)
    if connection.dialect.name == "sqlite":
        for statement in FULL_TEXT:
            connection.execute(text(statement))
    else:
        # 0.1.0 knew SQLite alone: other databases begin with the present indexes.
        lexical.create(connection)


def _labels() -> list[Column[str]]:
    return [Column("owner", String, nullable=False), *(Column(label, String, nullable=False) for label in LABELS)]


def _by_label(name: str, *after: str) -> list[Index]:
    return [Index(f"ix_{name}_{label}", label, *after) for label in ("owner", *LABELS)]


Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

Table(
    "episodes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("conversation", String, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("retryable", Boolean, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("infer", Boolean, nullable=False),
    Column("instructions", String, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Index("ix_episodes_conversation", "owner", "conversation", "seq"),
    *_by_label("episodes"),
    sqlite_autoincrement=True,
)

Table(
    "messages",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("episode_id", String, ForeignKey("episodes.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    *_labels(),
    Column("conversation", String, nullable=False),
    Column("role", String, nullable=False),
    Column("speaker", String, nullable=False),
    Column("content", String, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("previous_id", String, index=True),
    Column("next_id", String, index=True),
    Column("metadata", JSON, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Index("ix_messages_conversation", "owner", "conversation", "seq"),
    *_by_label("messages"),
    sqlite_autoincrement=True,
)

Table(
    "memories",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("text", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("valid_from", BigInteger),
    Column("valid_to", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    Column("updated_at", BigInteger),
    Column("superseded_by", String),
    Column("expires_at", BigInteger),
    Column("metadata", JSON, nullable=False),
    Column("trust", String, nullable=False),
    Column("subject_id", String),
    Column("claims", JSON, nullable=False),
    Column("modality", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("times_seen", Integer, nullable=False),
    Column("speaker", String),
    Column("role", String),
    *_by_label("memories", "seq"),
    sqlite_autoincrement=True,
)

Table(
    "attributes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("text", String),
    Column("number", Float),
    Index("ix_attributes_item", "item_id", "key"),
    Index("ix_attributes_text", "key", "text"),
)

Table(
    "evidence",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("memory_id", String, ForeignKey("memories.id"), nullable=False),
    Column("episode_id", String, nullable=False),
    Column("message_id", String, nullable=False, index=True),
    Column("message_index", Integer, nullable=False),
    Column("quote", String, nullable=False),
    UniqueConstraint("memory_id", "message_id", "quote"),
)

Table(
    "entities",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    Column("weak", Boolean, nullable=False),
    Column("degree", Integer, nullable=False),
)

Table(
    "aliases",
    metadata,
    Column("entity_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("alias", String, nullable=False),
    Column("key", String, nullable=False),
    Index("ix_aliases_key", "owner", "key"),
)

Table(
    "mentions",
    metadata,
    Column("item_id", String, primary_key=True),
    Column("entity_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("source", String, nullable=False),
    Column("item_seq", Integer, nullable=False),
    Column("about", Boolean, nullable=False),
    Index("ix_mentions_entity", "entity_id", "source", "item_seq"),
)

Table(
    "relations",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("source_id", String, ForeignKey("entities.id"), nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("target_id", String, ForeignKey("entities.id"), nullable=False, index=True),
    Index("ix_relations_owner", "owner", "type"),
)

Table(
    "supports",
    metadata,
    Column("memory_id", String, ForeignKey("memories.id"), primary_key=True),
    Column("relation_id", String, ForeignKey("relations.id"), primary_key=True),
    Column("confidence", Float, nullable=False),
    Index("ix_supports_relation", "relation_id"),
)

Table(
    "similar",
    metadata,
    Column("first_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("second_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("cosine", Float, nullable=False),
    Index("ix_similar_second", "second_id"),
)

Table(
    "vectors",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False),
    Column("view", String, nullable=False),
    *_labels(),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("item_id", "view"),
    *_by_label("vectors", "view", "seq"),
    sqlite_autoincrement=True,
)

Table(
    "history",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("memory_id", String, nullable=False, index=True),
    Column("event", String, nullable=False),
    Column("previous_text", String),
    Column("text", String),
    Column("at", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    Column("resolution_id", String),
    Column("speaker", String),
    Column("role", String),
    sqlite_autoincrement=True,
)

Table(
    "resolutions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("owner", String, nullable=False, index=True),
    Column("episode_id", String, index=True),
    Column("at", BigInteger, nullable=False),
    Column("plan", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("undone_at", BigInteger),
    sqlite_autoincrement=True,
)

Table(
    "touched",
    metadata,
    Column("memory_id", String, primary_key=True),
    Column("resolution_id", String, ForeignKey("resolutions.id"), primary_key=True),
    Index("ix_touched_resolution", "resolution_id"),
)

Table(
    "outbox",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("store", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("view", String, nullable=False),
    Index("ix_outbox_store", "store", "sequence"),
    sqlite_autoincrement=True,
)

Table(
    "model_replies",
    metadata,
    Column("episode_id", String, ForeignKey("episodes.id"), primary_key=True),
    Column("prompt_hash", String, primary_key=True),
    Column("reply", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("milliseconds", Float, nullable=False),
)
