"""Plan, then apply: nothing is written before, and exactly what was shown is written after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphmem import ConflictError, Fact, InputError, Memory
from graphmem.ledger.database import schema
from graphmem.values import PlannedAdd
from tests.conftest import Clock
from tests.faults.states import differences, state
from tests.faults.workload import World
from tests.operations.conftest import Opener
from tests.operations.worlds import everything


def rows(memory: Memory) -> dict[str, int]:
    """Rows by table."""
    return dict(memory._engine.ledger.counts())


@pytest.fixture
def known(bare: Memory, clock: Clock) -> Memory:
    """Somebody who lives and works somewhere."""
    bare.add("Ann works_at Acme", user_id="maria", run_id="r", at="2024-01-01")
    clock.advance(hours=1)
    return bare


def told(result: Any) -> list[tuple[str, str]]:
    """What changes, in words."""
    return [(change.event, change.text) for change in result.changes]


def test_a_plan_writes_nothing(known: Memory):
    """No row of any table, and nothing that a reader could see."""
    before, seen = rows(known), everything(known, "maria")

    planned = known.plan("Ann works_at Initech. Bob knows Ann", user_id="maria", run_id="r", at="2024-01-10")

    assert (before, seen) == (rows(known), everything(known, "maria"))
    assert [("ADD", "Ann works_at Initech"), ("ADD", "Bob knows Ann"), ("DELETE", "Ann works_at Acme")] == told(planned)
    assert ["Initech", "Ann"] == [relation.target.name for relation in planned.relations_added]
    assert ["Acme"] == [relation.target.name for relation in planned.relations_ended]


def test_apply_does_what_an_add_would_have_done(opened: Opener, clock: Clock, tmp_path: Any):
    """Two homes, one planned and applied, the other added to, hold the same."""
    from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
    from tests.flows.conftest import triples

    said = {"user_id": "maria", "run_id": "r", "at": "2024-01-10", "metadata": {"n": 1}}
    one = opened(vectors="none")
    parts: dict[str, Any] = {"embedder": HashEmbedder(), "extractor": ScriptedExtractor(triples), "clock": clock}
    with Memory.open(home=tmp_path / "other", vectors="none", **parts) as two:
        for memory in (one, two):
            memory.add("Ann works_at Acme", user_id="maria", run_id="r", at="2024-01-01")
        planned = one.plan("Ann works_at Initech", **said)  # type: ignore[arg-type]
        again = PlannedAdd.model_validate_json(planned.model_dump_json())

        applied, added = one.apply(again), two.add("Ann works_at Initech", **said)  # type: ignore[arg-type]

        assert told(added) == told(applied)
        assert (added.episode_id, added.resolution_id) == (applied.episode_id, applied.resolution_id)
        assert everything(two, "maria") == everything(one, "maria")
    assert () == one.verify().differences


def test_apply_asks_no_extractor_and_counts_from_when_it_was_applied(opened: Opener, clock: Clock):
    """The plan stands for the model; the system learned the fact when it was applied."""
    planned = opened(vectors="none").plan("Ann knows Bob", user_id="maria")
    clock.advance(days=1)
    memory = opened(vectors="none", extractor="none")

    memory.apply(planned)

    (fact,) = memory.list(user_id="maria")
    assert ("Ann knows Bob", clock.now) == (fact.text, fact.recorded_at)


@pytest.mark.parametrize("change", ["add", "delete", "update", "undo", "merge", "erase", "review"])
def test_a_plan_of_another_world_is_refused(known: Memory, change: str):
    """Whatever was changed since, the plan is not carried out, and nothing is written."""
    known.add("Cem knows Dora", user_id="maria")
    last = known.add("Ann likes Tea", user_id="maria")
    planned = known.plan("Ann works_at Initech", user_id="maria", at="2024-01-10")
    fact = next(f for f in known.list(user_id="maria") if "Tea" in f.text)
    changes: dict[str, Any] = {
        "add": lambda: known.add("Eve knows Bob", user_id="maria", infer=False),
        "delete": lambda: known.delete(fact.id),
        "update": lambda: known.update(fact.id, metadata={"a": 1}),
        "undo": lambda: known.undo(str(last.resolution_id)),
        "merge": lambda: known.merge("Cem", "Dora", user_id="maria"),
        "erase": lambda: known.erase(fact.id),
        "review": lambda: known.add("Ann works_at Evil", user_id="maria", at="2024-01-11", trust="web"),
    }
    changes[change]()
    before = rows(known)

    with pytest.raises(ConflictError, match="Plan it again"):
        known.apply(planned)

    assert before == rows(known)


def test_another_owner_changes_nothing(known: Memory):
    """What other users do leaves a plan valid."""
    planned = known.plan("Ann works_at Initech", user_id="maria", at="2024-01-10")
    known.add("Ann works_at Evil", user_id="bob")

    assert "done" == known.apply(planned).status


def test_a_plan_is_applied_once(known: Memory):
    """A second time it is the same add again."""
    planned = known.plan("Ann works_at Initech", user_id="maria", at="2024-01-10")
    first = known.apply(planned)

    second = known.apply(planned)

    assert (first.episode_id, True) == (second.episode_id, second.duplicate)
    assert known.plan("Ann works_at Initech", user_id="maria", at="2024-01-10").duplicate
    known.undo(str(first.resolution_id))
    assert ["Ann works_at Acme"] == [f.text for f in known.list(user_id="maria")]


def test_a_plan_knows_the_conversation_before_it(opened: Opener):
    """The extractor is given the same recent messages as in an add."""
    from graphmem.models.contracts import ExtractionRequest
    from graphmem.models.scripted import ScriptedExtractor
    from graphmem.values import Draft

    heard: list[list[str]] = []

    def hearing(request: ExtractionRequest) -> Draft:
        heard.append([message.content for message in request.recent])
        return Draft()

    memory = opened(vectors="none", extractor=ScriptedExtractor(hearing))
    for text in ("one", "two"):
        memory.add(text, user_id="maria", run_id="r")

    memory.plan("three", user_id="maria", run_id="r")
    memory.add("three", user_id="maria", run_id="r")

    assert ["one", "two"] == heard[-1] == heard[-2]


def test_only_a_plan_can_be_applied(bare: Memory):
    """Anything else is refused by name."""
    with pytest.raises(InputError, match="plan"):
        bare.apply({"plan": 1})  # type: ignore[arg-type]
    assert "plan" not in schema.metadata.tables


def test_a_word_that_becomes_a_name_is_embedded_by_an_add_and_by_its_plan(tmp_path: Path):
    """`kyiv` was a word of a message, `Kyiv` is a place: it is found by likeness from then on, whichever wrote it."""
    fact = Fact(text="Dana lives in Kyiv.", relations=(("Dana", "lives_in", "Kyiv"),))
    found = []
    for way in ("add", "apply"):
        world = World()
        with world.opened(tmp_path / way, vectors="none") as memory:
            memory.add("Ann lives_in Kyiv435.", user_id="ann")
            given: dict[str, Any] = {"user_id": "ann", "facts": [fact]}
            memory.add("Minutes", **given) if way == "add" else memory.apply(memory.plan("Minutes", **given))
            (place,) = [e for e in memory.entities(user_id="ann", limit=50) if e.name.casefold() == "kyiv"]
        rows = state(tmp_path / way)["vectors"]
        assert any(place.id in row for row in rows)
        found.append(rows)
    assert [] == differences({"vectors": found[0]}, {"vectors": found[1]})
