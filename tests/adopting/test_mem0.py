"""A Mem0 memory, taken over: everything is accounted for, nothing there is changed."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphmem import ConfigError, InputError, Memory, MissingExtra, Scope, StoreUnavailable
from graphmem.adopting import Count, Mem0Source, writing
from graphmem.cli._run import run
from graphmem.mem0 import Memory as Mem0Face
from graphmem.models.scripted import HashEmbedder
from tests.adopting.conftest import Adopted, Story, opened
from tests.adopting.mem0_1 import Mem0Database, iso


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def digest(path: Path) -> dict[str, str]:
    """Every file below a folder, or one file, by content."""
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def triples(adopted: Adopted, **asked: Any) -> set[tuple[str, str, str]]:
    user = adopted.story.user
    found = adopted.memory.relations(user_id=user, **asked)
    return {(r.source.name.replace(user, "Alex"), r.type, r.target.name) for r in found}


class TestTheReport:
    """Every memory, live edge and invalid edge is counted once."""

    def test_everything_is_accounted_for(self, adopted: Adopted):
        """What was found is the sum of what was adopted and what was left out, each with its reason."""
        report = adopted.report

        assert Count(found=6, adopted=5, skipped=1) == report.memories
        assert Count(found=9, adopted=7, skipped=2) == report.live_edges
        assert Count(found=2, adopted=2) == report.invalid_edges
        assert (4, 1) == (report.linked_edges, report.earlier_texts)

    def test_what_is_left_out_says_why(self, adopted: Adopted):
        """The deleted memory has no known owner; one edge has the same end twice, one has ends of two users."""
        user, secret = adopted.story.user.lower(), adopted.story.ids["secret"]

        assert {
            ("memory", secret): "was deleted, and the history does not say whose it was",
            ("live edge", "paris -[is]-> Paris_"): "both ends are the same",
            ("live edge", f"{user} -[knows]-> zoe"): "user_id: its ends belong to two users.",
        } == {(item.kind, item.item): item.reason for item in adopted.report.skipped}

    def test_other_users_are_not_reported(self, story: Story, tmp_path: Path):
        """An edge that cannot be taken over is told of where one of its ends is wanted, and nowhere else."""
        user, other, stranger = (f"{story.user}-{part}" for part in ("one", "two", "three"))
        mem0 = Mem0Database(tmp_path / "mem0", story.mem0.url)
        mem0.edge("ida", "knows", "max", at="2024-01-01T00:00:00", user_id=user, target_user=other)
        with opened(tmp_path / "home") as memory:
            found = [
                memory.adopt(Mem0Source(neo4j=mem0.url, scope=Scope(user_id=name)), dry_run=True).live_edges
                for name in (user, other, stranger)
            ]
        mem0.drop()
        mem0.close()

        assert [Count(found=1, skipped=1), Count(found=1, skipped=1), Count()] == found

    def test_the_ledger_and_the_stores_agree(self, adopted: Adopted):
        """What was adopted is as sound as what was added."""
        assert () == adopted.memory.verify().differences


class TestMemories:
    """A memory keeps its id, and all that Mem0 knew of it."""

    def test_a_memory_is_found_under_its_old_id(self, adopted: Adopted):
        """Text, scope, times, metadata, author and role are as they were."""
        note, name = (adopted.memory.get(adopted.story.ids[key]) for key in ("note", "name"))

        assert ("Bring cake.", "Bea", "assistant") == (note.text, note.speaker, note.role)
        assert (moment(2024, 4, 1, 8), moment(2024, 4, 1, 8)) == (note.valid_from, note.recorded_at)
        assert ("profile", "mem0") == (name.metadata["category"], name.metadata["graphmem.adopted"])
        assert ("adopted", Scope(user_id=adopted.story.user)) == (name.trust, name.scope)

    def test_the_history_is_that_of_mem0(self, adopted: Adopted):
        """Event, texts and times of every step, as the SQLite file has them."""
        rows = sqlite3.connect(adopted.story.mem0.history).execute(
            "SELECT event, old_memory, new_memory, CASE event WHEN 'ADD' THEN created_at ELSE updated_at END "
            "FROM history WHERE memory_id = ?",
            (adopted.story.ids["home"],),
        )
        lines = adopted.memory.history(adopted.story.ids["home"])

        assert rows.fetchall() == [(line.event, line.previous_text, line.text, line.at.isoformat()) for line in lines]

    def test_an_earlier_text_was_true_until_it_was_reworded(self, adopted: Adopted):
        """`as_of` gives the text of then, a plain read the present one."""
        user = adopted.story.user

        def texts(**asked: Any) -> set[str]:
            return {m.text for m in adopted.memory.list(user_id=user, **asked).items if "Lives" in m.text}

        assert {"Lives in Lisbon, moved from Porto"} == texts()
        assert {"Lives in Porto"} == texts(as_of="2024-03-01")

    def test_what_was_adopted_can_be_found(self, adopted: Adopted):
        """By meaning, by filter, and once: what stands behind a fact is no second hit."""
        hits = adopted.memory.search("Where does he work? Acme Corp", user_id=adopted.story.user, k=3).hits
        filtered = adopted.memory.list(user_id=adopted.story.user, filters={"graphmem.adopted": "mem0"}, limit=50)

        assert "Works at Acme Corp" == hits[0].text
        assert 1 == [hit.text for hit in hits].count("Works at Acme Corp")
        assert len(adopted.memory.list(user_id=adopted.story.user, limit=50).items) == len(filtered.items)

    def test_mem0s_own_face_shows_what_it_showed(self, adopted: Adopted):
        """`get` of the drop-in has the hash, the times and the metadata of before, and nothing of graphmem's."""
        item = Mem0Face.over(adopted.memory).get(adopted.story.ids["name"])

        assert item is not None
        assert {"category": "profile"} == item["metadata"]
        assert (iso("2024-01-10T09:00:00"), None) == (item["created_at"], item["updated_at"])
        assert hashlib.md5(b"Name is Alex").hexdigest() == item["hash"]

    def test_a_reworded_memory_keeps_the_day_it_was_made(self, adopted: Adopted):
        """Its present text was recorded later; Mem0's `created_at` is still what it was."""
        item = Mem0Face.over(adopted.memory).get(adopted.story.ids["home"])

        assert item is not None
        assert (iso("2024-01-10T09:00:01"), iso("2024-06-15T10:00:00")) == (item["created_at"], item["updated_at"])
        assert moment(2024, 6, 15, 10) == adopted.memory.get(adopted.story.ids["home"]).recorded_at


