"""A full disk: a typed error, nothing acknowledged is lost, and all goes on when there is space again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphmem.errors import StoreError
from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import VectorItem
from graphmem.values import Scope
from tests.architecture.source import ROOT
from tests.faults import forks
from tests.faults.disks import limited

RAM = Path("/dev/shm")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """The short form of `make faults`: some limits of size, some small disks where this user may mount one."""
    figures = tmp_path / "figures.json"
    folder = RAM if RAM.is_dir() else tmp_path
    command = [sys.executable, "-m", "tests.faults.disks", "--trials", "6", "--folder", folder, "--json", figures]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
    summary = json.loads(figures.read_text())["summary"]
    assert 6 == sum(row["trials"] for row in summary)
    assert 0 < sum(row["calls that failed"] for row in summary)
    assert 0 == sum(row["wrong"] for row in summary)


@pytest.mark.parametrize("spare", [0, 4096, 20480, 61440])
def test_chroma_goes_on_when_there_is_space_again(tmp_path: Path, spare: int) -> None:
    """A failed write leaves a transaction of Chroma's open, for which its next write would wait 1,000 seconds."""

    def work(say: forks.Say) -> None:
        store = ChromaVectors.open(tmp_path)
        store.upsert(_items(60))
        with limited((tmp_path / "chroma.sqlite3").stat().st_size + spare):
            failed = sum(_fails(store, first) for first in (100, 200, 300))
        store.upsert(_items(20, 400))
        say([failed, len(store.ids())])
        store.close()

    ended = forks.run(work, seconds=30)

    assert "" == ended.problem
    (failed, held), *_ = ended.said
    assert failed > 0
    assert 80 <= held <= 140


def _items(count: int, first: int = 0) -> list[VectorItem]:
    vectors = np.random.default_rng(first).normal(size=(count, 384)).astype(np.float32)
    return [
        VectorItem(f"m{first + row}", "memory", Scope(user_id="ann"), vector / np.linalg.norm(vector))
        for row, vector in enumerate(vectors)
    ]


def _fails(store: ChromaVectors, first: int) -> bool:
    try:
        store.upsert(_items(20, first))
    except StoreError:
        return True
    return False
