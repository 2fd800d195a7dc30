"""What is left of Chroma when a process is killed, or a disk fails, in the middle of a write."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from graphmem.stores.chroma_files import Seal
from tests.faults import tearing
from tests.faults.report import short_form


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was closed; Chroma wrote its index twice."""
    return tearing.begun(tmp_path_factory.mktemp("torn") / "home", adds=11)


@pytest.fixture
def home(known: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return copytree(known, tmp_path / "home")


def found(home: Path) -> int:
    """How many messages there are, once the home takes one more and its stores agree without a rebuild."""
    with tearing.opened(home) as memory:
        assert memory.add("The sea is calm", user_id="u").projected
        assert "The sea is calm" == memory.search("the calm sea", user_id="u", k=1).hits[0].text
        report = memory.verify()
        assert ((), 0) == (report.differences, report.pending)
        return memory.status().counts["messages"]


def test_a_kill_while_chroma_writes_its_index_loses_nothing(tmp_path: Path) -> None:
    """The short form of `make faults`; half of such kills leave an index that fails every call."""
    summary = short_form("tests.faults.tearing", tmp_path, "--kills", "4")

    assert (4, 0) == (summary["while the index changed"], summary["wrong"])
    assert summary["torn"] > 0


def _cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def _open_seal(home: Path) -> None:
    seal = home / "chroma" / "index.seal"
    seal.write_text(seal.read_text().replace("true", "false"))


@pytest.mark.parametrize("name", ["header.bin", "link_lists.bin", "data_level0.bin", "index_metadata.pickle"])
@pytest.mark.parametrize("harm", [_cut, Path.unlink])
def test_an_index_that_lost_something_is_written_anew(home: Path, name: str, harm: Callable[[Path], None]) -> None:
    """Some of these files, cut off, would end the process that loads them."""
    (file,) = (home / "chroma").glob(f"*/{name}")
    harm(file)

    assert 1101 == found(home)


def test_an_index_that_changed_under_a_process_that_was_killed_is_not_believed(home: Path) -> None:
    """Not even where every file has its size; after a close only that counts, because copies have a new time."""
    (file,) = (home / "chroma").glob("*/link_lists.bin")
    os.utime(file)
    assert not Seal(home / "chroma").broken()
    _open_seal(home)
    assert Seal(home / "chroma").broken()

    assert 1101 == found(home)
    assert not Seal(home / "chroma").broken()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_seal_that_cannot_be_read_is_broken(home: Path, text: str) -> None:
    """The index is written anew, which is always safe."""
    (home / "chroma" / "index.seal").write_text(text)

    assert 1101 == found(home)


def test_a_home_of_before_the_seal_is_believed(home: Path) -> None:
    """Nothing says that it was cut off."""
    (home / "chroma" / "index.seal").unlink()

    assert not Seal(home / "chroma").broken()
    assert 1101 == found(home)


@pytest.mark.parametrize("place", [0, 4096])
def test_a_damaged_database_of_chroma_stops_nothing(home: Path, place: int) -> None:
    """Adds are accepted and searches answer; `verify` says what is missing, and `rebuild` makes it, also at once."""
    with (home / "chroma" / "chroma.sqlite3").open("r+b") as file:
        file.seek(place)
        file.write(b"\xa5" * 3000)
    with tearing.opened(home) as memory:
        assert not memory.add("The wind is warm", user_id="u").projected
        assert "Thing 77 is here" == memory.search("Thing 77", user_id="u", k=1).hits[0].text
        assert "Run: graphmem rebuild vectors" in memory.status().vectors
        (difference,) = memory.verify().differences
        assert ("vectors", "the whole store", "missing") == (difference.store, difference.item, difference.problem)
    with tearing.opened(home) as memory:
        memory.verify()
        assert () == memory.rebuild("vectors").differences

    assert 1102 == found(home)
