"""graphiti-core on Neo4j: each add is an episode of messages, dated by its session.

The group of a memory begins with `graphmem-eval-`; nothing else in the database is read or changed. An edge knows its
episodes: with one turn an add (`--batch 1`) its evidence is known, and recall is measured.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from graphmem.evaluation.records import DEPTH, Conversation, Found, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.peers.adds import UNDATED, Add, Progress, adds, require
from graphmem.evaluation.techniques.peers.gateway import Gateway
from graphmem.evaluation.techniques.peers.graph_server import partition, server
from graphmem.evaluation.techniques.units import dated, shown
from graphmem.settings import set_variables

INSTALL = "'graphiti-core>=0.20,<1'"


class Graphiti:
    """Graphiti's graph of one conversation."""

    def __init__(self, parts: Parts) -> None:
        require("graphiti", INSTALL, "graphiti_core")
        self._graph = server("graphiti", parts.settings)
        set_variables(GRAPHITI_TELEMETRY_ENABLED="false")
        # Its queries name properties that an empty database does not have yet, and the server remarks on each.
        logging.getLogger("neo4j.notifications").setLevel(logging.ERROR)
        self._parts = parts
        self._gateway = Gateway(parts)
        self._progress = Progress(parts.folder)
        self._group = partition(parts.folder)
        self._sources: dict[str, tuple[str, ...]] = {}
        self._runner = asyncio.Runner()
        self._graphiti = self._opened()

    def _opened(self) -> Any:
        from graphiti_core import Graphiti as Package
        from graphiti_core.cross_encoder.openai_reranker_client import OpenAIRerankerClient
        from graphiti_core.embedder.openai import OpenAIEmbedder, OpenAIEmbedderConfig
        from graphiti_core.llm_client.config import LLMConfig
        from graphiti_core.llm_client.openai_generic_client import OpenAIGenericClient

        gate = self._gateway
        chat = LLMConfig(api_key=gate.key, base_url=gate.base_url, model=gate.model, small_model=gate.model)
        meaning = OpenAIEmbedderConfig(
            api_key=gate.key,
            base_url=gate.base_url,
            embedding_model=gate.embedding_model,
            embedding_dim=gate.dimensions,
        )
        return Package(
            self._graph.url,
            self._graph.user,
            self._graph.password,
            llm_client=OpenAIGenericClient(chat),
            embedder=OpenAIEmbedder(meaning),
            cross_encoder=OpenAIRerankerClient(chat),
        )

    def ingest(self, conversation: Conversation) -> Ingested:
        """Add what is not there yet. Raises ModelError when a call failed for good."""
        done = self._progress.done
        if not done:
            self._runner.run(self._begin())
        for add in adds(conversation, self._parts.options.batch):
            self._sources[self._name(add)] = tuple(turn.id for turn in add.turns)
            if add.number >= done:
                with self._gateway.serving("ingest", conversation.id):
                    self._runner.run(self._add(add))
                self._progress.finished(add)
        return self._parts.kept(conversation, self._runner.run(self._texts()))

    def context(self, question: Question) -> Retrieved:
        """The facts of the edges that its hybrid search finds, with their dates."""
        k = self._parts.options.top_k
        began = time.perf_counter()
        with self._gateway.serving("search", question.conversation, question.id):
            edges = self._runner.run(
                self._graphiti.search(question.text, group_ids=[self._group], num_results=max(DEPTH, k))
            )
        spent = (time.perf_counter() - began) * 1000
        exact = self._parts.options.batch == 1
        found = self._runner.run(self._found(edges)) if exact else ()
        return Retrieved(
            text="\n".join(_line(edge) for edge in edges[:k]),
            found=found,
            shown=shown(place.sources for place in found[:k]),
            milliseconds={"search": spent},
        )

    def close(self) -> None:
        """Close its connections."""
        self._runner.run(self._graphiti.close())
        self._runner.close()
        self._gateway.close()

    def _name(self, add: Add) -> str:
        return f"add {add.number}"

    async def _begin(self) -> None:
        """Indexes, and nothing of what an earlier run with this folder left."""
        from graphiti_core.utils.maintenance.graph_data_operations import clear_data

        await self._graphiti.build_indices_and_constraints()
        await clear_data(self._graphiti.driver, [self._group])

    async def _add(self, add: Add) -> None:
        from graphiti_core.nodes import EpisodeType

        await self._graphiti.add_episode(
            name=self._name(add),
            episode_body="\n".join(add.lines),
            source_description="conversation",
            reference_time=add.session.at or UNDATED,
            source=EpisodeType.message,
            group_id=self._group,
        )

    async def _texts(self) -> list[str]:
        """Facts of edges and summaries of nodes: what its memory consists of beside the messages."""
        from graphiti_core.edges import EntityEdge
        from graphiti_core.nodes import EntityNode

        texts = [edge.fact for edge in await _all(EntityEdge, self._graphiti.driver, self._group)]
        return texts + [
            f"{node.name}: {node.summary}" for node in await _all(EntityNode, self._graphiti.driver, self._group)
        ]

    async def _found(self, edges: Sequence[Any]) -> tuple[Found, ...]:
        from graphiti_core.nodes import EpisodicNode

        ids = sorted({episode for edge in edges for episode in edge.episodes})
        episodes = await EpisodicNode.get_by_uuids(self._graphiti.driver, ids) if ids else []
        turns = {episode.uuid: self._sources.get(episode.name, ()) for episode in episodes}
        return tuple(
            Found(
                id=edge.uuid,
                sources=tuple(dict.fromkeys(turn for episode in edge.episodes for turn in turns.get(episode, ()))),
                kind="fact",
            )
            for edge in edges
        )


async def _all(kind: Any, driver: Any, group: str) -> list[Any]:
    """Everything of a group; an empty group is an error in Graphiti."""
    from graphiti_core.errors import GroupsEdgesNotFoundError, GroupsNodesNotFoundError

    try:
        found: list[Any] = await kind.get_by_group_ids(driver, [group])
    except (GroupsEdgesNotFoundError, GroupsNodesNotFoundError):
        return []
    return found


def _line(edge: Any) -> str:
    ended: datetime | None = edge.invalid_at
    until = f" (until {ended:%Y-%m-%d})" if ended else ""
    return dated(edge.valid_at, f"{edge.fact}{until}")
