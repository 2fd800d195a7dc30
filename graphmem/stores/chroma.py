"""The vector projection in Chroma: one collection, own vectors, metadata limited to a digest and scope labels.

Chroma's embedded client belongs to one process: after a foreign write an open client fails with "Error finding id".
A lock file says who owns the folder; another process works from the ledger's vectors until the owner is gone.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, ClassVar, cast

import numpy as np
import numpy.typing as npt

from graphmem.errors import StoreError, StoreUnavailable
from graphmem.stores.chroma_files import Seal, wipe_unused
from graphmem.stores.contracts import CutOff, Near, VectorItem, View
from graphmem.stores.digests import digest

COLLECTION = "graphmem"
READ_PAGE = 10_000
LOCK = "owner.lock"


class ChromaVectors:
    """`VectorStore` on Chroma's embedded client; see `open`."""

    _open: ClassVar[dict[Path, ChromaVectors]] = {}
    _guard: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self, folder: Path, lock: IO[str], client: Any) -> None:
        self._folder, self._lock, self._client = folder, lock, client
        self._users = 1
        self._first = threading.RLock()
        self._writing = threading.RLock()
        self._seal = Seal(folder)
        self._failed = False
        with _translated(folder):
            self._collection = self._make()
            self._batch = int(client.get_max_batch_size())
            self._wiped = wipe_unused(folder)
            self._seal.press()

    @classmethod
    def open(cls, folder: Path, *, anew: bool = False) -> ChromaVectors:
        """Open the folder, or share it when this process has it open; `anew`: with nothing in it.

        Raises StoreUnavailable when another process owns it, or it may not be written; CutOff when its index was left
        half written; StoreError when Chroma cannot open what is there.
        """
        folder = folder.resolve()
        with cls._guard:
            if (shared := cls._open.get(folder)) is not None:
                if anew:
                    shared.erase()
                elif shared._failed:
                    _whole(folder, shared._seal)
                shared._users += 1
                return shared
            lock = _own(folder)
            try:
                with _translated(folder):
                    if anew:
                        _empty(folder)
                    _whole(folder, Seal(folder))
                    store = cls(folder, lock, _client(folder))
            except StoreError:
                lock.close()
                raise
            cls._open[folder] = store
            return store

    def _make(self) -> Any:
        return self._client.get_or_create_collection(
            COLLECTION, configuration={"hnsw": {"space": "cosine", "ef_search": 200}}, embedding_function=None
        )

    @contextmanager
    def _used(self) -> Iterator[None]:
        """Around every call. Until there is an index one call goes at a time: the one that makes it cleans it."""
        with _translated(self._folder):
            if self._failed:
                self._reopen()
            try:
                if self._wiped:
                    yield
                    return
                with self._first:
                    yield
                    self._wiped = wipe_unused(self._folder)
                    self._seal.press()
            except BaseException:
                self._failed = True
                raise

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Around every write, one at a time: what it leaves is sealed."""
        with self._writing:
            with self._used():
                yield
            with _translated(self._folder):
                self._seal.press()

    def _start(self) -> None:
        """A new client, in place of one that was closed."""
        self._client = _client(self._folder)
        self._collection = self._make()
        self._seal.press()
        self._failed = False

    def _reopen(self) -> None:
        """A write that failed (a full disk) leaves a transaction open, for which the next one waits 1,000 seconds."""
        with self._first:
            if self._failed:
                _let_go(self._client, self._folder)
                _whole(self._folder, self._seal)
                self._start()

    def upsert(self, items: Sequence[VectorItem]) -> None:
        """See `VectorStore.upsert`."""
        with self._written():
            for start in range(0, len(items), self._batch):
                part = items[start : start + self._batch]
                self._collection.upsert(
                    ids=[_key(item.item_id, item.view) for item in part],
                    embeddings=np.stack([item.vector for item in part]),
                    metadatas=[
                        {"digest": digest(item.vector), "view": item.view, **item.scope.labels} for item in part
                    ],
                )

    def remove(self, keys: Sequence[tuple[str, View]]) -> None:
        """See `VectorStore.remove`."""
        with self._written():
            for start in range(0, len(keys), self._batch):
                self._collection.delete(ids=[_key(*key) for key in keys[start : start + self._batch]])

    def nearest(self, vector: npt.NDArray[np.float32], view: View, k: int) -> Sequence[Near]:
        """See `VectorStore.nearest`. Views share one index, so it reads deeper and keeps those of the view."""
        with self._used():
            size = int(self._collection.count())
            if size == 0:
                return ()
            depth = min(size, 4 * k)
            while True:
                found = self._collection.query(query_embeddings=vector[None, :], n_results=depth, include=["distances"])
                keys = (_unkey(raw) for raw in found["ids"][0])
                hits = [
                    Near(item_id, 1.0 - float(distance))
                    for (item_id, kind), distance in zip(keys, found["distances"][0], strict=True)
                    if kind == view
                ]
                if len(hits) >= k or depth >= min(size, 32 * k):
                    return hits[:k]
                depth = min(size, depth * 4)

    def ids(self) -> Mapping[tuple[str, View], str]:
        """Key -> content digest of everything stored."""
        held: dict[tuple[str, View], str] = {}
        with self._used():
            while True:
                page = self._collection.get(limit=READ_PAGE, offset=len(held), include=["metadatas"])
                for raw, metadata in zip(page["ids"], page["metadatas"], strict=True):
                    held[_unkey(raw)] = str((metadata or {}).get("digest", ""))
                if len(page["ids"]) < READ_PAGE:
                    return held

    def erase(self) -> None:
        """See `VectorStore.erase`. Begins with new files.

        Chroma leaves the vectors, ids and metadata of what it deletes, and the files of a collection it drops.
        """
        with _translated(self._folder), self._writing, self._first:
            self._wiped = False
            _let_go(self._client, self._folder)
            _empty(self._folder)
            self._start()

    def close(self) -> None:
        """See `VectorStore.close`. The folder is released when its last user in this process closes it."""
        with self._guard:
            self._users -= 1
            if self._users > 0 or self._open.get(self._folder) is not self:
                return
            del self._open[self._folder]
            try:
                with _translated(self._folder):
                    self._client.close()
                    if not self._failed:
                        wipe_unused(self._folder)
                        self._seal.press(closed=True)
            finally:
                self._lock.close()


def _own(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+")
    except OSError as exc:
        raise StoreUnavailable(f"Cannot open {folder}: {exc.strerror}.", advice="Check its permissions.") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        lock.close()
        raise StoreUnavailable(
            f"Another process owns {folder}.", advice="Search works from the ledger until that process closes."
        ) from exc
    return lock


def _whole(folder: Path, seal: Seal) -> None:
    """Raise CutOff when the index is not as its last write left it."""
    if seal.broken():
        raise CutOff(
            f"What wrote the index in {folder} was cut off; it is written anew from the ledger.",
            advice="Run: graphmem rebuild vectors",
        )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()


def _client(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    try:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    except BaseException:
        _forget(folder)
        raise


def _let_go(client: Any, folder: Path) -> None:
    """Close a client, also one that failed; what it cannot close any more is forgotten."""
    with suppress(StoreError), _translated(folder):
        client.close()
    _forget(folder)


def _forget(folder: Path) -> None:
    """Chroma keeps a client that could not begin, or end, and gives it to whoever opens the folder next."""
    from chromadb.api.shared_system_client import SharedSystemClient

    for kept in ("_identifier_to_system", "_identifier_to_refcount"):
        getattr(SharedSystemClient, kept, {}).pop(str(folder), None)


def _key(item_id: str, view: View) -> str:
    return f"{view}:{item_id}"


def _unkey(raw: str) -> tuple[str, View]:
    view, _, item_id = raw.partition(":")
    return item_id, cast("View", view)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Chroma's errors have no common root: whatever it raises becomes a StoreError here."""
    try:
        yield
    except StoreError:
        raise
    except BaseException as exc:
        # Where its core, in Rust, gives up over a damaged file, what it raises is no Exception.
        if not isinstance(exc, Exception) and type(exc).__name__ != "PanicException":
            raise
        raise StoreError(f"Chroma failed in {folder}: {exc}.", advice="Run: graphmem rebuild vectors") from exc
