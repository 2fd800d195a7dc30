"""Export and import: everything is carried over, nothing is half read, and the state hash says so."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from graphmem import ConflictError, Fact, InputError, Memory, NewerHome
from graphmem.models.scripted import HashEmbedder
from tests.conftest import Clock
from tests.upkeep.worlds import answers, opened, say


def exported(one: Path, clock: Clock, **how: object) -> tuple[Path, str]:
    """A file written from a filled home, and the state of that home."""
    tmp_path = one.parent
    with opened(one, clock) as memory:
        report = memory.export(tmp_path / "out.jsonl", **how)  # type: ignore[arg-type]
        return Path(report.path), memory.status(state=True).state


def test_an_empty_home_becomes_the_same(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Same hash, same answers, whole inside; nothing is embedded or asked."""
    path, state = exported(one, clock)
    with opened(one, clock) as first, opened(tmp_path / "two", clock) as two:
        report = two.import_from(path)

        assert (state, state, 0, False) == (report.state, two.verify().state, report.embedded, report.present)
        assert answers(first) == answers(two)
        assert () == two.verify().differences


def test_undo_works_after_an_import(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Before-images and places are carried over, too."""
    path, _ = exported(one, clock)
    states = []
    for home in ("one", "two"):
        with opened(tmp_path / home, clock) as memory:
            if home == "two":
                memory.import_from(path)
            last = memory.list(user_id="bob", include_past=True).items[0]
            memory.undo(str(memory.history(last.id)[-1].resolution_id))
            states.append(memory.status(state=True).state)
            assert () == memory.verify().differences

    assert states[0] == states[1]


def test_the_same_file_again_changes_nothing(one: Path, tmp_path: Path, clock: Clock) -> None:
    """It is recognised by its state; a home that holds a part of it refuses the whole."""
    path, state = exported(one, clock)
    with opened(tmp_path / "two", clock) as memory:
        memory.import_from(path)
        again = memory.import_from(path)
        memory.add("Maria sings", user_id="maria", infer=False)
        with pytest.raises(ConflictError, match="already"):
            memory.import_from(path)

        assert (True, state) == (again.present, again.state)
        assert () == memory.verify().differences


def test_one_owner_moves_into_a_home_that_others_use(one: Path, tmp_path: Path, clock: Clock) -> None:
    """The file holds that owner alone; in the new home the owner's state is the same and the others' is untouched."""
    path, _ = exported(one, clock, user_id="maria")
    with opened(one, clock) as first, opened(tmp_path / "two", clock) as two:
        say(two, clock, "Cem plays chess", ("Cem", "plays", "chess"), user="cem")
        before = two._engine.ledger.keeping.state("user:cem")
        report = two.import_from(path)
        keeping = two._engine.ledger.keeping

        assert "Bob" not in path.read_text(encoding="utf-8")
        assert report.state == keeping.state("user:maria").hash == first._engine.ledger.keeping.state("user:maria").hash
        assert before == keeping.state("user:cem")
        # Scores are left out: how rare a word is depends on the neighbours.
        assert [answers(first)[part] for part in (0, 1, 3, 4)] == [answers(two)[part] for part in (0, 1, 3, 4)]
        assert () == two.verify().differences
        two.undo(last_resolution(two))
        assert () == two.verify().differences


def test_a_merge_is_split_after_an_import_into_a_used_home(tmp_path: Path, clock: Clock) -> None:
    """Places in before-images follow, and the owner's state does not depend on them."""
    with opened(tmp_path / "one", clock) as first:
        first.add(
            "hello", user_id="maria", facts=[Fact(text="Maria visited NYC", relations=(("Maria", "visited", "NYC"),))]
        )
        first.add(
            "again", user_id="maria", facts=[Fact(text="Maria likes Gotham", relations=(("Maria", "likes", "Gotham"),))]
        )
        first.merge("NYC", "Gotham", user_id="maria")
        path = Path(first.export(tmp_path / "maria.jsonl", user_id="maria").path)
    states = []
    for number in range(3):
        with opened(tmp_path / f"to{number}", clock) as memory:
            for n in range(number):
                memory.add(f"I play game {n}", user_id="cem", infer=False)
            merged = memory.import_from(path).state
            memory.split("NYC", "Gotham", user_id="maria")
            states.append((merged, {r.target.name for r in memory.relations(user_id="maria")}))
            assert () == memory.verify().differences

    assert [states[0]] * 3 == states
    assert {"NYC", "Gotham"} == states[0][1]


def last_resolution(memory: Memory) -> str:
    """The newest resolution of Maria that can be undone: that of her job."""
    job = next(fact for fact in memory.list(user_id="maria") if "Acme" in fact.text)
    return str(memory.history(job.id)[-1].resolution_id)


@pytest.mark.parametrize("vectors", [True, False])
def test_another_embedding_model_embeds_anew(one: Path, tmp_path: Path, clock: Clock, vectors: bool) -> None:
    """A file without vectors, or with those of another model, gives a home that finds by its own model."""
    path, state = exported(one, clock, vectors=vectors)
    with opened(tmp_path / "two", clock, embedding_dimensions=24) as memory:
        report = memory.import_from(path)
        kept = memory._engine.ledger.vectors([(memory.list(user_id="bob").items[0].id, "fact")])
        deleted = next(e for e in memory.history(gone(memory)) if e.event == "DELETE")
        memory.undo(str(deleted.resolution_id))

        assert state == report.state
        assert {(24,)} == {vector.shape for vector in kept.values()}
        assert 10 < report.embedded
        assert (24,) == memory._engine.ledger.vectors([(gone(memory), "fact")])[gone(memory), "fact"].shape


def gone(memory: Memory) -> str:
    """The memory that `fill` deletes."""
    with memory._engine.ledger._database.read() as connection:  # type: ignore[attr-defined]
        rows = connection.exec_driver_sql("SELECT memory_id FROM history WHERE text = 'Maria loves tea'")
        return str(rows.scalar())


def test_a_file_that_is_damaged_is_refused_whole(one: Path, tmp_path: Path, clock: Clock) -> None:
    """Cut at every tenth of its lines, changed in one letter, or no export at all: the home stays empty."""
    path, _ = exported(one, clock)
    lines = path.read_bytes().splitlines(keepends=True)
    bad = [b"".join(lines[:n]) for n in range(0, len(lines), 10)]
    bad += [path.read_bytes().replace(b"Lisbon", b"Lisbom"), b"{}", b"\xff\xfe", path.read_bytes()[:-3]]
    with opened(tmp_path / "two", clock) as memory:
        for number, content in enumerate(bad):
            wrong = tmp_path / f"bad{number}.jsonl"
            wrong.write_bytes(content)
            with pytest.raises(InputError):
                memory.import_from(wrong)
        with pytest.raises(InputError):
            memory.import_from(tmp_path / "absent.jsonl")

        assert {"meta"} == {name for name, count in memory.status().counts.items() if count}


def test_a_newer_file_says_so(one: Path, tmp_path: Path, clock: Clock) -> None:
    """The format is versioned."""
    path, _ = exported(one, clock)
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(json.dumps({**json.loads(first), "schema": 999}).encode() + b"\n" + rest)
    with opened(tmp_path / "two", clock) as memory, pytest.raises(NewerHome, match="upgrade"):
        memory.import_from(path)


def test_files_are_compressed_private_and_never_overwritten_unasked(one: Path, tmp_path: Path, clock: Clock) -> None:
    """`.gz` is gzip; only the owner may read it; an existing file needs force; equal homes give equal files."""
    with opened(one, clock) as memory:
        memory.export(tmp_path / "a.jsonl.gz")
        with pytest.raises(ConflictError, match="exists"):
            memory.export(tmp_path / "a.jsonl.gz")
        memory.export(tmp_path / "b.jsonl")
        before = (tmp_path / "a.jsonl.gz").read_bytes()
        memory.export(tmp_path / "a.jsonl.gz", force=True)

    assert before == (tmp_path / "a.jsonl.gz").read_bytes()
    assert gzip.decompress(before) == (tmp_path / "b.jsonl").read_bytes()
    assert 0o600 == (tmp_path / "b.jsonl").stat().st_mode & 0o777
    assert [] == [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")]


def test_the_state_tells_contents_and_nothing_else(tmp_path: Path, clock: Clock) -> None:
    """Any change of what is remembered changes it; vectors, the outbox and a rebuilt store do not."""
    with opened(tmp_path / "new", clock, vectors="chroma") as memory:
        states = [memory.status(state=True).state]
        added = say(memory, clock, "Maria lives in Lisbon", ("Maria", "lives_in", "Lisbon"))
        states.append(memory.status(state=True).state)
        memory.rebuild()
        memory._engine.ledger.store_vectors([])
        same = memory.verify().state
        memory.update(added.changes[0].memory_id, metadata={"x": 0})
        states.append(memory.status(state=True).state)
        memory.reset()
        empty = memory.status(state=True).state

    assert (3, states[1], states[0]) == (len(set(states)), same, empty)


def test_every_table_is_in_the_state_or_left_out_by_name() -> None:
    """A new table must be placed: what is remembered, what is derived, what only runs the home."""
    from graphmem.ledger.copies import state
    from graphmem.ledger.database import schema

    placed = {table.name for table in state.tables()} | state.OPERATIONAL | state.DERIVED

    assert set(schema.metadata.tables) == placed
    assert {"memories", "messages", "episodes", "history", "resolutions"} <= {t.name for t in state.tables()}
    owned = {t.name for t in state.tables() if str(state.of_owner(t, "user:x")) != "false"}
    assert {"erasures"} == {t.name for t in state.tables()} - owned


def test_the_hash_embedder_is_only_a_stand_in() -> None:
    """Two sizes of it are two models: the tests above rest on that."""
    assert HashEmbedder(dimensions=16).fingerprint != HashEmbedder(dimensions=24).fingerprint
