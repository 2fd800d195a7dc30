"""Whatever a chat model or its server answers: a typed outcome, nothing by half, and all comes home when it is well.

Through the real client and a real HTTP server. `make faults` runs the long form.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem.cli._run import run
from tests.faults.answering import OUTCOMES, Model, answered, say
from tests.faults.bad_replies import Bad, corpus, http_answers, mutated, texts, worse
from tests.faults.fuzzing import outcomes, over_http, verdicts
from tests.steps.malformed_replies import MESSAGES, TEXT
from tests.stub_server import Answer, StubServer

SHORT_FUZZ = 2000
SOME_WORSE = 4
"""The short form takes one of so many answers."""


@pytest.fixture
def model(home: Path) -> Iterator[Model]:
    """With its server running."""
    made = Model(home)
    with made.server:
        yield made


def some(bad: tuple[Bad, ...]) -> list[Bad]:
    """One of each class at least, and a few of the rest; the long form takes all."""
    seen: Counter[str] = Counter()
    kept = []
    for one in bad:
        if seen[one.kind] % 6 == 0:
            kept.append(one)
        seen[one.kind] += 1
    return kept


def test_the_corpus_is_as_large_as_it_says() -> None:
    """At least 300 answers of at least 25 classes, of which the short form leaves none out."""
    kinds = Counter(bad.kind for bad in corpus())
    assert kinds.total() >= 300
    assert len(kinds) >= 25
    assert set(kinds) == {bad.kind for bad in some(corpus())}
    assert set(kinds) == {kind for kind, _ in texts()} | {bad.kind for bad in http_answers()}


def test_every_bad_answer_has_a_typed_outcome_and_comes_home(home: Path) -> None:
    """None is an exception or half a write; when the model is well again, retry finishes what was quarantined."""
    seen, problems = answered(home, some(corpus()))
    assert [] == problems
    assert OUTCOMES - {"retried"} == set(seen)


def test_a_bad_reply_is_asked_for_once_more(home: Path) -> None:
    """The second reply counts, and the add says that it took two."""
    model = Model(home)
    model.server = StubServer(["I'm sorry.", TEXT])
    with model.server, model.opened() as memory:
        result = say(memory, "ann")
    assert ("done", "retried", 2) == (result.status, result.outcome, result.usage.model_calls)


def test_mutations_of_good_replies_are_read_or_refused() -> None:
    """Never anything but a draft or a ModelReplyError, and no fact without its quote."""
    found, problems = outcomes(range(SHORT_FUZZ))
    assert [] == problems
    assert SHORT_FUZZ == sum(found.values())
    assert {"ok", "repaired", "quarantined"} == set(found)
    assert mutated(7) == mutated(7) != mutated(8)


def test_worse_answers_over_http_are_read_or_refused() -> None:
    """Accidents to answers of every class: a draft or a ModelError, whatever the server sends."""
    found, problems = over_http(range(3, len(corpus()), SOME_WORSE))
    assert [] == problems
    assert {"ok", "repaired", "quarantined: ModelReplyError"} <= set(found)
    assert worse(7) == worse(7) != worse(7 + len(corpus()))


def test_a_bad_reply_of_a_judge_decides_nothing_that_was_not_asked() -> None:
    """Whatever it says, verdicts are about the pairs asked; most bad replies keep both facts."""
    assert [] == verdicts([text for _, text in texts()])


@pytest.mark.parametrize("content", ["Ann moved to Lisbon.", " ".join(MESSAGES * 10)])
def test_a_reply_that_is_cut_off_is_split_and_comes_home(model: Model, content: str) -> None:
    """finish_reason=length halves the text as far as it goes; a short one waits until the limit is raised."""
    model.answer = Answer(TEXT[:100], finish_reason="length")
    with model.opened() as memory:
        first = memory.add(content, user_id="ann")
        assert ("failed", "quarantined") == (first.status, first.outcome)
        assert "cut off" in first.reason
        model.answer = Answer('{"entities": [], "facts": []}')
        assert [("empty", first.episode_id)] == [(r.status, r.episode_id) for r in memory.retry()]


def test_the_parts_of_a_split_reply_become_one_add(home: Path) -> None:
    """What only fits in several replies is taken from several, and the add says so."""

    def answer(body: dict[str, Any]) -> Answer:
        asked = body["messages"][-1]["content"]
        return Answer(TEXT[:300], finish_reason="length") if "m2 [" in asked else Answer(one_fact(asked))

    model = Model(home)
    model.server = StubServer(answer)
    with model.server, model.opened() as memory:
        result = memory.add([f"Bea lives in City{n}." for n in range(4)], user_id="ann")
        found = memory.list(user_id="ann", include_past=True)
    assert "retried" == result.outcome
    assert {f"Bea lives in City{n}." for n in range(4)} == {m.text for m in found}


def one_fact(asked: str) -> str:
    """The city that the prompt names last, as a fact."""
    city = asked[asked.rindex("City") :].split(".", maxsplit=1)[0]
    text = f"Bea lives in {city}."
    fact = {"message": "m1", "quote": text, "text": text, "subject": "Bea", "relations": [["Bea", "visited", city]]}
    return json.dumps({"entities": [{"name": "Bea", "type": "Person"}, {"name": city}], "facts": [fact]})


def test_the_command_line_shows_what_failed_and_finishes_it(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`episodes --failed` names the reason; `retry` brings it home when the model is well, and not before."""
    model.answer = Answer("I'm sorry, but I can't help with that.")
    with model.opened() as memory:
        say(memory, "ann")
    settings = {
        "HOME": model.home, "LLM_PROVIDER": "custom", "LLM_MODEL": "m", "LLM_BASE_URL": model.server.base_url,
        "EMBEDDER": "hash", "EMBEDDING_DIMENSIONS": "32", "EXTRACTOR": "llm", "VECTORS": "none",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"GRAPHMEM_{name}", str(value))

    def command(*words: str) -> tuple[int, Any]:
        code = run([*words, "-o", "json"])
        return code, json.loads(capsys.readouterr().out)

    code, (shown,) = command("episodes", "--failed")
    assert 0 == code
    assert "Two replies in a row" in shown["reason"]
    assert 1 == command("retry")[0]
    model.answer = Answer(TEXT)
    assert 0 == command("retry")[0]
    assert (0, []) == command("episodes", "--failed")
