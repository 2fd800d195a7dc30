"""What the rules say of two facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Relation = Literal["replaces", "ends"]


@dataclass(frozen=True)
class Finding:
    """What one fact does to another, whatever their order in time."""

    kind: Relation
    reason: str