class TestEdges:
    """Live edges are relations, invalid ones are relations that have ended."""

    def test_live_edges_are_relations_now(self, adopted: Adopted):
        """With names as the memories spell them, and types in graphmem's words."""
        assert {
            ("Alex", "works_at", "Acme Corp"),
            ("Alex", "lives_in", "Lisbon"),
            ("Alex", "likes", "jazz music"),
            ("Alex", "used", "old phone"),
            ("Alex", "dating", "kim`]->"),
            ("Alex", "sibling_of", "Maria Silva"),
            ("Maria Silva", "plays", "cello"),
        } == triples(adopted)

    def test_invalid_edges_are_history(self, adopted: Adopted):
        """They hold from `created_at` to `invalidated_at`, and no longer."""
        (porto,) = (
            r
            for r in adopted.memory.relations(user_id=adopted.story.user, include_past=True)
            if "Porto" == r.target.name
        )

        assert (moment(2024, 1, 10, 9, 0, 5), moment(2024, 6, 15, 10, 0, 3)) == (porto.valid_from, porto.valid_to)
        assert {("Alex", "lives_in", "Porto")} == triples(adopted, type="lives_in", as_of="2024-05-01")
        assert {("Alex", "lives_in", "Lisbon")} == triples(adopted, type="lives_in", as_of="2024-07-01")
        assert {("Alex", "lives_in", "Porto")} == triples(adopted, type="lives_in", known_at="2024-05-01")

    def test_an_edge_rests_on_the_memory_that_states_it(self, adopted: Adopted):
        """One that no memory states rests on a fact of its own, which quotes it."""
        ids = adopted.story.ids
        by_type = {r.type: r for r in adopted.memory.relations(user_id=adopted.story.user)}
        alone = adopted.memory.get(by_type["likes"].memory_ids[0])

        assert (ids["work"],) == by_type["works_at"].memory_ids
        assert (ids["home"],) == by_type["lives_in"].memory_ids
        assert (ids["sister"],) == by_type["plays"].memory_ids
        assert f"{adopted.story.user} likes jazz music" == alone.text
        assert f"{adopted.story.user.lower()} -[likes]-> jazz_music" == alone.metadata["graphmem.adopted.edge"]

    def test_entities_have_types_and_names(self, adopted: Adopted):
        """Labels of Mem0 become types; the user is one person under all their nodes."""
        found = {e.name: e.type for e in adopted.memory.entities(user_id=adopted.story.user, limit=50)}

        assert ("Person", "Place", "Organisation", "Person") == tuple(
            found[name] for name in (adopted.story.user, "Lisbon", "Acme Corp", "Maria Silva")
        )
        assert "Instrument" == found["cello"]

    def test_a_base_label_is_no_type(self, story: Story, tmp_path: Path):
        """`base_label` gives every node a second label; the type is the other one."""
        user = f"{story.user}-labelled"
        mem0 = Mem0Database(tmp_path / "mem0", story.mem0.url, base_label=True)
        mem0.edge(user.lower(), "lives_in", "porto", at="2024-01-01T00:00:00", types=("person", "city"), user_id=user)
        with opened(tmp_path / "home") as memory:
            memory.adopt(story.source(vectors=None, history=None, scope=Scope(user_id=user)))
            (relation,) = memory.relations(user_id=user)
        mem0.drop()
        mem0.close()

        assert (user, "Person", "Porto", "Place") == (
            relation.source.name, relation.source.type, relation.target.name, relation.target.type,
        )  # fmt: skip

    def test_edges_without_a_user_go_to_their_agent(self, adopted: Adopted, tmp_path: Path):
        """Mem0 files them under the user `user`; the memory beside them has none."""
        agent = adopted.story.agent
        with opened(tmp_path / "home") as memory:
            report = memory.adopt(adopted.story.source(scope=Scope(agent_id=agent)))
            (relation,) = memory.relations(agent_id=agent)

        assert ((1, 1), 1) == ((report.memories.adopted, report.live_edges.adopted), report.linked_edges)
        assert (adopted.story.ids["refund"],) == relation.memory_ids


