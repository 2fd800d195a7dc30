"""Files become batches of adds, and a malformed one names the record and key that is wrong."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphmem.errors import InputError
from graphmem.importing import Batch, Labels, Refused, locomo, read
from graphmem.values import Fact, Scope


def written(path: Path, document: object) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def sample(**changes: Any) -> dict[str, Any]:
    """A LoCoMo sample with one session of three turns."""
    base: dict[str, Any] = {
        "sample_id": "talk-1",
        "conversation": {
            "speaker_a": "Ida",
            "speaker_b": "Jon",
            "session_2_date_time": "12:09 am on 13 September, 2023",
            "session_2": [{"speaker": "Jon", "dia_id": "D2:1", "text": "Back again."}],
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ida", "dia_id": "D1:1", "text": "I moved to Turku."},
                {"speaker": "Jon", "dia_id": "D1:2", "text": "Nice view!", "blip_caption": "a harbour at dusk"},
            ],
        },
        "observation": {
            "session_1_observation": {"Ida": [["Ida moved to Turku.", "D1:1"], ["Both.", ["D1:1", "D1:2"]]]}
        },
        "qa": [
            {"question": "Where?", "answer": "Turku", "evidence": ["D1:1; D2:1", "D"], "category": 1},
            {"question": "Year?", "answer": 2023, "evidence": ["D:1:2"], "category": 2},
            {"question": "Cat?", "adversarial_answer": "Tom", "evidence": [], "category": 5},
        ],
    }
    return base | changes


class TestLocomo:
    """The LoCoMo reader, which the recall benchmark shares."""

    def test_sessions_come_in_order_with_their_dates(self, tmp_path: Path):
        """Sessions are sorted by number, and their date is read as UTC."""
        (found,) = locomo.conversations(written(tmp_path / "l.json", [sample()]))

        assert [1, 2] == [session.number for session in found.sessions]
        assert datetime(2023, 5, 8, 13, 56, tzinfo=UTC) == found.sessions[0].at
        assert datetime(2023, 9, 13, 0, 9, tzinfo=UTC) == found.sessions[1].at
        assert ("Ida", "Jon") == found.speakers

    def test_a_photo_stands_behind_the_text(self, tmp_path: Path):
        """The caption of a photo is searchable with the turn."""
        (found,) = locomo.conversations(written(tmp_path / "l.json", [sample()]))

        assert "Nice view! [photo: a harbour at dusk]" == found.turns[1].content

    def test_questions_keep_answers_as_text_and_evidence_as_ids(self, tmp_path: Path):
        """Numbers become text, joined ids are split, and a stray letter is no id."""
        (found,) = locomo.conversations(written(tmp_path / "l.json", [sample()]))

        assert ["Turku", "2023", ""] == [question.answer for question in found.questions]
        assert [("D1:1", "D2:1"), ("D1:2",), ()] == [question.evidence for question in found.questions]

    def test_observations_carry_their_turns(self, tmp_path: Path):
        """An observation gives one turn id or a list of them."""
        (found,) = locomo.conversations(written(tmp_path / "l.json", [sample()]))

        assert [("Ida", ("D1:1",), 1), ("Ida", ("D1:1", "D1:2"), 1)] == [
            (o.speaker, o.dia_ids, o.session) for o in found.observations
        ]

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("D8:6; D9:17", ("D8:6", "D9:17")),
            ("D9:1 D4:4, D4:6", ("D9:1", "D4:4", "D4:6")),
            ("D:11:26", ("D11:26",)),
            ("D30:05", ("D30:5",)),
            (["D1:1", "D1:1"], ("D1:1",)),
            ("D", ()),
            (None, ()),
        ],
    )
    def test_turn_ids_are_read_however_they_are_joined(self, given: object, expected: tuple[str, ...]):
        """The spellings that real files hold."""
        assert expected == locomo.dialogue_ids(given)

    def test_a_wrong_turn_is_named(self, tmp_path: Path):
        """The error says which record, session, turn and key."""
        broken = sample()
        del broken["conversation"]["session_1"][1]["text"]

        with pytest.raises(InputError, match=r"record 1 \(talk-1\), session_1, turn 2: has no key 'text'"):
            list(locomo.conversations(written(tmp_path / "l.json", [broken])))

    def test_a_wrong_date_is_named(self, tmp_path: Path):
        """The error shows the date and how to write it."""
        broken = sample()
        broken["conversation"]["session_1_date_time"] = "some day in May"

        with pytest.raises(InputError, match=r"session_1_date_time: 'some day in May' is not a date"):
            list(locomo.conversations(written(tmp_path / "l.json", [broken])))

    def test_a_session_becomes_adds_of_a_few_turns(self, tmp_path: Path):
        """Scope, key, speaker, time and turn id all reach the add."""
        path = written(tmp_path / "l.json", [sample()])
        first, second = read(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()

        assert isinstance(first, Batch)
        assert isinstance(second, Batch)
        assert Scope(user_id="talk-1", run_id="talk-1/session_1") == first.scope
        assert [f"{digest}:0", f"{digest}:1"] == [first.key, second.key]
        assert ["Ida", "Jon"] == [message.name for message in first.messages]
        assert {"dia_id": "D1:1"} == first.messages[0].metadata
        assert datetime(2023, 5, 8, 13, 56, tzinfo=UTC) == first.messages[0].timestamp
        assert first.facts is None

    def test_a_long_session_is_cut(self, tmp_path: Path):
        """No add holds more than TURNS_A_BATCH turns, and none is lost."""
        long = sample()
        turns = [{"speaker": "Ida", "dia_id": f"D1:{n}", "text": f"Turn {n}."} for n in range(1, 26)]
        long["conversation"] = {"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": turns}
        found = [b for b in read(written(tmp_path / "l.json", [long])) if isinstance(b, Batch)]

        assert [10, 10, 5] == [len(batch.messages) for batch in found]
        assert [f"Turn {n}." for n in range(1, 26)] == [m.content for batch in found for m in batch.messages]

    def test_a_broken_sample_does_not_hold_up_the_others(self, tmp_path: Path):
        """It is refused with its reason, and the next one is read."""
        broken = sample(sample_id="bad")
        broken["conversation"]["session_1"] = "nothing"
        first, *others = read(written(tmp_path / "l.json", [broken, sample()]))

        assert first == Refused(item="record 1 (bad)", reason="record 1 (bad): key 'session_1' is a text, not a list.")
        assert [True, True] == [isinstance(other, Batch) for other in others]


class TestRecords:
    """JSON lists of memories, and JSON Lines of conversations."""

    def test_a_memory_becomes_a_supplied_fact(self, tmp_path: Path):
        """Whichever of the three keys holds the text, it is remembered as it is."""
        items = [
            {"memory": "Likes tea.", "user_id": "ida", "metadata": {"source": "form"}},
            {"text": "Lives in Turku.", "agent_id": "bot", "run_id": "r1"},
            {"content": "Has a boat.", "user_id": "ida", "created_at": "2024-05-08T13:56:00Z"},
        ]
        found = [b for b in read(written(tmp_path / "m.json", items)) if isinstance(b, Batch)]

        assert ["Likes tea.", "Lives in Turku.", "Has a boat."] == [b.messages[0].content for b in found]
        assert [(Fact(text="Likes tea.", quote="Likes tea.", metadata={"source": "form"}),)] == [found[0].facts]
        assert Scope(agent_id="bot", run_id="r1") == found[1].scope
        assert datetime(2024, 5, 8, 13, 56, tzinfo=UTC) == found[2].messages[0].timestamp

    def test_an_export_that_wraps_its_list_is_read(self, tmp_path: Path):
        """Exports of other engines hold their memories in `results`."""
        found = list(read(written(tmp_path / "m.json", {"results": [{"memory": "Likes tea.", "score": 0.3}]})))

        assert ["Likes tea."] == [item.messages[0].content for item in found if isinstance(item, Batch)]

    def test_lines_of_conversations(self, tmp_path: Path):
        """One conversation a line; blank lines do not count."""
        line = {"messages": [{"role": "assistant", "content": "Hello", "name": "Bot"}, "Hi"], "user_id": "ida"}
        (found,) = read(written(tmp_path / "c.jsonl", f"\n{json.dumps(line)}\n\n"))

        assert isinstance(found, Batch)
        assert [("assistant", "Hello", "Bot"), ("user", "Hi", None)] == [
            (m.role, m.content, m.name) for m in found.messages
        ]
        assert found.facts is None

    def test_a_long_conversation_is_cut_with_keys_of_its_own(self, tmp_path: Path):
        """Each part can be skipped by itself when the import is run again."""
        line = {"messages": [f"Message {n}" for n in range(45)], "user_id": "ida"}
        found = [b for b in read(written(tmp_path / "c.jsonl", json.dumps(line))) if isinstance(b, Batch)]

        assert [20, 20, 5] == [len(batch.messages) for batch in found]
        assert 3 == len({batch.key for batch in found})

    @pytest.mark.parametrize(
        ("record", "reason"),
        [
            ({"user_id": "ida"}, "has none of the keys 'memory', 'text', 'content', 'messages'."),
            ({"memory": 7}, "key 'memory' is a number, not a text."),
            ({"memory": "x", "metadata": []}, "key 'metadata' is a list, not an object."),
            ({"memory": "x", "created_at": 12}, "the time is not a text such as 2024-05-08T13:56:00Z."),
            ({"messages": []}, "key 'messages' is empty."),
            ({"messages": "hi"}, "key 'messages' is a text, not a list."),
            ({"messages": [{"role": "user"}]}, "record 1, message 1: has no key 'content'."),
            ("just text", "is a text, not an object."),
            (None, "is null, not an object."),
        ],
    )
    def test_a_malformed_record_is_refused_with_its_key(self, tmp_path: Path, record: object, reason: str):
        """The reason names the key, the item names the record, and the next record is read."""
        first, second = read(written(tmp_path / "m.json", [record, {"memory": "Fine."}]))

        assert Refused(item="record 1", reason=reason) == first
        assert isinstance(second, Batch)

    def test_an_unknown_role_and_a_naive_time_name_the_message(self, tmp_path: Path):
        """What pydantic finds is told with the place in the file."""
        records = [
            {"messages": [{"role": "king", "content": "Hi"}]},
            {"messages": [{"content": "Hi", "timestamp": "2024-05-08T13:56:00"}]},
            {"memory": "Hi", "created_at": "2024-05-08T13:56:00"},
        ]
        refused = [r.reason for r in read(written(tmp_path / "m.json", records)) if isinstance(r, Refused)]

        assert 3 == len(refused)
        assert refused[0].startswith("record 1, message 1: key 'role'")
        assert "has no time zone" in refused[1]
        assert "has no time zone" in refused[2]

    def test_a_line_that_is_not_json_is_refused_alone(self, tmp_path: Path):
        """The other lines are read."""
        first, second = read(written(tmp_path / "c.jsonl", '{"memory": \n{"memory": "Fine."}\n'))

        assert isinstance(first, Refused)
        assert ("line 1", True) == (first.item, first.reason.startswith("is not JSON"))
        assert isinstance(second, Batch)


class TestFiles:
    """What holds for every file."""

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b'[{"memory": "x"},', "m.json: is not JSON: .* line 1, column 18"),
            (b"\xff\xfe\x00", "m.json: is not UTF-8 text"),
            (b"", "m.json: is not JSON"),
            (b"7", "m.json: is neither a list of records nor a record"),
            (b"[" * 100_000, "m.json: is n"),
        ],
    )
    def test_an_unreadable_file_is_an_error(self, tmp_path: Path, content: bytes, problem: str):
        """The file and the place are named."""
        path = tmp_path / "m.json"
        path.write_bytes(content)

        with pytest.raises(InputError, match=problem):
            list(read(path))

    def test_a_missing_file_is_an_error(self, tmp_path: Path):
        """With the path as it was given."""
        with pytest.raises(InputError, match=r"gone\.json: cannot be read"):
            read(tmp_path / "gone.json")

    def test_labels_given_win_and_fallbacks_fill_in(self, tmp_path: Path):
        """An explicit scope overrides the record's own; a default one does not."""
        path = written(tmp_path / "m.json", [{"memory": "x", "user_id": "ida", "run_id": ""}])
        labels = Labels(given=Scope(agent_id="bot"), fallback=Scope(user_id="nobody", app_id="app"))
        (found,) = read(path, labels)

        assert isinstance(found, Batch)
        assert Scope(user_id="ida", agent_id="bot", app_id="app") == found.scope

    def test_keys_depend_on_the_content_alone(self, tmp_path: Path):
        """A copy under another name counts as imported; a changed file does not."""
        one, copy, other = (
            [b.key for b in read(written(tmp_path / name, [{"memory": text}])) if isinstance(b, Batch)]
            for name, text in (("a.json", "x"), ("b.json", "x"), ("c.json", "y"))
        )

        assert one == copy
        assert one != other
