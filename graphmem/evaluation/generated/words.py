"""The data that worlds are written with: names, templates and small talk, all in `templates/*.toml`."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

Half = Literal["all", "tuning", "held-out"]
"""Which templates a text is written with. Rules are worked out on `tuning` and measured on `held-out`."""
HALVES: tuple[Half, ...] = ("all", "tuning", "held-out")


@cache
def table(name: str) -> Mapping[str, Sequence[str]]:
    """The lists of one file of `templates`."""
    return tomllib.loads((files(__package__) / "templates" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def templates(predicate: str, phase: str, half: Half = "all") -> tuple[str, ...]:
    """The templates of a predicate and phase, in the order of the file.

    The halves are disjoint and together all of them; a phase of a single template has it in both.
    """
    found = tuple(table(predicate).get(phase, ()))
    if half == "all" or len(found) == 1:
        return found
    ranked = sorted(found, key=lambda t: hashlib.sha256(t.encode()).hexdigest())
    first = set(ranked[::2])
    return tuple(t for t in found if (t in first) == (half == "tuning"))
