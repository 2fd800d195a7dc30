"""Databases as Mem0 1.0.11 writes them, without Mem0: the shapes were taken from a run of the real package.

    mem0 = Mem0Database(tmp_path, url)
    memory_id = mem0.memory("Lives in Porto", at="2024-01-10T09:00:00", user_id="alex")
    mem0.edge("alex", "lives_in", "porto", at="2024-01-10T09:00:02", user_id="alex")

Times are UTC. Nothing is there before the first call, except the history table.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from graphmem.models.scripted import HashEmbedder

HISTORY = """
    CREATE TABLE IF NOT EXISTS history (
        id           TEXT PRIMARY KEY,
        memory_id    TEXT,
        old_memory   TEXT,
        new_memory   TEXT,
        event        TEXT,
        created_at   DATETIME,
        updated_at   DATETIME,
        is_deleted   INTEGER,
        actor_id     TEXT,
        role         TEXT
    )
"""
# Mem0 glues labels, types and property names into its statements; dynamic names write the same graph.
NODE = """
    OPTIONAL MATCH (n {name: $name, user_id: $scope.user_id})
    WHERE coalesce(n.agent_id, '') = coalesce($scope.agent_id, '')
      AND coalesce(n.run_id, '') = coalesce($scope.run_id, '')
    CALL (n) {
        WITH n WHERE n IS NULL
        CREATE (m:$($labels)) SET m = $scope, m.name = $name, m.created = $at, m.mentions = 1 RETURN m
        UNION
        WITH n WHERE n IS NOT NULL SET n.mentions = n.mentions + 1 RETURN n AS m
    }
    CALL db.create.setNodeVectorProperty(m, 'embedding', $embedding)
    RETURN elementId(m) AS id
"""
EDGE = """
    MATCH (a), (b) WHERE elementId(a) = $source AND elementId(b) = $target
    MERGE (a)-[r:$($type)]->(b)
    SET r += $properties
"""
INVALID = """
    MATCH (n {name: $source_name, user_id: $user_id})-[r]->(m {name: $target_name, user_id: $user_id})
    WHERE type(r) = $type AND (r.valid IS NULL OR r.valid = true)
    SET r.valid = false, r.invalidated_at = datetime($at)
"""
DUMP = """
    MATCH (n) WHERE n.user_id IN $names OR n.agent_id IN $names OR n.planted IN $names
    OPTIONAL MATCH (n)-[r]->(m)
    RETURN labels(n) AS labels, properties(n) AS node, type(r) AS type, properties(r) AS edge, m.name AS target
    ORDER BY elementId(n), elementId(r)
"""


def iso(at: str) -> str:
    """As Mem0 writes a time beside a memory."""
    return datetime.fromisoformat(at).replace(tzinfo=UTC).isoformat()


def milliseconds(at: str) -> int:
    """As Cypher's `timestamp()` gives it."""
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)


