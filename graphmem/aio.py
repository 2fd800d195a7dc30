"""`AsyncMemory`: the methods of `Memory` as coroutines, on a pool of threads.

Each method is made from its synchronous twin, so the two cannot drift apart. The engine waits for models and disks,
not for the event loop; a hop to a thread costs microseconds.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, cast

from graphmem.engine import Clock
from graphmem.flows.reembed import Progress
from graphmem.memory import Memory
from graphmem.models.contracts import LLM, Embedder, Extractor
from graphmem.settings import Settings
from graphmem.values import BackupReport, DoctorReport, ReembedReport

P = ParamSpec("P")
R = TypeVar("R")
WORKERS = 16


def _threaded(
    method: Callable[Concatenate[Memory, P], R],
) -> Callable[Concatenate[AsyncMemory, P], Coroutine[Any, Any, R]]:
    @functools.wraps(method)
    async def call(self: AsyncMemory, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._run(functools.partial(method, self._memory, *args, **kwargs))

    return cast("Callable[Concatenate[AsyncMemory, P], Coroutine[Any, Any, R]]", call)


class AsyncMemory:
    """The asynchronous twin of `Memory`: same names, same arguments, same results, awaited.

    Open one with `await AsyncMemory.open()` and close it with `await memory.close()`, or use `async with`.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="graphmem")

    def __repr__(self) -> str:
        return f"Async{self._memory!r}"

    async def _run(self, call: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    @classmethod
    async def open(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        llm: LLM | None = None,
        embedder: Embedder | str | None = None,
        extractor: Extractor | str | None = None,
        clock: Clock | None = None,
        **options: Any,
    ) -> Self:
        """See `Memory.open`."""
        opened = functools.partial(
            Memory.open,
            settings,
            home=home,
            llm=llm,
            embedder=embedder,
            extractor=extractor,
            clock=clock,
            **options,
        )
        return cls(await asyncio.to_thread(opened))

    @classmethod
    async def restore(
        cls,
        folder: str | Path,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        force: bool = False,
        dry_run: bool = False,
        **options: Any,
    ) -> BackupReport:
        """See `Memory.restore`."""
        return await asyncio.to_thread(
            functools.partial(Memory.restore, folder, settings, home=home, force=force, dry_run=dry_run, **options)
        )

    @classmethod
    async def doctor(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        deep: bool = False,
        **options: Any,
    ) -> DoctorReport:
        """See `Memory.doctor`."""
        return await asyncio.to_thread(functools.partial(Memory.doctor, settings, home=home, deep=deep, **options))

    @classmethod
    async def reembed(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        embedder: Embedder | str | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> ReembedReport:
        """See `Memory.reembed`."""
        return await asyncio.to_thread(
            functools.partial(Memory.reembed, settings, home=home, embedder=embedder, progress=progress, **options)
        )

    async def close(self) -> None:
        """See `Memory.close`."""
        await asyncio.to_thread(self._memory.close)
        self._pool.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    add = _threaded(Memory.add)
    search = _threaded(Memory.search)
    context = _threaded(Memory.context)
    get = _threaded(Memory.get)
    list = _threaded(Memory.list)
    update = _threaded(Memory.update)
    delete = _threaded(Memory.delete)
    delete_all = _threaded(Memory.delete_all)
    history = _threaded(Memory.history)
    undo = _threaded(Memory.undo)
    reset = _threaded(Memory.reset)
    retry = _threaded(Memory.retry)
    episodes = _threaded(Memory.episodes)
    status = _threaded(Memory.status)
    verify = _threaded(Memory.verify)
    rebuild = _threaded(Memory.rebuild)
    adopt = _threaded(Memory.adopt)
    entities = _threaded(Memory.entities)
    entity = _threaded(Memory.entity)
    relations = _threaded(Memory.relations)
    neighbors = _threaded(Memory.neighbors)
    paths = _threaded(Memory.paths)
    common = _threaded(Memory.common)
    timeline = _threaded(Memory.timeline)
    match = _threaded(Memory.match)
    cypher = _threaded(Memory.cypher)
    graph = _threaded(Memory.graph)
    plan = _threaded(Memory.plan)
    apply = _threaded(Memory.apply)
    reviews = _threaded(Memory.reviews)
    accept = _threaded(Memory.accept)
    reject = _threaded(Memory.reject)
    merge = _threaded(Memory.merge)
    split = _threaded(Memory.split)
    expire = _threaded(Memory.expire)
    erase = _threaded(Memory.erase)
    export = _threaded(Memory.export)
    import_from = _threaded(Memory.import_from)
    backup = _threaded(Memory.backup)
    diff = _threaded(Memory.diff)
    audit = _threaded(Memory.audit)
    repair = _threaded(Memory.repair)
    work = _threaded(Memory.work)
