"""What the demo asks of the memory. Every answer comes from the engine; nothing here knows one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphmem.demo.replay import USER
from graphmem.values import Memory as Fact
from graphmem.values import Moment, Path, Relation, SearchResult, Value

if TYPE_CHECKING:
    from graphmem.memory import Memory

HITS = 2
"""Hits asked for by a question in words."""
PAGE = 500

Answer = SearchResult | tuple[Path, ...] | tuple[Relation, ...] | tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class Question:
    """A question, what a user types for it, and how it is asked."""

    text: str
    typed: str
    """Arguments of `graphmem`, without the scope and the home."""
    ask: Callable[[Memory], Answer]


class Learned(Value):
    """What came out of the conversation."""

    memories: tuple[Fact, ...]
    """All of them, also what has ended, oldest first."""
    entities: int
    relations: tuple[Relation, ...]
    """Those that hold now."""


class Superseded(Value):
    """A fact that gave way."""

    old: str
    new: str
    """Empty when it ended without a successor."""
    at: Moment
    """When it stopped being true."""
    reason: str


def learned(memory: Memory) -> Learned:
    """The memories, entities and relations of the demo."""
    found = memory.list(user_id=USER, include_past=True, limit=PAGE).items
    return Learned(
        memories=tuple(sorted(found, key=lambda m: (m.recorded_at, m.id))),
        entities=len(memory.entities(user_id=USER, limit=PAGE)),
        relations=memory.relations(user_id=USER),
    )


def superseded(memory: Memory, memories: tuple[Fact, ...]) -> tuple[Superseded, ...]:
    """The facts that another one closed, in the order in which they ended, with the recorded reason."""
    by_id = {fact.id: fact for fact in memories}
    return tuple(
        Superseded(
            old=fact.text,
            new=by_id[fact.superseded_by].text if fact.superseded_by in by_id else "",
            at=fact.valid_to,
            reason=_reason(memory, fact.id),
        )
        for fact in sorted(memories, key=lambda m: (m.retired_at or m.recorded_at, m.id))
        if fact.retired_at is not None and fact.valid_to is not None
    )


def _reason(memory: Memory, id: str) -> str:
    return next((entry.reason for entry in reversed(memory.history(id)) if entry.event == "DELETE"), "")


def _search(text: str, as_of: str | None = None, told: str | None = None) -> Question:
    """A question in words; `told` is how the demo words it when `as_of` changes its meaning."""
    return Question(
        told or text,
        f'search "{text}" --explain' + (f" --as-of {as_of}" if as_of else ""),
        lambda memory: memory.search(text, user_id=USER, k=HITS, as_of=as_of, explain=True),
    )


QUESTIONS = (
    _search("Where does Felix live?"),
    _search("Where does Felix live?", as_of="2024-09-01", told="Where did Felix live on 1 September 2024?"),
    _search("Is Nora allergic to cats?"),
    _search("Who is Nora dating?"),
    Question(
        "Where did Nora work in the summer of 2024?",
        "relations Nora --type works_at --as-of 2024-07-01",
        lambda memory: memory.relations("Nora", type="works_at", as_of="2024-07-01", user_id=USER),
    ),
    Question(
        "Where has Felix lived, and from when to when?",
        "relations Felix --type lives_in --include-past",
        lambda memory: memory.relations("Felix", type="lives_in", include_past=True, user_id=USER),
    ),
    Question(
        "What connects Nora with Tidewater Energy?",
        'paths Nora "Tidewater Energy"',
        lambda memory: memory.paths("Nora", "Tidewater Energy", limit=2, user_id=USER),
    ),
    Question(
        "Who works where Felix works, and where do they live?",
        'match "Felix works_at ?company" "?who works_at ?company" "?who lives_in ?town"',
        lambda memory: memory.match(
            "Felix works_at ?company", "?who works_at ?company", "?who lives_in ?town", user_id=USER
        ),
    ),
    _search("Which Sam works at a museum?"),
    _search("What happened to the trip to Lisbon?"),
)
"""Ten questions: in words and to the graph, about now and about then, over one step and over several."""
