"""The world's own graph: what a perfect memory would answer, worked out from intervals without any of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from graphmem.evaluation.generated.truth import PAST, SYMMETRIC, Interval


class Node(NamedTuple):
    """Somebody or something; two of one name and type are one."""

    name: str
    type: str


class Edge(NamedTuple):
    """A relation at a moment, written from one of its ends."""

    source: Node
    predicate: str
    target: Node


_TARGETS = {
    "lives_in": "Place", "headquartered_in": "Place", "works_at": "Organisation", "job_title": "Occupation",
    "has_pet": "Animal", "lived_in": "Place", "worked_at": "Organisation", "worked_as": "Occupation",
    "had_pet": "Animal",
}  # fmt: skip


def typed(name: str, predicate: str, *, value: bool = False) -> Node:
    """The node behind the subject or the value of a predicate."""
    if value:
        return Node(name, _TARGETS.get(predicate, "Person"))
    return Node(name, "Organisation" if predicate == "headquartered_in" else "Person")


class Facts:
    """Everything that ever held, asked at a moment."""

    def __init__(self, held: Sequence[Interval]) -> None:
        self._by_node: dict[Node, list[tuple[Interval, Edge]]] = {}
        for interval in held:
            one = typed(interval.subject, interval.predicate)
            two = typed(interval.value, interval.predicate, value=True)
            edge = Edge(one, interval.predicate, two)
            for node in (one, two):
                self._by_node.setdefault(node, []).append((interval, edge))

    def edges(self, node: Node, at: datetime) -> Iterator[Edge]:
        """The relations of a node at a moment, in either direction."""
        return (edge for interval, edge in self._by_node.get(node, ()) if interval.holds(at))

    def values(self, subject: str, predicate: str, at: datetime) -> tuple[str, ...]:
        """What the subject has of a predicate, sorted."""
        return _names(self._step(typed(subject, predicate), predicate, at))

    def subjects(self, value: str, predicate: str, at: datetime) -> tuple[str, ...]:
        """Who has this value, sorted."""
        node = typed(value, predicate, value=True)
        return _names({e.source for e in self.edges(node, at) if e.predicate == predicate and e.target == node})

    def _step(self, node: Node, predicate: str, at: datetime) -> set[Node]:
        found = set()
        for edge in self.edges(node, at):
            if edge.predicate != predicate:
                continue
            if edge.source == node:
                found.add(edge.target)
            elif predicate in SYMMETRIC:
                found.add(edge.source)
        return found

    def chain(self, subject: str, predicates: Sequence[str], at: datetime) -> tuple[str, ...]:
        """The ends of all walks from a subject along these predicates."""
        front = {typed(subject, predicates[0])}
        for predicate in predicates:
            front = {n for node in front for n in self._step(node, predicate, at)}
        return _names(front)

    def around(self, subject: str, at: datetime) -> tuple[str, ...]:
        """All that is true of a person at a moment, as `statement` writes it."""
        return tuple(
            sorted(
                statement(e.source.name, e.predicate, e.target.name)
                for e in self.edges(Node(subject, "Person"), at)
                if e.predicate not in PAST.values()
            )
        )

    def ways(self, one: Node, two: Node, at: datetime, most: int) -> set[str]:
        """The shortest ways between two nodes, of at most so many hops, as names with ` > ` between them."""
        walks: list[tuple[Node, ...]] = [(one,)]
        seen = {one}
        for _ in range(most):
            longer = [(*w, n) for w in walks for n in self._neighbours(w[-1], at) if n not in seen]
            found = {" > ".join(n.name for n in w) for w in longer if w[-1] == two}
            if found:
                return found
            seen |= {w[-1] for w in longer}
            walks = list(dict.fromkeys(longer))
        return set()

    def _neighbours(self, node: Node, at: datetime) -> set[Node]:
        return {e.target if e.source == node else e.source for e in self.edges(node, at)}


def statement(source: str, predicate: str, target: str) -> str:
    """A relation in words; the ends of a symmetric one in the order of their names."""
    if predicate in SYMMETRIC:
        source, target = sorted((source, target))
    return f"{source} {predicate} {target}"


def _names(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(sorted({n.name for n in nodes}))
