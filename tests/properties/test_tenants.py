"""The state machine of `machine.py`, the short form; `make faults` runs the long one."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import OnLedger, Tenants


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
