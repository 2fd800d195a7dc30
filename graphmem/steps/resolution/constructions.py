"""Constructions: the ways in which a clause sets a slot or ends something, read from data.

A frame is a row of lemmas: `give up (on) {object}`. `(x)` may be absent, `a|b` are alternative words, ` / ` parts
alternative frames, `{name}` catches a noun
phrase; a name that is a type (`{place}`) asks for that type. A frame that starts
with `be` also matches a passive ("was laid off" is `be lay off`). `*` is whatever verb the clause has.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from graphmem.values import Value

Effect = Literal["sets", "sets by", "ends", "ends by", "ends subject", "replaces", "switches", "succeeds"]


class Construction(Value):
    """One way of saying that something holds or has ended."""

    frame: str
    does: Effect
    slot: str = ""
    """The slot it sets or empties."""
    value: str = ""
    """The slot's value when no group of the frame carries it."""
    needs: str = ""
    """`change`: too weak to replace anything unless a change marker stands by."""
    example: str
    """A sentence that the frame reads; a test runs it."""


class Frame(Value):
    """One expansion of a construction's frame, as lemmas and `{groups}`."""

    items: tuple[str, ...]
    construction: Construction
    literals: frozenset[str] = frozenset()
    """The words that a clause must have, whatever stands between them."""


_PIECE = re.compile(r"\([^)]*\)|\S+")
_LIST = TypeAdapter(list[Construction])
_FILES = ("endings.toml", "slots.toml", "idioms.toml", "values.toml", "turns.toml")


def expand(frame: str) -> tuple[tuple[str, ...], ...]:
    """Every row of lemmas that a frame stands for, longest first."""
    rows = {row for alternative in frame.split(" / ") for row in _expand(alternative)}
    return tuple(sorted(rows, key=lambda row: (-len(row), row)))


def _expand(frame: str) -> set[tuple[str, ...]]:
    choices: list[list[tuple[str, ...]]] = []
    for piece in _PIECE.findall(frame):
        if piece.startswith("("):
            inside = [tuple(alternative.split()) for alternative in piece[1:-1].split("|")]
            choices.append([*inside, ()])
        else:
            choices.append([(alternative,) for alternative in piece.split("|")])
    return {tuple(item for part in row for item in part) for row in product(*choices)}


def parse(text: str) -> tuple[Construction, ...]:
    """Constructions from TOML text with `[[construction]]` tables. Raises ValueError when it is malformed."""
    return tuple(_LIST.validate_python(tomllib.loads(text).get("construction", [])))


@cache
def builtin() -> tuple[Construction, ...]:
    """The constructions that come with the package."""
    folder = files(__package__)
    texts = [(folder / name).read_text(encoding="utf-8") for name in _FILES]
    return tuple(c for text in texts for c in parse(text))


def load(path: Path) -> tuple[Construction, ...]:
    """Constructions of a user's own file, to be added to `builtin()`."""
    return parse(path.read_text(encoding="utf-8"))


def _literals(row: tuple[str, ...]) -> frozenset[str]:
    return frozenset(item for item in row[1:] if item != "*" and not item.startswith("{"))


def index(constructions: Iterable[Construction]) -> Mapping[str, tuple[Frame, ...]]:
    """Frames by their first lemma; longer frames come first, so that the most specific one wins."""
    by_first: dict[str, list[Frame]] = {}
    for construction in constructions:
        for row in expand(construction.frame):
            by_first.setdefault(row[0], []).append(Frame(items=row, construction=construction, literals=_literals(row)))
    return {first: tuple(sorted(rows, key=lambda f: -len(f.items))) for first, rows in by_first.items()}
