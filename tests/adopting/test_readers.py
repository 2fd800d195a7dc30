"""What is read from the old stores, shape by shape; no server is needed here."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from graphmem import InputError, Scope, StoreUnavailable
from graphmem.adopting import Mem0Source, mem0
from graphmem.adopting.mem0_graph import unlabelled
from graphmem.adopting.records import OldEdge, OldNode
from graphmem.adopting.times import moment
from tests.adopting.mem0_1 import Mem0Database


def exported(path: Path, *items: dict[str, Any]) -> Mem0Source:
    path.write_text(json.dumps({"results": list(items)}), encoding="utf-8")
    return Mem0Source(vectors=path)


def item(**changes: Any) -> dict[str, Any]:
    base = {"id": "m1", "memory": "Likes tea", "user_id": "ida", "created_at": "2024-01-01T00:00:00+00:00"}
    return base | changes


class TestExports:
    """JSON of `get_all`, for the vector stores that cannot be read here."""

    def test_a_memory_has_what_get_all_tells(self, tmp_path: Path):
        """Metadata is the caller's, and Mem0's own keys become fields."""
        source = exported(tmp_path / "m.json", item(metadata={"topic": "food"}, hash="x", actor_id="Bea", role="user"))
        (found,) = mem0.read(source).memories

        assert ("m1", "Likes tea", Scope(user_id="ida")) == (found.id, found.text, found.scope)
        assert ({"topic": "food"}, "Bea", "user") == (found.metadata, found.speaker, found.role)
        assert datetime(2024, 1, 1, tzinfo=UTC) == found.created_at

    def test_an_item_of_2x_loses_its_helpers_and_keeps_its_end(self, tmp_path: Path):
        """The lemmas are no metadata; a memory that expires on a day holds on that day."""
        source = exported(
            tmp_path / "m.json", item(metadata={"text_lemmatized": "like tea"}, expiration_date="2026-05-01")
        )
        (found,) = mem0.read(source).memories

        assert ({}, datetime(2026, 5, 2, tzinfo=UTC)) == (found.metadata, found.expires_at)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"user_id": None}, "scope: is missing."),
            ({"memory": " "}, "text: is empty."),
            ({"memory": "a\x00b"}, "text: contains a NUL character."),
            ({"user_id": "u" * 300}, "user_id: has 300 characters; at most 256 fit."),
        ],
    )
    def test_what_cannot_be_kept_is_left_out_with_the_reason(
        self, tmp_path: Path, changes: dict[str, Any], reason: str
    ):
        """The other items are read."""
        found = mem0.read(exported(tmp_path / "m.json", item(**changes), item(id="m2")))

        assert (["m2"], [("m1", reason)]) == (
            [m.id for m in found.memories],
            [(s.item, s.reason) for s in found.skipped],
        )

    def test_a_file_of_something_else_is_refused(self, tmp_path: Path):
        """It says what the file should hold."""
        (tmp_path / "m.json").write_text('"text"', encoding="utf-8")
        with pytest.raises(InputError, match="get_all"):
            mem0.read(Mem0Source(vectors=tmp_path / "m.json"))


class TestFolders:
    """Chroma on disk, and the history file."""

    def test_a_folder_without_a_collection(self, tmp_path: Path):
        """Names the file that is looked for."""
        with pytest.raises(InputError, match=r"chroma\.sqlite3"):
            mem0.read(Mem0Source(vectors=tmp_path))

    def test_a_collection_of_another_name(self, tmp_path: Path):
        """Lists those that are there."""
        old = Mem0Database(tmp_path)
        old.memory("Likes tea", at="2024-01-01T00:00:00", user_id="ida")
        old.close()
        with pytest.raises(InputError, match="There: mem0"):
            mem0.read(Mem0Source(vectors=old.vectors, collection="other"))

    def test_a_damaged_collection(self, tmp_path: Path):
        """Is an error of the store, not a traceback of Chroma's."""
        (tmp_path / "chroma.sqlite3").write_bytes(b"no database")
        with pytest.raises(StoreUnavailable, match="Chroma cannot read"):
            mem0.read(Mem0Source(vectors=tmp_path))

    @pytest.mark.parametrize("content", [b"no database", b""])
    def test_a_history_that_is_none(self, tmp_path: Path, content: bytes):
        """No SQLite file, or one without the table."""
        (tmp_path / "history.db").write_bytes(content)
        source = exported(tmp_path / "m.json", item()).model_copy(update={"history": tmp_path / "history.db"})
        with pytest.raises(InputError, match="is no history of Mem0"):
            mem0.read(source)

    def test_a_memory_that_only_the_history_knows(self, tmp_path: Path):
        """Lost from the collection without a DELETE: left out, and said so."""
        old = Mem0Database(tmp_path)
        lost = old.memory("Likes tea", at="2024-01-01T00:00:00", user_id="ida")
        old._collection.delete(ids=[lost])
        old.close()
        found = mem0.read(Mem0Source(vectors=old.vectors, history=old.history))

        assert [(lost, "the history names it, but the collection does not hold it")] == [
            (s.item, s.reason) for s in found.skipped
        ]

    def test_an_update_of_the_metadata_is_no_new_text(self, tmp_path: Path):
        """Mem0 writes an UPDATE with the same text; the fact holds since its creation."""
        old = Mem0Database(tmp_path)
        tea = old.memory("Likes tea", at="2024-01-01T00:00:00", user_id="ida")
        old.reword(tea, "Likes tea", at="2024-02-01T00:00:00")
        old.close()
        (found,) = mem0.read(Mem0Source(vectors=old.vectors, history=old.history)).memories

        assert (1, datetime(2024, 1, 1, tzinfo=UTC)) == (len(found.versions), found.since)

    def test_without_a_history_a_changed_memory_holds_since_its_change(self, tmp_path: Path):
        """Nobody knows what it said before."""
        old = Mem0Database(tmp_path)
        tea = old.memory("Likes tea", at="2024-01-01T00:00:00", user_id="ida")
        old.reword(tea, "Likes coffee", at="2024-02-01T00:00:00")
        old.close()
        (found,) = mem0.read(Mem0Source(vectors=old.vectors)).memories

        assert datetime(2024, 2, 1, tzinfo=UTC) == found.since
        assert sqlite3.connect(old.history).execute("SELECT count(*) FROM history").fetchone() == (2,)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1704067200000, datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T00:00:00Z", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01 00:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2023-12-31T16:00:00-08:00", datetime(2024, 1, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 1, 1, tzinfo=UTC)),
        ("yesterday", None),
        (True, None),
        (10**20, None),
        (None, None),
    ],
)
def test_times_come_in_many_forms(written: object, expected: datetime | None):
    """Milliseconds of Cypher, texts of Python and SQLite, datetimes; what is no time is none."""
    assert expected == moment(written)


def edge(**scope: str) -> OldEdge:
    return OldEdge(scope=Scope(**scope), source=OldNode(name="a"), type="knows", target=OldNode(name="b"))


def test_the_user_called_user_is_nobody_only_beside_an_agent_or_a_run():
    """A memory of a real user of that name keeps its edges."""
    edges = [edge(user_id="user", agent_id="bot"), edge(user_id="user"), edge(user_id="user", run_id="r")]
    there = {Scope(user_id="user", run_id="r")}

    assert [Scope(agent_id="bot"), Scope(user_id="user"), Scope(user_id="user", run_id="r")] == [
        e.scope for e in unlabelled(edges, there)
    ]
