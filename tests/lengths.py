"""How long tests run: short by default, long under `make faults`."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("GRAPHMEM_TEST_LONG"))


def longer(short: int, long: int) -> int:
    """`short`, unless the long tests were asked for."""
    return long if LONG else short
