from __future__ import annotations

from tests.upkeep.conftest import clock, filled, one

__all__ = ["clock", "filled", "one"]
