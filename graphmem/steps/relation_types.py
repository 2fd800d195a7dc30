"""Names of relations: any text becomes a valid name, and synonyms become one."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

Cardinality = Literal["one", "many"]
FALLBACK = "related_to"
LONGEST = 63
LASTING = frozenset(
    {"parent_of", "child_of", "sibling_of", "born_in", "birthday", "nationality", "also_known_as", "grew_up_in",
     "from", "visited", "graduated_from", "scheduled_for"}
)  # fmt: skip
"""True whatever ended, is planned or supposed in the same sentence."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


@cache
def _data() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((files(__package__) / "relation_types.toml").read_text(encoding="utf-8"))


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, Cardinality]]:
    data = _data()
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
    for form in (name, name.removeprefix("is_"), name.removeprefix("has_")):
        if form in canonical:
            return canonical[form]
    # "was_born_in" still holds; "was_married_to" is another relation than the one that is over.
    then = canonical.get(name.removeprefix("was_"))
    return then if then in LASTING else name


def is_listed(text: str) -> bool:
    """Whether a relation is one of the table, under any of its names."""
    return relation_type(text) in _table()[1]


def mirrored(kind: str) -> str | None:
    """A relation (by its canonical name) as its target has it, if that has a name.

    `married_to` is its own mirror, `child_of` that of `parent_of`.
    """
    return _mirrors().get(kind)


@cache
def _mirrors() -> Mapping[str, str]:
    given = {name: str(entry["mirror"]) for name, entry in _data().items() if "mirror" in entry}
    return given | {mirror: name for name, mirror in given.items()}


def cardinality(kind: str, pinned: Mapping[str, str] | None = None) -> Cardinality:
    """How many values of a relation hold at a time; `pinned` (canonical name -> one | many) wins over the table."""
    if pinned and kind in pinned:
        return "one" if pinned[kind] == "one" else "many"
    return _table()[1].get(kind, "many")


_SAYS_NOTHING = frozenset({"can", "date", "did", "do", "does", "doesn", "don", "has", "have", "is", "not", "was"})


@cache
def _asked_by() -> Mapping[str, frozenset[str]]:
    """First word of each listed name, without its ending -> the relations it may ask for."""
    found: dict[str, set[str]] = {}
    for form, kind in _table()[0].items():
        if (first := form.partition("_")[0]) not in _SAYS_NOTHING:
            found.setdefault(_root(first), set()).add(kind)
    return {word: frozenset(kinds) for word, kinds in found.items() if len(word) > 2}


def _root(word: str) -> str:
    for ending in ("ing", "ied", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)]
    return word


def asked(question: str) -> frozenset[str]:
    """The listed relations that the words of a question may ask for: "Where does she live?" asks for `lives_in`."""
    words = {_root(word) for word in _OTHER.split(question.lower()) if word}
    return frozenset(kind for word in words for kind in _asked_by().get(word, ()))
