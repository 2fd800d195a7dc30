"""What the files of a home hold: what was written to them, and no memory of the process that nobody wrote."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder
from graphmem.stores import chroma, chroma_files
from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import VectorItem
from graphmem.values import Scope

PERTURB = -6
"""`M_PERTURB` of glibc's mallopt: allocated memory is filled with the complement of a byte, freed memory with it."""
FREED = 0xA5
NEVER_WRITTEN = bytes([FREED ^ 0xFF]) * 16


@pytest.fixture
def marked_memory() -> Iterator[None]:
    """Whatever this process allocates and does not fill can be told from what it writes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or not mallopt(PERTURB, FREED):
        pytest.skip("the C library is not glibc")
    yield
    mallopt(PERTURB, 0)


def item(number: int) -> VectorItem:
    """A vector of its own for each number."""
    vector = np.random.default_rng(number).standard_normal(48, dtype=np.float32)
    return VectorItem(f"item-{number}", "fact", Scope(user_id="ann"), vector / np.linalg.norm(vector))


def holding(folder: Path, piece: bytes = NEVER_WRITTEN) -> list[str]:
    """Names of files that hold a piece."""
    return [path.name for path in sorted(folder.rglob("*")) if path.is_file() and piece in path.read_bytes()]


def test_no_file_holds_memory_that_was_not_written(home: Path, marked_memory: None):
    """Of ledger and index, new, written anew after an erasure, and when closed."""
    with Memory.open(home=home, embedder=HashEmbedder(48), extractor="none") as memory:
        memory.add("Maria lives in Lisbon", user_id="ann")
        memory.add("Bob lives in Porto", user_id="bob")
        assert [] == holding(home)
        memory.erase(user_id="ann")
        assert [] == holding(home)
        assert 1 == len(memory.search("Porto", user_id="bob").hits)
    assert [] == holding(home)


def test_an_index_that_was_left_dirty_is_cleaned_when_opened(
    tmp_path: Path, marked_memory: None, monkeypatch: pytest.MonkeyPatch
):
    """After a crash before it was cleaned, or by an older version; what it holds is found as before."""
    folder = tmp_path / "chroma"
    with monkeypatch.context() as patched:
        patched.setattr(chroma, "wipe_unused", lambda folder: True)
        store = ChromaVectors.open(folder)
        store.upsert([item(number) for number in range(3)])
        store.close()
    assert "data_level0.bin" in holding(folder)

    again = ChromaVectors.open(folder)

    assert [] == holding(folder)
    assert "item-2" == again.nearest(item(2).vector, "fact", 1)[0].item_id
    again.close()


def test_vectors_behind_the_room_that_was_wiped_are_kept(tmp_path: Path):
    """An index that grows beyond its first files, is written out, opened, and grows on."""
    folder = tmp_path / "chroma"
    for start, stop in ((0, 40), (40, 1100), (1100, 1150)):
        store = ChromaVectors.open(folder)
        store.upsert([item(number) for number in range(start, stop)])
        assert stop == len(store.ids())
        store.close()
        chroma_files.wipe_unused(folder)
    store = ChromaVectors.open(folder)

    found = [store.nearest(item(number).vector, "fact", 1)[0] for number in (0, 39, 40, 1099, 1149)]

    assert ["item-0", "item-39", "item-40", "item-1099", "item-1149"] == [near.item_id for near in found]
    np.testing.assert_allclose([1.0] * 5, [near.score for near in found], atol=1e-5)
    store.close()


def test_files_in_another_format_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Nothing is wiped where it is not known what is used, and the log says so."""
    index = tmp_path / "an-index"
    index.mkdir()
    (index / "header.bin").write_bytes(b"\x02" + bytes(99))
    (index / "data_level0.bin").write_bytes(b"vectors")

    assert chroma_files.wipe_unused(tmp_path)

    assert b"vectors" == (index / "data_level0.bin").read_bytes()
    assert "another format" in caplog.text
