"""Data sets are read whole, and what is wrong with a file is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphmem.errors import InputError
from graphmem.evaluation import data
from graphmem.evaluation.records import Conversation, Question

HERE = Path(__file__).parent / "data"


def written(folder: Path, document: object) -> Path:
    """A JSON file."""
    path = folder / "data.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def locomo() -> list[Any]:
    """The document to break."""
    document: list[Any] = json.loads((HERE / "locomo.json").read_text(encoding="utf-8"))
    return document


def test_locomo_is_read_with_its_real_dates():
    """A session without turns is left out; every other one keeps its date, and a photo its caption."""
    talk = data.read("locomo", HERE / "locomo.json").conversations[0]

    assert [datetime(2024, 3, 4, 9, 5, tzinfo=UTC), datetime(2024, 5, 19, 18, 40, tzinfo=UTC)] == [
        session.at for session in talk.sessions
    ]
    assert "Yes, on Saturday. She sleeps all day. [photo: a grey dog on a sofa]" == list(talk.turns)[2].text
    assert "talk-1/session_2" == talk.sessions[1].id


def test_evidence_of_locomo_is_split_and_unknown_turns_left_out():
    """One text may name several turns; a question without any is asked, and has no recall."""
    questions = data.read("locomo", HERE / "locomo.json").conversations[0].questions

    assert ("D1:4", "D2:1") == questions[2].evidence
    assert () == questions[5].evidence
    assert "7" == questions[5].answer


def test_a_question_of_category_five_is_unanswerable():
    """Its tempting answer is kept beside it, and it does not count in averages."""
    dataset = data.read("locomo", HERE / "locomo.json")
    question = dataset.conversations[0].questions[4]

    assert (True, "Pebble", "") == (question.unanswerable, question.adversarial_answer, question.answer)
    assert {"5"} == {c.key for c in dataset.categories if not c.averaged}


def test_categories_of_locomo_have_both_names():
    """The data's code and the Mem0 paper name the same numbers differently."""
    categories = data.read("locomo", HERE / "locomo.json").categories

    assert {
        ("1", "multi-hop", "Single-hop"),
        ("2", "temporal", "Temporal"),
        ("3", "open-domain", "Multi-hop"),
        ("4", "single-hop", "Open domain"),
        ("5", "adversarial", ""),
    } == {(c.key, c.name, c.paper) for c in categories}


def test_recorded_facts_of_locomo_have_provenance():
    """A fact names its turns; one that names none of the conversation is left out."""
    facts = data.read("locomo", HERE / "locomo.json").conversations[0].facts

    assert [("D1:1", "D1:2"), ("D1:4",), ("D2:2",), ("D2:1",)] == [fact.sources for fact in facts]
    assert "Ines" == facts[0].subject


def test_turns_that_hold_the_answer_are_the_evidence_of_longmemeval():
    """And the question was asked at a known moment, by the user of a chat with an assistant."""
    asked = data.read("longmemeval", HERE / "longmemeval.json").conversations[0]

    question = asked.questions[0]
    assert (("q7/1/s_b:0",), "turn", "knowledge-update") == (question.evidence, question.level, question.category)
    assert datetime(2024, 2, 20, 10, tzinfo=UTC) == question.asked_at
    assert ["user", "assistant", "user", "assistant"] == [turn.role for turn in asked.turns]


def test_without_marked_turns_sessions_are_the_evidence_of_longmemeval():
    """A question that ends with _abs cannot be answered, whatever its type."""
    question = data.read("longmemeval", HERE / "longmemeval.json").conversations[1].questions[0]

    assert (("q8_abs/0/s_c",), "session") == (question.evidence, question.level)
    assert (True, "abstention") == (question.unanswerable, question.category)


def test_a_corpus_is_one_conversation_of_passages():
    """Each passage stands alone; triples that are no triples are left out."""
    corpus = data.read("musique", HERE / "corpus").conversations[0]

    assert (False, 4, 4) == (corpus.chat, len(corpus.sessions), len(corpus.facts))
    assert (("Alder Press", "founded by", "Hilde Moss"),) == corpus.facts[0].relations
    assert ["3 hops", "2 hops"] == [question.category for question in corpus.questions]


@pytest.mark.parametrize("name", ["musique.jsonl", "hotpot.json"])
def test_questions_with_their_own_passages(name: str):
    """MuSiQue and HotpotQA as they are published: the supporting passages are the evidence."""
    own = data.read("musique", HERE / name).conversations[0]

    assert ["Alder Press", "Brine", "Corvo Atlas"] == [turn.speaker for turn in own.turns]
    assert (f"{own.id}/0", f"{own.id}/2") == own.questions[0].evidence


