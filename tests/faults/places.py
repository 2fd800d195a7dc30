"""Which of the named places each campaign comes to: together all that there are."""

from __future__ import annotations

from graphmem import faults


def _sides(*steps: str) -> set[str]:
    return {f"ledger.{step}.{side}" for step in steps for side in ("before", "after")}


OF_GRAPH = frozenset(place for place in faults.POINTS if place.startswith("graph."))
"""Only where the graph is copied to a server."""
OF_COMMANDS = frozenset(
    _sides("claim", "deliver", "import", "part", "release", "renew", "stage", "switch", "unstage")
    | {"adopt.recorded", "adopt.committed", "lease.held", "restore.copied", "restore.dropped"}
    | {"worker.delivered", "worker.finished"}
)
"""Those of workers and of commands on a whole home; see `repeats.py`."""
OF_CALLS = tuple(place for place in faults.POINTS if place not in OF_GRAPH | OF_COMMANDS)
"""Those of the calls of the workload."""
