"""Backup and restore: hot, verified, never over something unasked."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from graphmem import ConflictError, GraphMemError, InputError, Memory, NewerHome, StoreUnavailable, faults
from tests.conftest import Clock
from tests.upkeep.worlds import PLAIN, answers, fill, opened


def test_a_restored_home_is_the_one_backed_up(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Same state, same answers; what came after the backup is not there."""
    with opened(one, clock) as memory:
        before = answers(memory)
        report = memory.backup(tmp_path / "copy")
        memory.add("Later words", user_id="maria", infer=False)
        state = memory.status(state=True).state
    restored = Memory.restore(tmp_path / "copy", home=tmp_path / "two", **PLAIN)
    with opened(tmp_path / "two", clock) as memory:
        assert before == answers(memory)
        assert report.state == restored.state == memory.verify().state != state
        assert () == memory.verify().differences
        assert report.rows["memories"] == memory.status().counts["memories"]


def test_chroma_is_written_anew(one: Path, tmp_path: Path, clock: Clock) -> None:
    """The backup holds no store; after restoring, every vector is there and equal."""
    with opened(one, clock, vectors="chroma") as memory:
        memory.rebuild()
        memory.backup(tmp_path / "copy")
    Memory.restore(tmp_path / "copy", home=one, force=True, **{**PLAIN, "vectors": "chroma"})
    with opened(one, clock, vectors="chroma") as memory:
        report = memory.verify()

        assert {"ledger.db", "manifest.json"} == {path.name for path in (tmp_path / "copy").iterdir()}
        assert ((), True) == (report.differences, report.checked["chroma"] > 10)


def test_a_home_is_overwritten_only_by_force_and_only_when_closed(one: Path, tmp_path: Path, clock: Clock) -> None:
    """An existing ledger, and one that is open with its stores, are left alone; so is a used backup folder."""
    with opened(one, clock, vectors="chroma") as memory:
        memory.rebuild()
        memory.backup(tmp_path / "copy")
        with pytest.raises(ConflictError, match="not empty"):
            memory.backup(tmp_path / "copy")
        with pytest.raises(ConflictError, match="holds a ledger"):
            Memory.restore(tmp_path / "copy", home=one, **PLAIN)
        with pytest.raises(StoreUnavailable, match="is open"):
            Memory.restore(tmp_path / "copy", home=one, force=True, **PLAIN)
        memory.add("Later words", user_id="maria", infer=False)
    Memory.restore(tmp_path / "copy", home=one, force=True, **PLAIN)

    with opened(one, clock) as memory:
        assert [] == [e for e in memory.episodes() if not e.infer]


def test_writing_goes_on_during_a_backup(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Every copy is one consistent state: whole inside, with all that was accepted before it began."""
    with opened(one, clock) as memory:
        stop = threading.Event()
        written: list[str] = []

        def write() -> None:
            while not stop.is_set():
                written.append(memory.add(f"line {len(written)}", user_id="cem", infer=False).episode_id)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            seen = []
            for n in range(3):
                while len(written) < 4 * (n + 1):
                    stop.wait(0.001)
                known = len(written)
                memory.backup(tmp_path / f"copy{n}")
                seen.append(known)
        finally:
            stop.set()
            writer.join()
    for n, known in enumerate(seen):
        Memory.restore(tmp_path / f"copy{n}", home=tmp_path / f"home{n}", **PLAIN)
        with opened(tmp_path / f"home{n}", clock) as memory:
            held = {e.id for e in memory.episodes(user_id="cem", limit=100_000)}

            assert set(written[:known]) <= held
            assert () == memory.verify().differences


def test_damage_is_found(one: Path, tmp_path: Path, clock: Clock) -> None:
    """A byte changed, a file missing, a manifest that lies or comes from later: nothing is restored."""
    with opened(one, clock) as memory:
        memory.backup(tmp_path / "copy")
    ledger, manifest = tmp_path / "copy" / "ledger.db", tmp_path / "copy" / "manifest.json"
    whole, said = ledger.read_bytes(), json.loads(manifest.read_text(encoding="utf-8"))
    middle = len(whole) // 2
    cases: list[tuple[bytes | None, dict[str, object], type[GraphMemError]]] = [
        (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], {}, GraphMemError),
        (whole[:-1], {}, GraphMemError),
        (None, {}, GraphMemError),
        (whole, {"state": "0" * 64}, GraphMemError),
        (whole, {"kind": "other"}, InputError),
        (whole, {"file": "../x"}, InputError),
        (whole, {"schema": 999}, NewerHome),
    ]
    for content, changes, error in cases:
        ledger.unlink(missing_ok=True)
        if content is not None:
            ledger.write_bytes(content)
        manifest.write_text(json.dumps({**said, **changes}), encoding="utf-8")
        for how in ({"dry_run": True}, {}):
            with pytest.raises(error):
                Memory.restore(tmp_path / "copy", home=tmp_path / "two", **how, **PLAIN)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no backup"):
        Memory.restore(tmp_path, home=tmp_path / "two", **PLAIN)

    assert not (tmp_path / "two").exists()


def test_a_check_changes_nothing(one: Path, tmp_path: Path, clock: Clock) -> None:
    """`dry_run` reads every byte and says what is there."""
    with opened(one, clock) as memory:
        report = memory.backup(tmp_path / "copy")
    before = {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}

    assert report == Memory.restore(tmp_path / "copy", dry_run=True)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "copy").iterdir()}


def test_a_restored_home_has_a_place_of_its_own_in_a_graph_database(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Two homes never write to one copy of the graph; a home that is restored in place keeps its own; both fill it."""
    from graphmem.graph_projection import HOME, MARK, STALE
    from graphmem.ledger.copies.copying import meta_of

    with opened(one, clock) as memory:
        memory._engine.ledger.set_meta(HOME, "first")
        memory._engine.ledger.set_meta(MARK, "7")
        memory.backup(tmp_path / "copy")
        memory._engine.ledger.set_meta(MARK, "9")
    Memory.restore(tmp_path / "copy", home=one, force=True, **PLAIN)
    Memory.restore(tmp_path / "copy", home=tmp_path / "two", **PLAIN)
    with_ledger = [one / "ledger.db", tmp_path / "two" / "ledger.db"]

    assert ["first", True] == [meta_of(with_ledger[0], HOME), meta_of(with_ledger[1], HOME) not in ("first", None)]
    assert [STALE, STALE] == [meta_of(path, MARK) for path in with_ledger]


@pytest.mark.parametrize("place", ["restore.copied", "restore.dropped", "rebuild.erased"])
def test_a_restore_that_was_cut_off_needs_no_care(tmp_path: Path, clock: Clock, place: str) -> None:
    """Once the ledger is the restored one, whoever opens the home next writes the vector store anew."""
    home = tmp_path / "home"
    with opened(home, clock, vectors="chroma") as memory:
        fill(memory, clock)
        memory.backup(tmp_path / "backup")
        wanted = memory._engine.ledger.keeping.state().hash
        memory.delete_all(user_id="maria")

    def cut(reached: str) -> None:
        if reached == place:
            raise KeyboardInterrupt

    with faults.listening(cut), pytest.raises(KeyboardInterrupt):
        Memory.restore(tmp_path / "backup", home=home, force=True)

    with opened(home, clock, vectors="chroma") as memory:
        assert () == memory.verify().differences
        assert wanted == memory._engine.ledger.keeping.state().hash
    assert [] == list(home.rglob("restoring*"))