class TestTheOldStores:
    """They are read, never written."""

    def test_nothing_there_is_changed(self, story: Story, tmp_path: Path):
        """Not a node, not an edge, not a byte of a file; other applications' nodes neither."""
        before = (story.mem0.dump(), digest(story.mem0.vectors), digest(story.mem0.history))

        with opened(tmp_path / "home") as memory:
            memory.adopt(story.source())

        assert before == (story.mem0.dump(), digest(story.mem0.vectors), digest(story.mem0.history))
        assert any("KNOWS" in row for row in story.mem0.dump())

    def test_the_same_database_may_be_the_new_graph_too(self, story: Story, tmp_path: Path):
        """What graphmem writes there is not taken for Mem0's by the next run."""
        settings = {"graph": "neo4j", "neo4j_url": str(story.mem0.url)}
        with opened(tmp_path / "home", **settings) as memory:
            first = memory.adopt(story.source())
            again = memory.adopt(story.source())
            there = memory.relations(user_id=story.user, type="works_at")

            assert () == memory.verify().differences
            memory.reset()
        assert (7, 0, 7) == (first.live_edges.adopted, again.live_edges.adopted, again.live_edges.there)
        assert ["Acme Corp"] == [r.target.name for r in there]

    def test_the_session_can_only_read(self, story: Story):
        """The server itself refuses a write in the transactions of an adoption."""
        from graphmem.adopting import mem0_graph

        assert story.mem0.url
        with (
            pytest.raises(ConfigError, match="read access mode"),
            mem0_graph._session(story.mem0.url, ("neo4j", None), None) as session,
        ):
            session.execute_read(lambda work: work.run("CREATE (n:Nothing) RETURN n").consume())


def remembered(memory: Memory, user: str) -> tuple[object, ...]:
    """Facts, relations and histories, whatever their order."""
    facts = sorted(memory.list(user_id=user, include_past=True, limit=100).items, key=lambda m: m.id)
    relations = sorted(memory.relations(user_id=user, include_past=True, limit=100), key=lambda r: r.id)
    plain = [r.model_dump(exclude={"episode_ids"}) for r in relations]
    return [f.model_dump() for f in facts], plain, [memory.history(f.id) for f in facts]


