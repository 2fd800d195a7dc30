"""Runs with a chat model, against a server that speaks the protocol: counted, held to a budget, never paid twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem import Settings
from graphmem.cli._run import run as command
from graphmem.errors import ConfigError, InputError
from graphmem.evaluation import data, opening
from graphmem.evaluation.estimates import estimate
from graphmem.evaluation.plans import Plan
from graphmem.evaluation.prices import Price, Prices, parse
from graphmem.evaluation.records import Dataset, Layout, Measurements
from graphmem.evaluation.results import read_measurements, read_scores
from graphmem.evaluation.runs import Outcome, Run
from graphmem.evaluation.techniques.contract import Options
from tests.evaluation.conftest import files
from tests.stub_server import Answer, StubServer

PRICES = {"small": Price(1000.0, 0.0)}
"""A dollar for a thousand tokens asked; answers for nothing, so that little has to be reserved."""
Body = dict[str, Any]
Go = Callable[..., Outcome]


def reply(body: Body) -> str:
    """A model that reads a fact from every message, answers from the first memory, and finds half of that right."""
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("name")
    user = body["messages"][-1]["content"]
    if schema == "memory":
        said = re.findall(r"^(m\d+) \[[^]]*\] (\w+) \(user\): (.*)$", user, re.MULTILINE)
        facts = [
            {"message": m, "quote": text, "text": f"{name} says: {text}", "subject": name} for m, name, text in said
        ]
        return json.dumps({"entities": [{"name": name, "type": "Person"} for _, name, _ in said], "facts": facts})
    if schema == "verdicts":
        return json.dumps({"verdicts": []})
    if schema == "verdict":
        lenient = "leniently" in body["messages"][0]["content"]
        return json.dumps({"reason": "so it is", "label": "CORRECT" if lenient or "door 1" in user else "WRONG"})
    return "door 1" if "door 1?" in user else "not mentioned" if "window" in user else "door 2"


@pytest.fixture
def stub() -> Iterator[StubServer]:
    """The server of the model."""
    with StubServer(chat=reply) as server:
        yield server


@pytest.fixture
def doors(tmp_path: Path) -> Dataset:
    """Two conversations of four turns, with ten questions each, two of which cannot be answered."""
    path = tmp_path / "doors.jsonl"
    path.write_text("".join(json.dumps(conversation(name)) + "\n" for name in ("north", "south")), encoding="utf-8")
    return data.read("jsonl", path)


def conversation(name: str) -> Body:
    """Who painted which door."""
    turns = [
        {"id": f"{name}-{n}", "speaker": "Ana", "text": f"I painted door {n} of the {name} house."} for n in range(4)
    ]
    asked = [{"question": f"Who painted door {n % 4}?", "answer": f"door {n % 4}", "evidence": [f"{name}-{n % 4}"],
              "category": "doors"} for n in range(8)]  # fmt: skip
    asked += [{"question": f"Who painted window {n}?", "category": "windows", "unanswerable": True} for n in range(2)]
    sessions = [{"date": "2024-05-01", "turns": turns[:2]}, {"date": "2024-06-01", "turns": turns[2:]}]
    return {"id": name, "sessions": sessions, "questions": asked}


def settings(stub: StubServer, **more: Any) -> Settings:
    """Those that name the stub."""
    return Settings(
        llm_provider="custom",
        llm_base_url=stub.base_url,
        llm_model="small",
        embedder="hash",
        **{"llm_timeout": 5, **more},
    )


@pytest.fixture
def go(stub: StubServer, doors: Dataset, out: Path) -> Go:
    """Run `graphmem+` in mode llm, with answers and both judges."""

    def run(
        *, folder: Path = out, budget: float | None = None, resume: bool = False, workers: int = 1, runs: int = 2,
        technique: str = "graphmem+", **more: Any,
    ) -> Outcome:  # fmt: skip
        plan = Plan.of(
            doors, technique, Options(mode="llm"), answers=True, judges=("generous", "strict"), judge_runs=runs
        )
        with opening.models(settings(stub, **more), folder, prices=PRICES, budget=budget) as models:
            return Run(plan, models, folder, resume=resume, workers=workers).execute()

    return run


def measured(out: Path, label: str = "graphmem+-llm") -> Measurements:
    """The measurements of a run."""
    return read_measurements(Layout(out / label))


def sums(found: Measurements) -> tuple[int, int, int]:
    """Calls and tokens of all stages."""
    stages = found.costs.values()
    return (
        sum(s.calls for s in stages), sum(s.prompt_tokens for s in stages), sum(s.completion_tokens for s in stages),
    )  # fmt: skip


def test_calls_and_tokens_are_those_that_the_server_counted(go: Go, stub: StubServer, out: Path):
    """20 questions: 4 adds read, 20 answers, 16 x 2 judges x 2 runs."""
    outcome = go()
    costs = measured(out).costs

    assert (20, 20, "") == (outcome.questions, outcome.finished, outcome.stopped)
    assert (stub.seen.chat_calls, stub.seen.prompt_tokens, stub.seen.completion_tokens) == sums(measured(out))
    assert (20, 64) == (costs["answer"].calls, costs["judge"].calls)
    assert costs["ingest"].calls >= 4
    assert pytest.approx(stub.seen.prompt_tokens / 1000) == outcome.dollars


def test_answers_are_scored_by_words_judges_and_silence(go: Go, out: Path):
    """The strict judge finds a quarter of them right; every unanswerable question is left open."""
    go()
    overall = read_scores(Layout(out / "graphmem+-llm")).overall

    assert (1.0, 0.0) == (overall["judge generous"].mean, overall["judge generous"].sd)
    assert pytest.approx(4 / 16) == overall["judge strict"].mean
    assert (1.0, 4) == (overall["abstention"].mean, overall["abstention"].n)
    assert overall["F1"].mean == pytest.approx((4 * 1 + 4 * 1 + 8 * 0.5) / 16)


def test_faults_of_the_server_are_survived_and_counted(go: Go, stub: StubServer, out: Path):
    """Too many requests, an error, no answer in time: nothing is lost; what was answered is counted, a timeout not."""
    stub.faults += [
        Answer(status=429, headers={"retry-after": "0"}),
        Answer(status=500),
        Answer(status=503, delay=6.0),
        Answer(status=429, headers={"retry-after-ms": "5"}),
    ]
    outcome = go(llm_timeout=3)

    assert (20, ()) == (outcome.finished, outcome.failed)
    assert (stub.seen.chat_calls - 1, stub.seen.prompt_tokens, stub.seen.completion_tokens) == sums(measured(out))


def test_a_budget_stops_before_it_is_exceeded_and_the_rest_is_paid_later(
    go: Go, stub: StubServer, out: Path, tmp_path: Path
):
    """Whatever is stopped and continued, all calls together are those of one run, and so are the files."""
    whole = go(folder=tmp_path / "whole")
    calls = stub.seen.chat_calls
    price = whole.dollars or 0.0

    stopped = go(budget=price * 0.4)
    again = go(budget=price * 0.7, resume=True)
    finished = go(budget=price * 2, resume=True)

    assert "budget" in stopped.stopped
    assert 0 < stopped.finished < again.finished < finished.finished == 20
    assert (stopped.dollars or 0) <= price * 0.4
    assert (again.dollars or 0) <= price * 0.7
    assert 2 * calls == stub.seen.chat_calls
    assert pytest.approx(price) == finished.dollars
    assert files(Layout(tmp_path / "whole" / "graphmem+-llm")) == files(Layout(out / "graphmem+-llm"))


def test_a_budget_holds_for_threads_together(go: Go, out: Path):
    """What is under way is reserved."""
    outcome = go(budget=4.0, workers=4)

    assert "budget" in outcome.stopped
    assert (outcome.dollars or 0) <= 4.0


def test_workers_give_the_same_answers(go: Go, out: Path, tmp_path: Path):
    """Four at once, each with a client of its own that counts for itself."""
    go(workers=4)
    go(folder=tmp_path / "alone")

    assert files(Layout(tmp_path / "alone" / "graphmem+-llm")) == files(Layout(out / "graphmem+-llm"))
    assert sums(measured(tmp_path / "alone")) == sums(measured(out))


def test_a_refusal_stops_the_run(stub: StubServer, doors: Dataset, out: Path):
    """A wrong key is wrong for every question; the next run does them all."""
    stub.faults.append(Answer(status=401))
    plan = Plan.of(doors, "bm25", Options(), answers=True)
    with opening.models(settings(stub), out) as models:
        refused = Run(plan, models, out).execute()
        finished = Run(plan, models, out, resume=True).execute()

    assert "does not accept the key" in refused.stopped
    assert (0, 20) == (refused.finished, finished.finished)


def test_a_model_that_fails_again_and_again_is_given_up(doors: Dataset, out: Path):
    """After five questions in a row; each of them is told."""
    with StubServer(chat=lambda _: "") as silent:
        plan = Plan.of(doors, "bm25", Options(), answers=True)
        with opening.models(settings(silent), out) as models:
            outcome = Run(plan, models, out).execute()

    assert (0, 5) == (outcome.finished, len(outcome.failed))
    assert "is empty" in outcome.stopped


def test_more_judgements_cost_only_themselves(go: Go, stub: StubServer, out: Path):
    """A finished run is judged once more: no answer is asked for again."""
    go(runs=1)
    before = stub.seen.chat_calls
    go(runs=2, resume=True)

    assert 32 == stub.seen.chat_calls - before


def test_answers_can_be_added_to_a_run_without(stub: StubServer, doors: Dataset, out: Path):
    """The contexts are on disk: nothing is looked up again."""
    for answers in (False, True):
        plan = Plan.of(doors, "bm25", Options(), answers=answers)
        with opening.models(settings(stub), out) as models:
            outcome = Run(plan, models, out, resume=answers).execute()

    assert (20, 20) == (outcome.finished, stub.seen.chat_calls)
    assert outcome.dollars == 0.0
    assert measured(out, "bm25-raw").costs["answer"].dollars is None


def test_both_techniques_pay_for_one_memory(go: Go, stub: StubServer, out: Path):
    """`graphmem` reads what `graphmem+` had extracted; both tell what it cost."""
    go()
    go(technique="graphmem")
    costs = [measured(out, f"{name}-llm").costs for name in ("graphmem", "graphmem+")]

    assert costs[0]["ingest"] == costs[1]["ingest"]
    assert stub.seen.chat_calls == sums(measured(out))[0] + costs[0]["answer"].calls + costs[0]["judge"].calls


def test_a_model_for_the_answers_does_not_decide_what_is_remembered(stub: StubServer, doors: Dataset, out: Path):
    """Only the mode llm asks it to read."""
    plan = Plan.of(doors, "graphmem+", Options(), answers=True)
    with opening.models(settings(stub), out) as models:
        Run(plan, models, out).execute()

    assert {"answer"} == measured(out, "graphmem+-raw").costs.keys()


def test_the_bill_is_estimated_before(stub: StubServer, doors: Dataset, out: Path, go: Go):
    """Calls of answers and judges exactly, tokens within a half; and no call is made for it."""
    plan = Plan.of(doors, "graphmem+", Options(mode="llm"), answers=True, judges=("generous", "strict"), judge_runs=2)
    with opening.models(settings(stub), out, prices=PRICES) as models:
        expected = {row.stage: row.cost for row in estimate(plan, models).rows}
    made = stub.seen.chat_calls
    go()
    real = measured(out).costs

    assert (0, 20, 64, 4) == (made, expected["answer"].calls, expected["judge"].calls, expected["extract"].calls)
    for stage in ("answer", "judge"):
        assert 0.5 < expected[stage].prompt_tokens / real[stage].prompt_tokens < 1.5


def test_a_price_that_is_not_known_must_be_given(stub: StubServer, doors: Dataset, out: Path):
    """For a budget and for an estimate; the message shows how."""
    with pytest.raises(ConfigError, match="--price small=0"), opening.models(settings(stub), out, budget=1.0):
        pass
    plan = Plan.of(doors, "bm25", Options(), answers=True)
    with opening.models(settings(stub), out) as models, pytest.raises(ConfigError, match="'small' is not known"):
        estimate(plan, models)


def test_prices():
    """A dated name has the price of its family; one's own price wins."""
    prices = Prices({"gpt-4o": Price(1, 2)})

    assert pytest.approx(0.15 + 0.6) == prices.dollars("gpt-4o-mini-2024-07-18", 1_000_000, 1_000_000)
    assert 3.0 == prices.dollars("gpt-4o", 1_000_000, 1_000_000)
    assert prices.of("gpt-4o-realtime") is None
    assert ("qwen3:8b", Price(0, 0)) == parse("qwen3:8b=0/0")
    with pytest.raises(InputError, match="MODEL=ASKED/ANSWERED"):
        parse("qwen3:8b")


def test_the_command_runs_it_all(
    stub: StubServer, doors: Dataset, out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Estimate, a budget that stops with exit code 1, and the rest with --resume; the table names judges and costs."""
    for key, value in {
        "LLM_PROVIDER": "custom",
        "LLM_BASE_URL": stub.base_url,
        "LLM_MODEL": "small",
        "EMBEDDER": "hash",
    }.items():
        monkeypatch.setenv(f"GRAPHMEM_{key}", value)
    asked = ["eval", "run", "jsonl", doors.path, "-t", "graphmem", "--is-graph", "--mode", "llm", "--out", str(out),
             "--price", "small=1000/0"]  # fmt: skip

    assert 0 == command([*asked, "--estimate"])
    estimated = capsys.readouterr().out
    assert 1 == command([*asked, "--budget-usd", "4"])
    stopped = capsys.readouterr().err
    assert 0 == command([*asked, "--resume", "-o", "json"])
    told = json.loads(capsys.readouterr().out)

    assert "extract" in estimated
    assert "The budget of $4.00 is reached" in stopped
    assert ["graphmem+-llm"] == [outcome["label"] for outcome in told["outcomes"]]
    assert told["runs"][0]["measurements"]["costs"]["judge"]["calls"] == 32
