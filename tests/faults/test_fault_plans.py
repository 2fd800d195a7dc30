"""Models and stores that fail in every way: nothing is lost or done twice; the end is that of a run without faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from graphmem import Memory
from graphmem.models.limiter import Limiter
from graphmem.models.llm_extractor import LLMExtractor
from graphmem.models.openai import OpenAIChat, OpenAIEmbedder
from tests.conftest import Clock
from tests.faults.plans import TIMEOUT, Plan
from tests.faults.states import State, differences, state
from tests.faults.workload import LINE, STATEMENT, World, undisturbed
from tests.lengths import longer
from tests.stub_server import StubServer

SEEDS = range(longer(3, 60))
ADDS = 10


def answer(body: Any) -> str:
    """The facts of the messages, as a model would give them."""
    asked = body["messages"][-1]["content"]
    found = [(f"m{n}", m) for n, text in LINE.findall(asked) for m in STATEMENT.finditer(text)]
    facts = [
        {"message": i, "quote": m[0], "text": f"{m[0]}.", "subject": m[1], "relations": [[m[1], m[2], m[3]]]}
        for i, m in found
    ]
    return json.dumps(
        {"entities": [{"name": n, "type": "Person"} for _, m in found for n in (m[1], m[3])], "facts": facts}
    )


@pytest.fixture(autouse=True)
def every_add_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """To Chroma, so that each can fail at it."""
    monkeypatch.setattr("graphmem.projection.GROUP", 1)


def opened(home: Path, stub: StubServer, clock: Clock, plan: Plan) -> Memory:
    """A memory on the real client for both models, whose vector store follows the plan."""
    limiter = Limiter(sleep=lambda _: None)
    parts: dict[str, Any] = {"provider": "custom", "base_url": stub.base_url, "timeout": TIMEOUT, "limiter": limiter}
    llm = OpenAIChat("chat", **parts, tries=2)
    embedder = OpenAIEmbedder("embed", dimensions=32, **parts, tries=2)
    memory = Memory.open(home=home, llm=llm, embedder=embedder, extractor=LLMExtractor(llm), clock=clock)
    projection = memory._engine.projection
    made = projection._open_vectors
    assert made is not None
    projection._open_vectors = lambda **options: plan.store(made(**options))
    return memory


def add_all(memory: Memory) -> list[str]:
    """Different people know different people: whatever comes late changes nothing else. Returns statuses."""
    return [
        memory.add(
            [f"Ann{n} knows Bob{n}.", f"Cem{n} works_with Dan{n}."], user_id=f"u{n % 3}", idempotency_key=f"add {n}"
        ).status
        for n in range(ADDS)
    ]


def of_effect(found: State) -> State:
    """All but how it came about: the journal keeps bad replies, and a before-image what was there before."""
    return {table: rows for table, rows in found.items() if table not in {"model_replies", "resolutions"}}


def run(home: Path, clock: Clock, plan: Plan) -> tuple[State, Sequence[str], int, int]:
    """Every add three times, as a client does that got no answer; then all is well. State, statuses, waiting, asked."""
    with StubServer(plan.model(answer), dimensions=32, keep=False) as stub, opened(home, stub, clock, plan) as memory:
        statuses = add_all(memory) + add_all(memory) + add_all(memory)
        plan.well()
        waiting = len(memory.episodes(status="failed"))
        before = stub.seen.chat_calls
        assert {"done"} >= {result.status for result in memory.retry()}
        asked = stub.seen.chat_calls - before
        assert () == memory.verify().differences
        assert 0 == memory.status().pending
    return of_effect(state(home)), statuses, waiting, asked


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_with_faults_ends_like_one_without(tmp_path: Path, clock: Clock, seed: int) -> None:
    """Equal states, no call of a caller failed, and what waited was asked for once each when all was well."""
    plan = Plan(seed)
    wanted, statuses, _, _ = run(tmp_path / "well", clock, Plan(seed, often=0))
    found, with_faults, waiting, asked = run(tmp_path / "faulty", clock, plan)
    assert [] == differences(wanted, found)
    assert {"done"} == set(statuses)
    assert {"done", "failed"} >= set(with_faults)
    assert plan.faults > 3
    assert waiting >= asked


def without_empty_receipts(found: State) -> State:
    """Each erasure that is asked for has its receipt: the same one again finds nothing, and cleans the files anew."""
    rows = frozenset(row for row in found.get("erasures", ()) if not _empty(json.loads(row)))
    return {**found, "erasures": rows}


def _empty(receipt: dict[str, Any]) -> bool:
    return receipt["finished_at"] is not None and not any(receipt["counts"].values())


def test_every_write_may_be_repeated(tmp_path: Path) -> None:
    """Each call of a workload three times in a row, as after an answer that was lost: the state of a single run."""
    states: list[State] = []
    calls = list(undisturbed(3, tmp_path / "once", lambda: states.append(state(tmp_path / "once"))))
    world = World()
    with world.opened(tmp_path / "thrice", vectors="none") as memory:
        for number, call in enumerate(calls):
            for _ in range(3):
                world.perform(memory, number, call)
            wanted, found = (without_empty_receipts(s) for s in (states[number + 1], state(tmp_path / "thrice")))
            assert [] == differences(wanted, found), call