class TestAgain:
    """An adoption can be repeated and interrupted."""

    def test_a_dry_run_writes_nothing(self, story: Story, tmp_path: Path):
        """It counts as a real run would."""
        with opened(tmp_path / "home") as memory:
            told = memory.adopt(story.source(), dry_run=True)
            empty = dict(memory.status().counts)
            done = memory.adopt(story.source())

        assert (0, 0, 0) == tuple(empty[table] for table in ("memories", "episodes", "entities"))
        assert done.model_copy(update={"dry_run": True, "vectors_reused": 0}) == told

    def test_a_second_run_adds_nothing(self, story: Story, tmp_path: Path):
        """Everything is there already, even what was deleted since."""
        with opened(tmp_path / "home") as memory:
            memory.adopt(story.source())
            memory.delete(story.ids["work"])
            before = memory.status().counts
            again = memory.adopt(story.source())

            assert before == memory.status().counts
            assert () == tuple(r for r in memory.relations(user_id=story.user) if "works_at" == r.type)
        assert Count(found=6, there=5, skipped=1) == again.memories
        assert (Count(found=9, there=7, skipped=2), Count(found=2, there=2)) == (again.live_edges, again.invalid_edges)

    def test_an_interrupted_run_goes_on(self, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Whatever it had written, inside a fact's history too, the end is the same as without the interruption."""
        monkeypatch.setattr(writing, "BATCH", 3)

        class Interrupted(Exception):
            pass

        with opened(tmp_path / "one") as whole, opened(tmp_path / "two") as parts:
            whole.adopt(story.source())
            ledger = type(parts._engine.ledger)
            commit, left = ledger.commit, [0]

            def interrupted(*args: Any) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise Interrupted
                commit(*args)

            for count in (1, 2, 4, 5):
                with monkeypatch.context() as patch:
                    left[0] = count
                    patch.setattr(ledger, "commit", interrupted)
                    with pytest.raises(Interrupted):
                        parts.adopt(story.source())
            rest = parts.adopt(story.source())

            assert 0 < rest.memories.adopted + rest.live_edges.adopted + rest.invalid_edges.adopted < 14
            assert remembered(whole, story.user) == remembered(parts, story.user)
            assert () == parts.verify().differences

    def test_what_mem0_wrote_since_is_added(self, tmp_path: Path):
        """A run after Mem0 went on adds the new memory and the new text, and touches nothing else."""
        mem0 = Mem0Database(tmp_path / "mem0")
        tea = mem0.memory("Likes tea", at="2024-01-01T00:00:00", user_id="ida")
        mem0.memory("Has a dog", at="2024-01-02T00:00:00", user_id="ida")
        source = Mem0Source(vectors=mem0.vectors, history=mem0.history)
        with opened(tmp_path / "home") as memory:
            memory.adopt(source)
            mem0.reword(tea, "Likes green tea", at="2024-02-01T00:00:00")
            mem0.memory("Lives in Turku", at="2024-02-02T00:00:00", user_id="ida")
            mem0.close()
            again = memory.adopt(source)

            assert (Count(found=3, adopted=2, there=1), 1) == (again.memories, again.earlier_texts)
            assert ["ADD", "UPDATE"] == [line.event for line in memory.history(tea)]
            assert "Likes green tea" == memory.get(tea).text
            assert () == memory.verify().differences


class TestAfterwards:
    """An adopted memory lives on like any other."""

    def test_a_relation_leaves_with_its_memory(self, story: Story, tmp_path: Path):
        """Deleting the memory that states an edge takes the relation along, and undo brings both back."""
        with opened(tmp_path / "home") as memory:
            memory.adopt(story.source())
            done = memory.delete(story.ids["sister"])
            gone = {r.type for r in memory.relations(user_id=story.user)}
            assert done.resolution_id
            memory.undo(done.resolution_id)
            back = {r.type for r in memory.relations(user_id=story.user)}

            assert {"sibling_of", "plays"} == back - gone
            assert () == memory.verify().differences

    def test_what_the_user_says_now_ends_an_adopted_fact(self, story: Story, tmp_path: Path):
        """And what an assistant says does not."""
        with opened(tmp_path / "home", extractor="local") as memory:
            memory.adopt(story.source())

            def home() -> set[str]:
                return {r.target.name for r in memory.relations(user_id=story.user, type="lives_in")}

            said = {"role": "assistant", "content": f"{story.user} lives in Oslo now."}
            memory.add([said], user_id=story.user, include_assistant=True, at="2024-11-01")
            assert "Lisbon" in home()
            memory.add("I moved to Madrid.", user_id=story.user, at="2024-12-01")
            assert "Madrid" in home()
            assert "Lisbon" not in home()

    @pytest.mark.parametrize("user", ["ida", "user_17", "ida-704779ca", "ida-abcdefab"])
    def test_whatever_the_user_is_called(self, user: str, tmp_path: Path):
        """A memory about a user whose id is no name ends all the same, when the user moves."""
        mem0 = Mem0Database(tmp_path / "mem0")
        home = mem0.memory("Lives in Lisbon, moved from Porto", at="2024-01-01T00:00:00", user_id=user)
        mem0.close()
        with opened(tmp_path / "home", extractor="local") as memory:
            memory.adopt(Mem0Source(vectors=mem0.vectors))
            memory.add("I moved to Madrid.", user_id=user, at="2024-12-01")

            assert moment(2024, 12, 1) == memory.get(home).valid_to

    def test_deleted_memories_are_history_when_their_owner_is_named(self, story: Story, tmp_path: Path):
        """They held from their creation to their deletion."""
        with opened(tmp_path / "home") as memory:
            report = memory.adopt(story.source(deleted_scope=Scope(user_id=story.user)))
            secret = memory.get(story.ids["secret"])

        assert Count(found=6, adopted=6) == report.memories
        assert (moment(2024, 4, 2, 8), moment(2024, 4, 3, 8)) == (secret.valid_from, secret.valid_to)


class TestVectors:
    """Vectors are taken over only from the same model."""

    def test_the_same_model_embeds_no_memory_twice(self, story: Story, tmp_path: Path):
        """A sample is compared; the present texts are not embedded again."""
        with opened(tmp_path / "home") as memory:
            assert 5 == memory.adopt(story.source()).vectors_reused
            hits = memory.search("Sister Maria Silva plays the cello", user_id=story.user, k=1).hits
        assert [story.ids["sister"]] == [hit.id for hit in hits]

    def test_another_model_of_the_same_size_embeds_anew(self, story: Story, tmp_path: Path):
        """Equal dimensions do not make vectors comparable."""

        class Other(HashEmbedder):
            def embed(self, texts: Sequence[str]) -> Any:
                return super().embed(["other " + text for text in texts])

        with opened(tmp_path / "home", embedder=Other(dimensions=64)) as memory:
            assert 0 == memory.adopt(story.source()).vectors_reused


class TestTheCommand:
    """`graphmem adopt mem0`."""

    def test_it_adopts_and_reports(
        self, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """JSON is the report; the second run finds everything there."""
        monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
        arguments = ["adopt", "mem0", "--neo4j", str(story.mem0.url), "--vectors", str(story.mem0.vectors)]
        arguments += ["--history", str(story.mem0.history), "--user", story.user, "--home", str(tmp_path / "home")]

        assert 0 == run([*arguments, "-o", "json"])
        first = json.loads(capsys.readouterr().out)
        assert 0 == run(arguments)
        text = capsys.readouterr().out

        assert {"found": 9, "adopted": 7, "there": 0, "skipped": 2} == first["live_edges"]
        assert "6 memories: 0 adopted, 5 there already, 1 left out." in text
        assert "left out: live edge paris -[is]-> Paris_: both ends are the same" in text

    def test_without_a_store_it_is_a_usage_error(self, capsys: pytest.CaptureFixture[str]):
        """It says which options name one."""
        assert 2 == run(["adopt", "mem0"])
        assert "--neo4j URL" in capsys.readouterr().err

    def test_a_wrong_address_is_a_usage_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """One line that shows what an address looks like."""
        monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")

        assert 2 == run(["adopt", "mem0", "--neo4j", "localhost", "--home", str(tmp_path / "home")])
        assert "bolt://localhost:7687" in capsys.readouterr().err


class TestWhatIsWrong:
    """One clear error each, before anything is written."""

    def test_a_server_that_is_down(self, tmp_path: Path):
        """Says so at once."""
        with opened(tmp_path / "home") as memory, pytest.raises(StoreUnavailable, match="Is that server running"):
            memory.adopt(Mem0Source(neo4j="bolt://127.0.0.1:1"))

    def test_an_address_that_is_none(self, tmp_path: Path):
        """Shows what one looks like."""
        with opened(tmp_path / "home") as memory, pytest.raises(ConfigError, match="bolt://localhost:7687"):
            memory.adopt(Mem0Source(neo4j="localhost"))

    def test_a_database_that_is_missing(self, story: Story, tmp_path: Path):
        """Names the option to check."""
        with opened(tmp_path / "home") as memory, pytest.raises(ConfigError, match="--neo4j-database"):
            memory.adopt(story.source(database="nowhere"))

    def test_a_driver_that_is_missing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Tells what to install."""
        monkeypatch.setitem(sys.modules, "neo4j", None)
        with opened(tmp_path / "home") as memory, pytest.raises(MissingExtra, match=r"graphmem\[neo4j\]"):
            memory.adopt(Mem0Source(neo4j="bolt://127.0.0.1:1"))

    def test_a_source_that_is_none(self, tmp_path: Path):
        """Neither a dict nor a source without stores."""
        with opened(tmp_path / "home") as memory:
            with pytest.raises(InputError, match="Mem0Source"):
                memory.adopt({"neo4j": "bolt://x"})  # type: ignore[arg-type]
            with pytest.raises(InputError, match="names no store"):
                memory.adopt(Mem0Source())
