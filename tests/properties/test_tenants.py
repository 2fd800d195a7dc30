"""The state machine of `machine.py`, the short form; `make faults` runs the long one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.lengths import longer
from tests.properties.home import RAM
from tests.properties.invariants import picture
from tests.properties.isolation import READS, WRITES, figures
from tests.properties.machine import OnLedger, OnNeo4j, Tenants
from tests.properties.reading import read


def explored(kind: type[Tenants], examples: int, steps: int) -> None:
    """Run the machine; the same examples every time."""
    run_state_machine_as_test(
        kind,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            # Explaining a failure traces every line that runs: it takes minutes.
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_calls_keep_what_is_promised_on_chroma() -> None:
    """With both stores."""
    explored(Tenants, 4, 25)


def test_random_calls_keep_what_is_promised_on_the_ledger_alone() -> None:
    """Many more of them."""
    explored(OnLedger, 8, 25)


@pytest.mark.timeout(300)
def test_random_calls_keep_what_is_promised_on_neo4j(neo4j_url: str) -> None:
    """The graph in a database: it answers what the list says, and agrees at the end."""
    there = {"options": {**OnNeo4j.options, "neo4j_url": neo4j_url}}
    explored(type("Elsewhere", (OnNeo4j,), there), 3, 20)


@pytest.mark.timeout(300)
def test_of_two_hundred_owners_none_is_shown_what_another_wrote(tmp_path: Path) -> None:
    """Ids that are prefixes, case twins and look-alikes of each other; every read, and what each write returns."""
    folder = RAM if RAM.is_dir() else tmp_path
    found = figures(longer(500, 100_000), owners=200, seed=3, folder=folder, vectors="none")

    assert [] == found["first"]
    assert [] == found["differences of the stores"]
    assert {*WRITES, *READS} == set(found["asked"])


def test_an_update_under_an_update_is_undone(home: Path) -> None:
    """A name that only the text in between had comes back with it."""
    with Memory.open(home=home, embedder=HashEmbedder(32), extractor=ScriptedExtractor(read), vectors="none") as memory:
        added = memory.add("Dana knows Emil.", user_id="ann")
        memory_id = added.changes[0].memory_id
        memory.update(memory_id, text="Dana knows Fay.")
        between = picture(memory, "ann")
        memory.update(memory_id, text="Dana knows Gus.")
        memory.undo(memory.history(memory_id)[-1].resolution_id or "")
        assert between == picture(memory, "ann")
        assert () == memory.verify().differences
