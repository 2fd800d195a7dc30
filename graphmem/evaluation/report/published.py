"""The figures of the Mem0 paper, to lay beside one's own, with the words that have to stand beside them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from graphmem.values import Value


class Point(Value):
    """One system of the paper: tokens of context, seconds of search and answer together, judge's score in percent."""

    name: str
    tokens: int
    p50: float
    p95: float
    j: float
    sd: float


class Published(Value):
    """All of it."""

    caveat: str
    points: tuple[Point, ...]
    categories: tuple[dict[str, str | float], ...]
    """One a system: its name, and the judge's score by category and overall."""


@cache
def published() -> Published:
    """The figures that come with the package."""
    read = tomllib.loads((files(__package__) / "published.toml").read_text(encoding="utf-8"))
    return Published(caveat=read["caveat"], points=read["point"], categories=read["category"])
