"""Says how many hostile strings went through how many places, as `make faults` prints it."""

from __future__ import annotations

from typing import Any

from tests.lengths import LONG


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line, when the long form ran."""
    if LONG:
        from tests.security.hostile import CHROMA, CYPHER, FULL_TEXT, HOSTILE, SQL
        from tests.security.test_hostile_calls import CALLS, LABELS, READING

        kinds = {"Cypher": CYPHER, "SQL": SQL, "full text": FULL_TEXT, "Chroma filters": CHROMA, "in all": HOSTILE}
        told = ", ".join(f"{kind} {len(strings)}" for kind, strings in kinds.items())
        places = len(CALLS) + len(LABELS) * len(READING)
        terminalreporter.write_line(f"hostile strings: {told}; each through {places} places of calls")
