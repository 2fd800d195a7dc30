"""Names of relations: any text becomes a valid name, and synonyms become one."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

Cardinality = Literal["one", "many"]
FALLBACK = "related_to"
LONGEST = 63

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, Cardinality]]:
    data = tomllib.loads((files(__package__) / "relation_types.toml").read_text(encoding="utf-8"))
    canonical: dict[str, str] = {}
    cardinality: dict[str, Cardinality] = {}
    for name, entry in data.items():
        canonical[name] = name
        canonical |= dict.fromkeys(entry.get("synonyms", ()), name)
        cardinality[name] = "one" if entry.get("cardinality") == "one" else "many"
    return canonical, cardinality


def snake_case(text: str) -> str:
    """`text` as `[a-z][a-z0-9_]{0,62}`; `related_to` when nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = _OTHER.sub("_", _CAMEL.sub("_", plain).lower()).strip("_")
    if not name:
        return FALLBACK
    if name[0].isdigit():
        name = f"n{name}"
    return name[:LONGEST].rstrip("_")


@lru_cache(maxsize=16384)
def relation_type(text: str) -> str:
    """The canonical name of a relation: "Works for", "employed_by" and "WORKS_AT" are all `works_at`."""
    name = snake_case(text)
    canonical, _ = _table()
    for form in (name, name.removeprefix("is_"), name.removeprefix("has_"), name.removeprefix("was_")):
        if form in canonical:
            return canonical[form]
    return name


def is_listed(text: str) -> bool:
    """Whether a relation is one of the table, under any of its names."""
    return relation_type(text) in _table()[1]


def cardinality(kind: str, pinned: Mapping[str, str] | None = None) -> Cardinality:
    """How many values of a relation hold at a time; `pinned` (canonical name -> one | many) wins over the table."""
    if pinned and kind in pinned:
        return "one" if pinned[kind] == "one" else "many"
    return _table()[1].get(kind, "many")
