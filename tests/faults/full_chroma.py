"""Chroma on a full disk, in a process of its own: prints how many writes failed, and what is held afterwards.

    python -m tests.faults.full_chroma FOLDER SPARE

No file may grow more than `SPARE` bytes beyond what Chroma's database has by then; later it may.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from graphmem.errors import StoreError
from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import VectorItem
from graphmem.values import Scope
from tests.faults.disks import limited


def items(count: int, first: int = 0) -> list[VectorItem]:
    """Random vectors, the same for the same number."""
    vectors = np.random.default_rng(first).normal(size=(count, 384)).astype(np.float32)
    return [
        VectorItem(f"m{first + row}", "memory", Scope(user_id="ann"), vector / np.linalg.norm(vector))
        for row, vector in enumerate(vectors)
    ]


def fails(store: ChromaVectors, first: int) -> bool:
    """Whether a write does."""
    try:
        store.upsert(items(20, first))
    except StoreError:
        return True
    return False


def main(folder: Path, spare: int) -> None:
    store = ChromaVectors.open(folder)
    store.upsert(items(60))
    with limited((folder / "chroma.sqlite3").stat().st_size + spare):
        failed = sum(fails(store, first) for first in (100, 200, 300))
    store.upsert(items(20, 400))
    print(json.dumps([failed, len(store.ids())]))
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
