"""Mem0's vector collection: Chroma on disk, or what `get_all` returns as JSON for any other store."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from graphmem.errors import InputError, StoreUnavailable
from graphmem.importing import json_files

PAGE = 2000
Payloads = dict[str, Mapping[str, Any]]
Vectors = dict[str, npt.NDArray[np.float32]]


def read(path: Path, collection: str) -> tuple[Payloads, Vectors]:
    """Payload and vector by memory id. Raises InputError, StoreUnavailable."""
    if path.is_file():
        return _exported(path), {}
    if not (path / "chroma.sqlite3").is_file():
        raise InputError(
            "vectors", f"{path} holds no Chroma collection.", advice="Name the folder that has chroma.sqlite3 in it."
        )
    with tempfile.TemporaryDirectory(prefix="graphmem-adopt-") as folder:
        copy = Path(folder) / "chroma"
        # Chroma brings the files of an older version up to date when it opens them: a copy, so that the old ones stay.
        shutil.copytree(path, copy)
        with _opened(copy, path) as client:
            return _collected(client, collection, path)


@contextmanager
def _opened(copy: Path, path: Path) -> Iterator[Any]:
    """A client of the copy. Chroma's errors have no common root below Exception: they become StoreUnavailable."""
    import chromadb
    from chromadb.config import Settings

    try:
        client = chromadb.PersistentClient(str(copy), settings=Settings(anonymized_telemetry=False))
        try:
            yield client
        finally:
            client.close()
    except InputError:
        raise
    except Exception as exc:
        raise StoreUnavailable(
            f"Chroma cannot read {path}: {exc}.", advice="Stop Mem0, or export get_all as JSON and name that file."
        ) from exc


def _collected(client: Any, name: str, path: Path) -> tuple[Payloads, Vectors]:
    names = sorted(collection.name for collection in client.list_collections())
    if name not in names:
        there = ", ".join(names) or "none"
        raise InputError("collection", f"{path} has no collection {name!r}.", advice=f"There: {there}.")
    collection = client.get_collection(name, embedding_function=None)
    payloads: Payloads = {}
    vectors: Vectors = {}
    while True:
        page = collection.get(limit=PAGE, offset=len(payloads), include=["metadatas", "embeddings"])
        for item, payload, vector in zip(page["ids"], page["metadatas"], page["embeddings"], strict=True):
            payloads[item] = payload or {}
            vectors[item] = np.asarray(vector, dtype=np.float32)
        if len(page["ids"]) < PAGE:
            return payloads, vectors


def _exported(path: Path) -> Payloads:
    document = json_files.load(path)
    listed = document.get("results") if isinstance(document, Mapping) else document
    if not isinstance(listed, list):
        raise InputError(path.name, "holds no list of memories.", advice="Write json.dumps(memory.get_all(...)).")
    payloads: Payloads = {}
    for number, record in enumerate(listed, 1):
        item = json_files.as_object(record, f"record {number}")
        key = json_files.entry(item, "id", str, f"record {number}")
        own = json_files.optional(item, "metadata", dict, f"record {number}") or {}
        rest = {name: value for name, value in item.items() if name not in {"id", "memory", "metadata", "score"}}
        payloads[key] = {**own, **rest, "data": item.get("memory")}
    return payloads
