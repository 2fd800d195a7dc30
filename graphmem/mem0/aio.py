"""Mem0's `AsyncMemory`: the methods of `Memory` on threads, made from them so that the two cannot drift apart."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Generator, Mapping
from types import TracebackType
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar

import graphmem.memory
from graphmem.mem0 import arguments
from graphmem.mem0.arguments import V1_LIMIT
from graphmem.mem0.config import MemoryConfig
from graphmem.mem0.exceptions import translated
from graphmem.mem0.memory import Memory
from graphmem.mem0.shapes import Item

P = ParamSpec("P")
R = TypeVar("R")


def _threaded(
    method: Callable[Concatenate[Memory, P], R],
) -> Callable[Concatenate[AsyncMemory, P], Coroutine[Any, Any, R]]:
    async def call(self: AsyncMemory, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(method, self._memory, *args, **kwargs)

    functools.update_wrapper(call, method)
    return call


class _Closed:
    """Closing is done when the call returns; some callers await it all the same."""

    def __await__(self) -> Generator[None]:
        return
        yield


class AsyncMemory:
    """A drop-in for `mem0.AsyncMemory`: see `Memory` for what each call does."""

    def __init__(self, config: MemoryConfig | None = None) -> None:
        self._memory = Memory(config)

    @classmethod
    def from_config(cls, config_dict: Mapping[str, Any]) -> Self:
        """Open with a configuration as a dict; not awaited, as in Mem0."""
        self = cls.__new__(cls)
        self._memory = Memory.from_config(config_dict)
        return self

    @classmethod
    def over(cls, engine: graphmem.memory.Memory) -> Self:
        """Mem0's face of a memory that is open already."""
        self = cls.__new__(cls)
        self._memory = Memory.over(engine)
        return self

    @property
    def config(self) -> MemoryConfig:
        """The configuration it was opened with."""
        return self._memory.config

    @property
    def engine(self) -> graphmem.memory.Memory:
        """The memory behind it, synchronous."""
        return self._memory.engine

    def close(self) -> _Closed:
        """Release the stores; may be awaited."""
        self._memory.close()
        return _Closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._memory.close)

    async def add(
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
        llm: object = None,
    ) -> Item:
        """See `Memory.add`. `llm` wrote the summary of a procedure in Mem0; here procedures are kept word for word."""
        return await asyncio.to_thread(
            self._memory.add,
            messages,
            user_id=user_id,
            agent_id=agent_id,
            run_id=run_id,
            metadata=metadata,
            infer=infer,
            memory_type=memory_type,
            prompt=prompt,
        )

    async def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int = V1_LIMIT,
        filters: dict[str, Any] | None = None,
        threshold: float | None = None,
        metadata_filters: dict[str, Any] | None = None,
        rerank: bool = True,
        top_k: int | None = None,
    ) -> Item:
        """See `Memory.search`; `metadata_filters` are more filters, which must hold, too."""
        with translated():
            joined = arguments.joined(filters, metadata_filters)
        return await asyncio.to_thread(
            self._memory.search,
            query,
            user_id=user_id,
            agent_id=agent_id,
            run_id=run_id,
            limit=limit,
            filters=joined,
            threshold=threshold,
            rerank=rerank,
            top_k=top_k,
        )

    get = _threaded(Memory.get)
    get_all = _threaded(Memory.get_all)
    update = _threaded(Memory.update)
    delete = _threaded(Memory.delete)
    delete_all = _threaded(Memory.delete_all)
    history = _threaded(Memory.history)
    reset = _threaded(Memory.reset)

    async def chat(self, query: str) -> NoReturn:
        """Not there in Mem0 either."""
        raise NotImplementedError("Chat function not implemented yet.")