class Mem0Database:
    """Chroma collection, history file and, with an address, the graph of one Mem0."""

    def __init__(self, folder: Path, url: str | None = None, *, base_label: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.vectors, self.history = folder / "chroma", folder / "history.db"
        self.base_label = base_label
        self.url = url
        self.names: set[str] = set()
        """Users, agents and other applications whose nodes were written."""
        self._embed = HashEmbedder(dimensions=64)
        self._history(HISTORY)

    @cached_property
    def _collection(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        self._chroma = chromadb.PersistentClient(str(self.vectors), settings=Settings(anonymized_telemetry=False))
        return self._chroma.get_or_create_collection("mem0", embedding_function=None)

    @cached_property
    def _driver(self) -> Any:
        import neo4j

        return neo4j.GraphDatabase.driver(self.url, notifications_min_severity="OFF", telemetry_disabled=True)

    def close(self) -> None:
        """Let go of the stores; they stay."""
        if "_collection" in vars(self):
            self._chroma.close()
        if "_driver" in vars(self):
            self._driver.close()

    def _history(self, statement: str, row: Sequence[object] = ()) -> None:
        with closing(sqlite3.connect(self.history)) as connection, connection:
            connection.execute(statement, row)

    def _event(self, item: str, old: str | None, new: str | None, event: str, *more: object) -> None:
        row = (str(uuid4()), item, old, new, event, *more)
        self._history("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def memory(self, text: str, *, at: str, metadata: Mapping[str, Any] | None = None, **payload: str) -> str:
        """An ADD: `payload` holds user_id, agent_id, run_id, actor_id, role."""
        item, when = str(uuid4()), iso(at)
        own = {"data": text, "hash": _md5(text), "created_at": when, "updated_at": when}
        self._collection.add(
            ids=[item], embeddings=self._vectors(text), metadatas=[{**(metadata or {}), **payload, **own}]
        )
        self._event(item, None, text, "ADD", when, when, 0, payload.get("actor_id"), payload.get("role"))
        return item

    def reword(self, item: str, text: str, *, at: str) -> None:
        """An UPDATE."""
        (payload,) = self._collection.get(ids=[item], include=["metadatas"])["metadatas"]
        new = {**payload, "data": text, "hash": _md5(text), "updated_at": iso(at)}
        self._collection.update(ids=[item], embeddings=self._vectors(text), metadatas=[new])
        times = (payload["created_at"], new["updated_at"])
        self._event(item, payload["data"], text, "UPDATE", *times, 0, payload.get("actor_id"), payload.get("role"))

    def delete(self, item: str, *, at: str) -> None:
        """A DELETE."""
        (payload,) = self._collection.get(ids=[item], include=["metadatas"])["metadatas"]
        self._collection.delete(ids=[item])
        times = (payload["created_at"], iso(at))
        self._event(item, payload["data"], None, "DELETE", *times, 1, payload.get("actor_id"), payload.get("role"))

    def edge(
        self,
        source: str,
        type: str,
        target: str,
        *,
        at: str,
        types: Sequence[str] = ("person", "thing"),
        target_user: str | None = None,
        legacy: bool = False,
        mentions: int = 1,
        **scope: str,
    ) -> None:
        """A live edge. `legacy`: as 0.1 wrote it. `target_user`: the other end belongs to somebody else."""
        own = {"user_id": "user", **scope}
        other = {**own, "user_id": target_user or own["user_id"]}
        self.names |= {label for found in (own, other) for label in found.values()} - {"user", own.get("run_id")}
        when = milliseconds(at)
        dated = {"created": when} if legacy else {"created_at": when, "updated_at": when, "valid": True}
        ends = {"source": self._node(source, types[0], own, when), "target": self._node(target, types[1], other, when)}
        self._driver.execute_query(EDGE, **ends, type=type, properties={**dated, "mentions": mentions})

    def _node(self, name: str, label: str, scope: Mapping[str, str], at: int) -> str:
        labels = [label, *(["__Entity__"] if self.base_label else [])]
        (vector,) = self._vectors(name)
        found = self._driver.execute_query(NODE, name=name, labels=labels, scope=scope, at=at, embedding=vector)
        return str(found.records[0]["id"])

    def invalidate(self, source: str, type: str, target: str, *, at: str, user_id: str) -> None:
        """A soft delete."""
        self._driver.execute_query(
            INVALID, source_name=source, type=type, target_name=target, user_id=user_id, at=iso(at)
        )

    def plant(self, name: str) -> None:
        """A node and an edge of another application."""
        self.names.add(name)
        planted = (
            "CREATE (:Person {name: $name, planted: $name})-[:KNOWS {since: 1}]->(:Person {name: 'x', planted: $name})"
        )
        self._driver.execute_query(planted, name=name)

    def dump(self) -> list[tuple[Any, ...]]:
        """All nodes and edges of the users that were written, and what was planted."""
        records = self._driver.execute_query(DUMP, names=sorted(self.names)).records
        return [tuple(map(str, record.values())) for record in records]

    def drop(self) -> None:
        """Remove them."""
        self._driver.execute_query(
            "MATCH (n) WHERE n.user_id IN $names OR n.agent_id IN $names OR n.planted IN $names DETACH DELETE n",
            names=sorted(self.names),
        )

    def _vectors(self, text: str) -> list[list[float]]:
        """Vectors of length 2: models need not normalise, and Mem0 does not."""
        return [(2 * np.asarray(row)).tolist() for row in self._embed.embed([text])]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
