"""The long form of the state machine: batches of examples until there are enough, or time is up.

    python -m tests.properties [--examples 5000] [--steps 60] [--minutes 60] [--seed 0] [--neo4j URL] [--json FILE]

One batch in ten runs with Chroma, the others on the ledger alone; with `--neo4j` all have their graph there. Exits 1
when an invariant fails.
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

from tests.properties.home import Home
from tests.properties.machine import OnLedger, OnNeo4j, Tenants

BATCH = 20


def machine_of(number: int, neo4j: str | None) -> Any:
    """The machine of a batch."""
    if neo4j is not None:
        return type(f"Batch{number}", (OnNeo4j,), {"options": {**OnNeo4j.options, "neo4j_url": neo4j}})
    return type(f"Batch{number}", (Tenants if number % 10 == 0 else OnLedger,), {})


def batch(number: int, examples: int, steps: int, neo4j: str | None = None) -> None:
    """Some examples of their own; raises what fails first."""
    machine = seed(number)(machine_of(number, neo4j))
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


def told(error: Exception) -> dict[str, str]:
    """The end of what failed, and the calls that led there."""
    calls = "\n".join(getattr(error, "__notes__", ()))
    error.__notes__ = []
    return {"problem": "".join(traceback.format_exception(error))[-2000:], "calls": calls}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--neo4j", metavar="URL", help="a database without a password")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    end = time.monotonic() + 60 * given.minutes
    failures, begun = [], time.process_time()
    for number in range(given.seed, given.seed + given.examples // BATCH):
        if time.monotonic() > end:
            break
        try:
            batch(number, BATCH, given.steps, given.neo4j)
        except Exception as error:  # what fails is what this looks for
            failures.append({"batch": number, **told(error)})
            print(failures[-1]["problem"], flush=True)
        figures = {
            "examples": Home.examples,
            "batches": number + 1 - given.seed,
            "steps of each, at most": given.steps,
            "steps": Home.performed,
            "seconds of one core": round(time.process_time() - begun),
            "failed batches": len(failures),
            "failures": failures,
        }
        if given.json:
            given.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    print({key: value for key, value in figures.items() if key != "failures"})
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
