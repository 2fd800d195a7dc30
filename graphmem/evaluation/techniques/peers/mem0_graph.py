"""mem0ai 1.0.11 with its graph on Neo4j: the "Mem0+" of the paper, the last release that had one.

The graph goes into the Neo4j of the settings, under a user whose name begins with `graphmem-eval-`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphmem.evaluation.records import Conversation, Ingested
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.peers import mem0
from graphmem.evaluation.techniques.peers.adds import Add, Progress, require
from graphmem.evaluation.techniques.peers.gateway import Gateway
from graphmem.evaluation.techniques.peers.graph_server import partition, server

INSTALL = "'mem0ai==1.0.11' langchain-neo4j rank-bm25"


class Mem0Graph(mem0.Mem0):
    """Mem0's memory of one conversation, with relations."""

    def __init__(self, parts: Parts) -> None:
        require("mem0+", INSTALL, "mem0", "langchain_neo4j", "rank_bm25", package="mem0ai", major=1)
        self._graph = server("mem0+", parts.settings)
        mem0.prepare(parts)
        self._parts = parts
        self._gateway = Gateway(parts)
        self._progress = Progress(parts.folder)
        self._user = partition(parts.folder)
        self._memory = self._opened()

    def _opened(self) -> Any:
        from mem0 import Memory

        config = {
            "url": self._graph.url,
            "username": self._graph.user,
            "password": self._graph.password or "none",
            **({"database": self._graph.database} if self._graph.database else {}),
        }
        own = {"version": "v1.1", "graph_store": {"provider": "neo4j", "config": config}}
        return Memory.from_config({**mem0.configuration(self._parts, self._gateway), **own})

    def ingest(self, conversation: Conversation) -> Ingested:
        """See `Mem0.ingest`; the user is the run's own, since the server is shared."""
        user = self._user
        if not self._progress.done:
            # What an earlier run with this folder left: the folder can be removed, the server's part cannot.
            self._memory.graph.delete_all({"user_id": user})
        found = super().ingest(conversation.model_copy(update={"id": user}))
        return found.model_copy(update={"conversation": conversation.id})

    def _add(self, add: Add) -> None:
        said = [{"role": "user", "content": line} for line in add.lines]
        self._memory.add(said, user_id=self._user, metadata=mem0.marks(add))

    def _search(self, text: str, k: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._memory.search(text, user_id=self._user, limit=k)
        return found

    def _all(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._memory.get_all(user_id=self._user, limit=mem0.MOST)
        return found
