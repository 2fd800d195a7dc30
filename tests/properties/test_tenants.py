"""The state machine of `machine.py`, the short form; `make faults` runs the long one."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from graphmem import Memory
from graphmem.models.scripted import HashEmbedder, ScriptedExtractor
from tests.properties.invariants import picture
from tests.properties.machine import OnLedger, Tenants, read


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
