"""The demo: its conversation, and that everything it tells comes from the memory."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from graphmem.cli._run import run
from graphmem.demo import QUESTIONS, USER, ReplayClock, conversation, learned, replay, superseded

if TYPE_CHECKING:
    from graphmem import Memory


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """A memory that heard the conversation, with the hash embedder."""
    from graphmem import Memory, Settings

    settings = Settings(home=tmp_path_factory.mktemp("demo"), embedder="hash", extractor="local")
    clock = ReplayClock()
    with Memory.open(settings, clock=clock) as memory:
        replay(memory, clock, conversation(), lambda _: None)
        yield memory


class TestConversation:
    """What is bundled."""

    def test_it_is_long_enough_to_be_interesting(self):
        """Two people, at least eight sessions and 120 messages, over a year."""
        sessions = conversation()
        messages = [message for batch in sessions for message in batch.messages]
        times = [message.timestamp for message in messages if message.timestamp]

        assert len(sessions) >= 8
        assert len(messages) >= 120
        assert {"Nora", "Felix"} == {message.name for message in messages}
        assert times == sorted(times)
        assert times[-1] - times[0] > timedelta(days=360)

    def test_every_session_is_a_run_of_its_own(self):
        """So that a search can be kept to one chat."""
        assert len({batch.scope.run_id for batch in conversation()}) == len(conversation())

    def test_the_clock_is_real_again_after_the_replay(self, told: Memory):
        """Questions without a time are about now."""
        assert abs(ReplayClock()() - datetime.now(UTC)) < timedelta(minutes=1)


class TestMemory:
    """What the engine makes of it."""

    def test_a_second_replay_writes_nothing(self, told: Memory):
        """The sessions have keys."""
        before = learned(told)
        replay(told, ReplayClock(), conversation(), lambda _: None)

        assert before == learned(told)

    def test_there_are_memories_entities_and_relations(self, told: Memory):
        """Enough of each to draw a graph."""
        known = learned(told)

        assert len(known.memories) > 40
        assert known.entities > 20
        assert len(known.relations) > 20

    def test_what_gave_way_has_a_successor_and_a_reason(self, told: Memory):
        """Felix moved from Leeds to Glasgow and back: both moves are in the table."""
        found = superseded(told, learned(told).memories)
        moves = [(item.old, item.new) for item in found if re.match(r"Felix (still )?lives", item.old)]

        assert [True, True] == ["Glasgow" in new or "Leeds" in new for _, new in moves]
        assert [] == [item for item in found if not item.reason]

    def test_a_there_and_back_keeps_three_intervals(self, told: Memory):
        """Leeds, Glasgow, Leeds, each with its own time."""
        found = told.relations("Felix", type="lives_in", include_past=True, user_id=USER)
        places = [r.target.name for r in sorted(found, key=lambda r: r.valid_from or datetime.min.replace(tzinfo=UTC))]

        assert ["Leeds", "Glasgow", "Leeds"] == places

    def test_the_past_can_be_asked(self, told: Memory):
        """In summer 2024 Nora worked at Harbour Vets."""
        then = told.relations("Nora", type="works_at", as_of="2024-07-01", user_id=USER)
        now = told.relations("Nora", type="works_at", user_id=USER)

        assert ["Harbour Vets"] == [r.target.name for r in then]
        assert ["Greenfield Animal Hospital"] == [r.target.name for r in now]

    def test_a_path_leads_over_the_brother(self, told: Memory):
        """Nora, her brother, his employer."""
        found = told.paths("Nora", "Tidewater Energy", user_id=USER)

        assert ["Nora", "Elias", "Tidewater Energy"] in [[e.name for e in path.entities] for path in found]

    def test_homonyms_stay_apart(self, told: Memory):
        """Two people called Sam, with a life of their own each."""
        carter = told.relations("Sam Carter", type="lives_in", user_id=USER)
        okoye = told.relations("Sam Okoye", type="lives_in", user_id=USER)

        assert (["Berlin"], ["Edinburgh"]) == ([r.target.name for r in carter], [r.target.name for r in okoye])

    @pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.typed.split()[0])
    def test_every_question_has_an_answer(self, told: Memory, question: Any):
        """Whatever it is."""
        assert question.ask(told)

    def test_every_question_can_be_typed(
        self, told: Memory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """The command shown with a question asks the same."""
        monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
        home = told.status().home
        for question in QUESTIONS:
            typed = shlex.split(question.typed)
            assert 0 == run([*typed, "--user", USER, "--home", home, "-o", "json"]), question.typed
            assert json.loads(capsys.readouterr().out)


class TestCommand:
    """`graphmem demo`."""

    @pytest.fixture(scope="class")
    def here(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """An empty folder."""
        return tmp_path_factory.mktemp("here")

    def test_it_tells_the_whole_story(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """Five chapters, ten questions, the home, and what to type next."""
        monkeypatch.chdir(here)
        code = run(["demo", "--fast"])
        out, err = capsys.readouterr()

        assert 0 == code, err
        for chapter in ("What was learned", "What gave way, and why", "The graph", "Ten questions", "Now you"):
            assert chapter in out
        assert len(QUESTIONS) == sum(f"\n{place}. " in out for place in range(1, 20))
        assert "$ GRAPHMEM_EMBEDDER=hash graphmem search" in out
        assert "--home .graphmem-demo" in out
        assert "messages" in err

    def test_it_can_be_run_again_and_as_json(
        self, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """The default home is made anew; the report is data."""
        monkeypatch.chdir(here)
        code = run(["demo", "--fast", "--agent"])
        report = json.loads(capsys.readouterr().out)

        assert (0, True, ".graphmem-demo") == (code, report["ok"], report["data"]["home"])
        assert 10 == len(report["data"]["answers"])
