"""Putting the questions to a memory, through its public calls alone, and comparing answers by value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from graphmem.errors import UnknownEntity
from graphmem.evaluation.generated.documents import Question
from graphmem.evaluation.generated.graph import statement
from graphmem.memory import Memory
from graphmem.steps.linking import key
from graphmem.values import Relation, Value

USER = "generated"
DEPTH = 10
"""Hits of a search among which the answer must be."""
_INVERSE = {"child_of": "parent_of"}
_ASKED = frozenset(
    {"lives_in", "works_at", "job_title", "married_to", "sibling_of", "parent_of", "friend_of", "has_pet"}
)


class Answered(Value):
    """What the memory said to a question."""

    question: Question
    given: tuple[str, ...] = ()
    right: bool
    untrue: bool = False
    """Among what was given is a value that was denied, only planned, or over."""


def ask(memory: Memory, question: Question, messages: Mapping[str, str]) -> Answered:
    """Ask one question; `messages` gives the id of the message of each line."""
    given = tuple(_CALLS[question.ask.call](memory, question, messages))
    return Answered(
        question=question,
        given=given,
        right=_is_right(question, given),
        untrue=bool({key(v) for v in given} & {key(v) for v in question.never}),
    )


def _is_right(question: Question, given: tuple[str, ...]) -> bool:
    said, expected = [key(v) for v in given], [key(v) for v in question.answer]
    if question.ask.call == "intervals":
        return said == expected
    if question.ask.call == "paths":
        return bool(said) and set(said) <= set(expected)
    return set(said) == set(expected)


def _matched(memory: Memory, question: Question, _: Mapping[str, str]) -> list[str]:
    try:
        rows = memory.match(*question.ask.patterns, as_of=question.ask.as_of, user_id=USER, limit=10_000)
    except UnknownEntity:
        return []
    return sorted({row[question.ask.variable] for row in rows})


def _in_order(memory: Memory, question: Question, _: Mapping[str, str]) -> list[str]:
    asked = question.ask
    try:
        found = memory.relations(asked.name, type=asked.type, direction="out", include_past=True, user_id=USER)
    except UnknownEntity:
        return []
    held = [r for r in found if r.valid_to is None or r.valid_from is None or r.valid_from < r.valid_to]
    return [r.target.name for r in sorted(held, key=lambda r: (str(r.valid_from), r.id))]


def _changed(memory: Memory, question: Question, _: Mapping[str, str]) -> list[str]:
    before, after = (_around(memory, question.ask.name, at) for at in (question.ask.as_of, question.ask.until))
    return sorted([*(f"- {t}" for t in before - after), *(f"+ {t}" for t in after - before)])


def _around(memory: Memory, name: str, at: datetime | None) -> set[str]:
    try:
        found = memory.relations(name, as_of=at, user_id=USER)
    except UnknownEntity:
        return set()
    return {_stated(r) for r in found if _INVERSE.get(r.type, r.type) in _ASKED}


def _stated(relation: Relation) -> str:
    source, target = relation.source.name, relation.target.name
    if relation.type in _INVERSE:
        source, target = target, source
    return statement(source, _INVERSE.get(relation.type, relation.type), target)


def _connected(memory: Memory, question: Question, _: Mapping[str, str]) -> list[str]:
    try:
        found = memory.paths(question.ask.name, question.ask.target, max_hops=4, limit=100, user_id=USER)
    except UnknownEntity:
        return []
    shortest = min((p.hops for p in found), default=0)
    return [" > ".join(e.name for e in p.entities) for p in found if p.hops == shortest]


def _found(memory: Memory, question: Question, messages: Mapping[str, str]) -> list[str]:
    """The answer, when a fact among the best hits says it of the right one and cites the line that told it."""
    hits = memory.search(question.text, k=DEPTH, include=("facts",), as_of=question.ask.as_of, user_id=USER)
    gold = {messages[line] for line in question.evidence}
    for hit in hits:
        cited = {e.message_id for e in hit.evidence}
        for answer in question.answer:
            if gold & cited and answer in hit.text and question.ask.name in hit.text:
                return [answer]
    return []


_CALLS = {"match": _matched, "intervals": _in_order, "changes": _changed, "paths": _connected, "search": _found}
