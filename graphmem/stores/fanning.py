"""Rows of any graph as the edges of a walk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphmem.stores.contracts import Edge, EdgeKind
from graphmem.values import Node

HUB = 64
"""An entity that more items name is not expanded to them: it says little, and its size is what reading costs."""
MOST_HUBS = 8
"""Hubs whose relations one fetch reads."""


def fanned(rows: Iterable[Any], fan: int) -> tuple[Edge, ...]:
    """Rows as edges without repeats; of more than `fan` of a kind at a node: names, the strongest, the newest first.

    A row: source kind, source, target kind, target, edge kind, strength, degree, weak, place (later is newer).
    """
    groups: dict[tuple[str, EdgeKind], dict[str, tuple[int, float, int, Edge]]] = {}
    nodes: dict[str, Node] = {}
    for source_kind, source, target_kind, target, kind, strength, degree, weak, place in rows:
        start = nodes.get(source) or nodes.setdefault(source, Node(source_kind, source))
        end = nodes.get(target) or nodes.setdefault(target, Node(target_kind, target))
        group = groups.get((source, kind))
        if group is None:
            group = groups[source, kind] = {}
        if target not in group:
            group[target] = (weak, -strength, -place, Edge(start, end, kind, strength, degree, bool(weak)))
    kept: list[Edge] = []
    for group in groups.values():
        found = group.values() if len(group) <= fan else sorted(group.values())[:fan]
        kept += [edge for _, _, _, edge in found]
    return tuple(kept)
