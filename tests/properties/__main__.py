"""The long form of the state machine: batches of examples until there are enough, or time is up.

    python -m tests.properties [--examples 5000] [--steps 60] [--minutes 60] [--seed 0] [--json FILE]

One batch in ten runs with Chroma, the others on the ledger alone. Exits 1 when an invariant fails.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import OnLedger, Tenants

BATCH = 20


def batch(number: int, examples: int, steps: int) -> None:
    """Some examples of their own; raises what fails first."""
    kind: Any = Tenants if number % 10 == 0 else OnLedger
    machine = seed(number)(type(f"Batch{number}", (kind,), {"counted": 0}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    end = time.monotonic() + 60 * given.minutes
    done, failures = 0, []
    while done < given.examples and time.monotonic() < end:
        number = given.seed + done // BATCH
        try:
            batch(number, BATCH, given.steps)
        except Exception:  # what fails is what this looks for
            failures.append({"batch": number, "problem": traceback.format_exc()[-6000:]})
            print(failures[-1]["problem"], flush=True)
        done += BATCH
        figures = {
            "examples": done,
            "steps of each, at most": given.steps,
            "steps": Tenants.performed,
            "failed batches": len(failures),
            "failures": failures,
        }
        if given.json:
            given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print({key: value for key, value in figures.items() if key != "failures"})
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
