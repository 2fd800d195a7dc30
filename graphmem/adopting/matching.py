"""Which memory states which edge: both ends are named in its text, and so is the relation, or both came together.

Mem0 writes memories and graph side by side and joins them nowhere. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from graphmem.adopting.names import Name
from graphmem.adopting.records import OldEdge, OldMemory
from graphmem.adopting.texts import Text, stem
from graphmem.values import Scope

TOGETHER = timedelta(minutes=5)
"""A memory and an edge of one add are written within this time of each other."""
LATER = timedelta(days=1)
"""A memory that began longer than this after the edge cannot carry it: the edge would lose its first days."""
LONGEST = 6
"""Words of a name that a text may begin with."""
_SMALL = frozenset(
    {"is", "are", "was", "has", "have", "had", "the", "a", "an", "of", "in", "at", "to", "on", "for", "with", "by",
     "as", "from", "be", "been", "do", "does"}
)  # fmt: skip


class Ends(NamedTuple):
    """The names of the two ends of an edge."""

    source: Name
    target: Name


class _Candidate(NamedTuple):
    """A memory as edges are compared with it."""

    memory: OldMemory
    text: Text


def matched(edges: Sequence[OldEdge], ends: Sequence[Ends], memories: Iterable[OldMemory]) -> Mapping[int, OldMemory]:
    """Index of an edge -> the memory that states it. Only live edges and memories of one scope meet.

    `ends` goes with `edges`, one for one.
    """
    by_scope: dict[Scope, _Shelf] = {}
    for memory in memories:
        if memory.ended_at is None:
            by_scope.setdefault(memory.scope, _Shelf()).put(memory)
    others: dict[Scope, set[tuple[str, ...]]] = {}
    for edge, pair in zip(edges, ends, strict=True):
        others.setdefault(edge.scope, set()).update(_stems(n) for n in pair if not n.itself)
    found: dict[int, OldMemory] = {}
    for index, (edge, pair) in enumerate(zip(edges, ends, strict=True)):
        shelf = by_scope.get(edge.scope)
        if edge.live and shelf is not None:
            best = _best(edge, pair, shelf.near(pair), others[edge.scope])
            if best is not None:
                found[index] = best
    return found


class _Shelf:
    """The memories of one scope by the stems of their words."""

    def __init__(self) -> None:
        self._all: list[_Candidate] = []
        self._holding: dict[str, list[int]] = {}

    def put(self, memory: OldMemory) -> None:
        candidate = _Candidate(memory, Text(memory.text))
        for word in set(candidate.text.stems):
            self._holding.setdefault(word, []).append(len(self._all))
        self._all.append(candidate)

    def near(self, pair: Ends) -> list[_Candidate]:
        """Memories that hold the first word of an end that must be named."""
        name = next((n for n in (pair.target, pair.source) if not n.itself and n.words), None)
        return [] if name is None else [self._all[at] for at in self._holding.get(stem(name.words[0]), ())]


def _best(
    edge: OldEdge, pair: Ends, candidates: Iterable[_Candidate], others: set[tuple[str, ...]]
) -> OldMemory | None:
    """The candidate that says the relation in words, else the one that came with it; the nearest in time of several."""
    relation = {stem(word) for word in edge.type.casefold().split("_") if word and word not in _SMALL}
    ranked = []
    for candidate in candidates:
        memory = candidate.memory
        if not all(_says(candidate.text, name, others) for name in pair) or _too_late(memory, edge):
            continue
        spoken, apart = len(relation & set(candidate.text.stems)), _apart(memory, edge)
        if spoken or apart <= TOGETHER:
            ranked.append((-spoken, apart, memory.id, memory))
    return min(ranked)[-1] if ranked else None


def _says(text: Text, name: Name, others: set[tuple[str, ...]]) -> bool:
    """Whether a text names an end. One about the user need not, unless it begins with somebody else."""
    own = _stems(name)
    if text.names(own):
        return True
    return name.itself and not any(text.stems[:size] in others for size in range(1, LONGEST + 1))


def _stems(name: Name) -> tuple[str, ...]:
    return tuple(stem(word) for word in name.words)


def _too_late(memory: OldMemory, edge: OldEdge) -> bool:
    return memory.since is not None and edge.created_at is not None and memory.since > edge.created_at + LATER


def _apart(memory: OldMemory, edge: OldEdge) -> timedelta:
    if memory.since is None or edge.created_at is None:
        return timedelta.max
    return abs(memory.since - edge.created_at)