def test_data_of_ones_own():
    """Sessions or turns, facts, categories, aliases; what is absent has a default."""
    dataset = data.read("jsonl", HERE / "own.jsonl")
    first, second = dataset.conversations

    assert ("Acme", "at Acme") == (first.questions[0].answer, *first.questions[0].aliases)
    assert ("c2/1", ("1:1",), "all") == (*_named(second), second.questions[0].category)
    assert {"none"} == {c.key for c in dataset.categories if not c.averaged}


def _named(conversation: Conversation) -> tuple[str, tuple[str, ...]]:
    question: Question = conversation.questions[0]
    return question.id, question.evidence


BROKEN = {
    "record 1 (talk-1): has no key 'conversation'": lambda d: d[0].pop("conversation"),
    "record 1 (talk-1), session_1, turn 2: has no key 'text'": lambda d: d[0]["conversation"]["session_1"][1].pop(
        "text"
    ),
    "record 1 (talk-1), qa 3: key 'category' is a text, not a number": lambda d: d[0]["qa"][2].update(category="1"),
    "record 2: key 'sample_id' is 'talk-1'": lambda d: d[1].update(sample_id="talk-1"),
}


@pytest.mark.parametrize("problem", BROKEN)
def test_a_malformed_locomo_file_is_told_apart(problem: str, tmp_path: Path):
    """The record and the key are named."""
    document = locomo()
    BROKEN[problem](document)

    with pytest.raises(InputError) as raised:
        data.read("locomo", written(tmp_path, document))

    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("name", "document", "problem"),
    [
        ("longmemeval", {"a": 1}, "is not a list of questions"),
        (
            "longmemeval",
            [{"question_id": "q", "haystack_sessions": [], "haystack_dates": ["x"]}],
            "record 1 (q): has 0",
        ),
        ("musique", [{"id": "m", "question": "?", "paragraphs": [{"title": "T"}]}], "paragraph 1: has no key"),
        ("musique", [{"question": "?"}], "record 1: has no key 'id'"),
        ("locomo", [], "holds no locomo record"),
        ("locomo", "text", "is not a list of LoCoMo samples"),
    ],
)
def test_other_malformed_files(name: str, document: object, problem: str, tmp_path: Path):
    """The same for the other shapes."""
    with pytest.raises(InputError) as raised:
        data.read(name, written(tmp_path, document))

    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 1: is not JSON"),
        ('{"id": "a"}', "line 1: has no key 'sessions'"),
        ('{"id": "a", "turns": [{"id": "1"}]}', "session 1, turn 1: has no key 'text'"),
        (
            '{"id": "a", "turns": [], "questions": [{"question": "?", "evidence": ["z"]}]}',
            "names 'z', which is no turn",
        ),
        ('{"id": "a", "turns": [{"id": "x", "text": "1"}, {"id": "x", "text": "2"}]}', "two turns with one id"),
    ],
)
def test_a_malformed_line_is_named(line: str, problem: str, tmp_path: Path):
    """Number of the line and key."""
    path = tmp_path / "own.jsonl"
    path.write_text(line + "\n", encoding="utf-8")

    with pytest.raises(InputError) as raised:
        data.read("jsonl", path)

    assert problem in str(raised.value)


def test_a_part_of_the_data():
    """Conversations by id or place, categories, and so many questions of each."""
    whole = data.read("locomo", HERE / "locomo.json")
    part = data.chosen(whole, conversations=["talk-2", "0"], categories=["4"], limit=1)

    assert ["talk-1/0", "talk-2/0"] == [question.id for question in part.questions]


def test_a_part_that_does_not_exist():
    """A slip of the pen does not silently ask nothing."""
    whole = data.read("locomo", HERE / "locomo.json")

    with pytest.raises(InputError, match="there is no 'talk-9'"):
        data.chosen(whole, conversations=["talk-9"])


@pytest.mark.data
def test_the_real_files_are_read(data_path: Path):
    """As many conversations, turns, facts and questions as they hold."""
    talks = data.read("locomo", data_path / "locomo" / "locomo_dev.json")
    corpus = data.read("musique", data_path / "musique")

    assert (5, 2760, 999) == (
        len(talks.conversations), sum(1 for c in talks.conversations for _ in c.turns), sum(1 for _ in talks.questions),
    )  # fmt: skip
    assert (1890, 50) == (sum(1 for _ in corpus.conversations[0].turns), sum(1 for _ in corpus.questions))
