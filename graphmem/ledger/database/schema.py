"""The tables. Times are integers (microseconds since 1970 in UTC), so that every database orders them alike.

`seq` is a row's place in the order of writing; ids are content-addressed (UUIDv5) and come from outside. Labels of a
scope are four columns, '' when absent.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
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
from sqlalchemy.types import TypeDecorator

from graphmem.values import SCOPE_LABELS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else (value - EPOCH) // TICK

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else EPOCH + value * TICK


def _labels(server_default: str | None = None) -> list[Column[str]]:
    names = ("owner", *SCOPE_LABELS)
    return [Column(name, String, nullable=False, server_default=server_default) for name in names]


def _by_label(name: str, *after: str) -> list[Index]:
    return [Index(f"ix_{name}_{label}", label, *after) for label in ("owner", *SCOPE_LABELS)]


def _expiring(name: str) -> Index:
    there = text("expires_at IS NOT NULL")
    return Index(f"ix_{name}_expires", "expires_at", sqlite_where=there, postgresql_where=there)


meta = Table("meta", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False))

episodes = Table(
    "episodes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("conversation", String, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("reason", String, nullable=False),
    Column("retryable", Boolean, nullable=False),
    Column("idempotency_key", String, nullable=False),
    Column("infer", Boolean, nullable=False),
    Column("instructions", String, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("trust", String, nullable=False, server_default=""),
    Column("expires_at", Instant),
    Index("ix_episodes_conversation", "owner", "conversation", "seq"),
    *_by_label("episodes"),
    sqlite_autoincrement=True,
)

messages = Table(
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
    Column("timestamp", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("previous_id", String, index=True),
    Column("next_id", String, index=True),
    Column("metadata", JSON, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("trust", String, nullable=False, server_default=""),
    Column("expires_at", Instant),
    _expiring("messages"),
    Index("ix_messages_conversation", "owner", "conversation", "seq"),
    *_by_label("messages"),
    sqlite_autoincrement=True,
)

memories = Table(
    "memories",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("text", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("valid_from", Instant),
    Column("valid_to", Instant),
    Column("recorded_at", Instant, nullable=False),
    Column("retired_at", Instant),
    Column("updated_at", Instant),
    Column("superseded_by", String),
    Column("expires_at", Instant),
    Column("metadata", JSON, nullable=False),
    Column("trust", String, nullable=False),
    Column("subject_id", String),
    Column("claims", JSON, nullable=False),
    Column("modality", String, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("times_seen", Integer, nullable=False),
    Column("speaker", String),
    Column("role", String),
    _expiring("memories"),
    *_by_label("memories", "seq"),
    sqlite_autoincrement=True,
)

attributes = Table(
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
"""Metadata taken apart, one row a scalar: what filters compare. A list gives one row an element (`listed`)."""

evidence = Table(
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

entities = Table(
    "entities",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    Column("weak", Boolean, nullable=False),
    Column("degree", Integer, nullable=False),
)

aliases = Table(
    "aliases",
    metadata,
    Column("entity_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("alias", String, nullable=False),
    Column("key", String, nullable=False),
    Index("ix_aliases_key", "owner", "key"),
)
"""Position 0 is the entity's own name."""

mentions = Table(
    "mentions",
    metadata,
    Column("item_id", String, primary_key=True),
    Column("entity_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("source", String, nullable=False),
    Column("item_seq", Integer, nullable=False),
    Column("about", Boolean, nullable=False),
    Index("ix_mentions_entity", "entity_id", "source", "item_seq"),
)
"""A fact or a message names an entity; `about`: it is the fact's subject or an end of its relations."""

relations = Table(
    "relations",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("source_id", String, ForeignKey("entities.id"), nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("target_id", String, ForeignKey("entities.id"), nullable=False, index=True),
    Index("ix_relations_owner", "owner", "type"),
)

supports = Table(
    "supports",
    metadata,
    Column("memory_id", String, ForeignKey("memories.id"), primary_key=True),
    Column("relation_id", String, ForeignKey("relations.id"), primary_key=True),
    Column("confidence", Float, nullable=False),
    Index("ix_supports_relation", "relation_id"),
)

similar = Table(
    "similar",
    metadata,
    Column("first_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("second_id", String, ForeignKey("entities.id"), primary_key=True),
    Column("cosine", Float, nullable=False),
    Index("ix_similar_second", "second_id"),
)

vectors = Table(
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
"""float32, little endian. A vector that changes gets a new `seq`, so that readers can follow by `seq` alone."""

history = Table(
    "history",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("memory_id", String, nullable=False, index=True),
    Column("event", String, nullable=False),
    Column("previous_text", String),
    Column("text", String),
    Column("at", Instant, nullable=False),
    Column("reason", String, nullable=False),
    Column("resolution_id", String),
    Column("speaker", String),
    Column("role", String),
    *_labels(server_default=""),
    Index("ix_history_owner", "owner"),
    sqlite_autoincrement=True,
)

resolutions = Table(
    "resolutions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("owner", String, nullable=False, index=True),
    Column("episode_id", String, index=True),
    Column("at", Instant, nullable=False),
    Column("plan", String, nullable=False),
    Column("before", JSON, nullable=False),
    Column("undone_at", Instant),
    sqlite_autoincrement=True,
)
"""`plan` and `before` together are enough to put everything back."""

touched = Table(
    "touched",
    metadata,
    Column("memory_id", String, primary_key=True),
    Column("resolution_id", String, ForeignKey("resolutions.id"), primary_key=True),
    Index("ix_touched_resolution", "resolution_id"),
)

outbox = Table(
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

model_replies = Table(
    "model_replies",
    metadata,
    Column("episode_id", String, ForeignKey("episodes.id"), primary_key=True),
    Column("prompt_hash", String, primary_key=True),
    Column("reply", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("milliseconds", Float, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *_labels(),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("decided_at", Instant),
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
"""Facts of untrusted sources that wait for a decision."""

merged = Table(
    "merged",
    metadata,
    Column("entity_id", String, primary_key=True),
    Column("into_id", String, nullable=False, index=True),
    Column("owner", String, nullable=False),
    Column("resolution_id", String, nullable=False),
)
"""Entities that were merged into others, so that what comes back later finds them."""

erasures = Table(
    "erasures",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("counts", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""Receipts, without any text; one that is not finished still has files to clean."""

next_vectors = Table(
    "next_vectors",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("item_id", String, nullable=False),
    Column("view", String, nullable=False),
    *_labels(),
    Column("digest", String, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    UniqueConstraint("item_id", "view"),
)
"""Vectors of another model, kept until all are there; `digest` is of the text."""

queue = Table(
    "queue",
    metadata,
    Column("episode_id", String, ForeignKey("episodes.id"), primary_key=True),
    Column("owner", String, nullable=False),
    Column("place", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("ix_queue_place", "place"),
    Index("ix_queue_owner", "owner", "place"),
)
"""Episodes that wait for a worker; `place` is the episode's `seq`."""

leases = Table(
    "leases",
    metadata,
    Column("owner", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("token", String, nullable=False),
    Column("until", Instant, nullable=False),
)
"""Which worker decides for an owner, and until when; no two leases have the same token."""
