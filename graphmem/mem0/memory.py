"""Mem0's `Memory`, each call translated to one of `graphmem.Memory`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn, Self

import graphmem.memory
from graphmem.errors import NotFound
from graphmem.mem0 import arguments, config, shapes
from graphmem.mem0 import messages as chats
from graphmem.mem0.arguments import V1_LIMIT
from graphmem.mem0.config import MemoryConfig
from graphmem.mem0.exceptions import NAMES, translated
from graphmem.mem0.shapes import Item
from graphmem.values import Memory as Fact

log = logging.getLogger("graphmem.mem0")
PAGE = 1000
"""The most that one read of the engine gives."""


class Memory:
    """A drop-in for `mem0.Memory`. Without a configuration it opens graphmem's default home.

    Ids may be keywords or stand in `filters`; `top_k` is `limit`, `text` is `data`. Any other keyword is a TypeError.
    """

    def __init__(self, config: MemoryConfig | None = None) -> None:
        self._open(config)

    def _open(self, given: MemoryConfig | Mapping[str, Any] | None) -> None:
        self.config = config.read(given)
        chosen = config.settings(self.config)
        config.check_model(self.config, chosen)
        self.engine = graphmem.memory.Memory.open(chosen)

    @classmethod
    def from_config(cls, config_dict: Mapping[str, Any]) -> Self:
        """Open with a configuration as a dict. Raises ConfigError; warns of keys that have no counterpart."""
        self = cls.__new__(cls)
        self._open(config_dict)
        return self

    @classmethod
    def over(cls, engine: graphmem.memory.Memory) -> Self:
        """Mem0's face of a memory that is open already."""
        self = cls.__new__(cls)
        self.config, self.engine = MemoryConfig(), engine
        return self

    def close(self) -> None:
        """Release the stores; a second call is a no-op."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(
        self,
        messages: str | Mapping[str, Any] | list[Any],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        infer: bool = True,
        memory_type: str | None = None,
        prompt: str | None = None,
    ) -> Item:
        """`{"results": [...], "relations": {"deleted_entities": [...], "added_entities": [...]}}`.

        When a model failed, the messages are kept and `status` and `reason` say so. Raises ValidationError.
        """
        with translated():
            arguments.check_memory_type(memory_type, agent_id)
            scope = arguments.scope(user_id, agent_id, run_id)
            said, places = chats.read(messages)
        if not said:
            return shapes.nothing_added()
        with translated(places=places):
            result = self.engine.add(
                said,
                **scope,
                metadata=metadata,
                infer=infer,
                facts=arguments.supplied(said, infer=infer, memory_type=memory_type),
                instructions=prompt,
            )
        if result.status == "failed":
            log.warning("The messages are kept, but no fact was read from them: %s", result.reason)
        authors = {} if infer else {m["content"]: {"actor_id": m.get("name"), "role": m["role"]} for m in said}
        return shapes.added(result, authors)

    def get(self, memory_id: str) -> Item | None:
        """One memory, or None."""
        try:
            with translated():
                return shapes.memory(self.engine.get(arguments.identifier(memory_id)))
        except ValueError as exc:
            if isinstance(exc.__cause__, NotFound):
                return None
            raise

    def get_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        filters: dict[str, Any] | None = None,
        limit: int = V1_LIMIT,
        top_k: int | None = None,
    ) -> Item:
        """`{"results": [...], "relations": [...]}` of what is valid now, newest first."""
        with translated():
            asked = arguments.asked((user_id, agent_id, run_id), filters, limit, top_k)
            items: list[Fact] = []
            cursor = None
            while len(items) < asked.limit:
                size = min(asked.limit - len(items), PAGE)
                page = self.engine.list(**asked.scope, filters=asked.filters, limit=size, cursor=cursor)
                items += page.items
                if (cursor := page.cursor) is None:
                    break
            relations = self.engine.relations(**asked.scope, limit=min(asked.limit, PAGE)) if asked.limit else ()
        return shapes.listed(items, relations)

    def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int = V1_LIMIT,
        filters: dict[str, Any] | None = None,
        threshold: float | None = None,
        rerank: bool = True,
        top_k: int | None = None,
    ) -> Item:
        """`{"results": [...], "relations": [...]}`, best first. `rerank` has no effect: there is no reranker."""
        with translated():
            asked = arguments.asked((user_id, agent_id, run_id), filters, limit, top_k)
            if not asked.limit:
                return shapes.found((), ())
            result = self.engine.search(
                query,
                **asked.scope,
                k=min(asked.limit, PAGE),
                filters=asked.filters,
                min_score=threshold,
                include=("facts",),
            )
            pairs = [(hit, self.engine.get(hit.id)) for hit in result.hits]
        return shapes.found(pairs, result.relations)

    def update(
        self,
        memory_id: str,
        data: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        text: str | None = None,
    ) -> Item:
        """Replace the text, merge the metadata. Raises ValueError for an unknown id."""
        if data is None and text is None and metadata is None:
            raise TypeError("update() missing 1 required positional argument: 'data'")
        with translated():
            words = arguments.one_text(data, text)
        with translated(names={**NAMES, "text": "text" if data is None else "data"}):
            self.engine.update(arguments.identifier(memory_id), words, metadata)
        return {"message": "Memory updated successfully!"}

    def delete(self, memory_id: str) -> Item:
        """Remove a memory and the relations that only it supports. Raises ValueError for an unknown id."""
        with translated():
            self.engine.delete(arguments.identifier(memory_id))
        return {"message": "Memory deleted successfully!"}

    def delete_all(self, user_id: str | None = None, agent_id: str | None = None, run_id: str | None = None) -> Item:
        """Remove everything that carries all ids given. Raises ValueError without one."""
        if user_id is None and agent_id is None and run_id is None:
            raise ValueError(
                "At least one filter is required to delete all memories. "
                "If you want to delete all memories, use the `reset()` method."
            )
        with translated():
            self.engine.delete_all(**arguments.scope(user_id, agent_id, run_id))
        return {"message": "Memories deleted successfully!"}

    def history(self, memory_id: str) -> list[Item]:
        """The changes of a memory, oldest first; empty for an unknown id."""
        with translated():
            return shapes.history(self.engine.history(arguments.identifier(memory_id)))

    def reset(self) -> None:
        """Remove everything in the home."""
        self.engine.reset()

    def chat(self, query: str) -> NoReturn:
        """Not there in Mem0 either."""
        raise NotImplementedError("Chat function not implemented yet.")
