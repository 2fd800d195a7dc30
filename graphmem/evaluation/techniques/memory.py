"""The engine itself, without its graph (`graphmem`) and with it (`graphmem+`).

Both read the same memory: one pass over a conversation makes facts, entities and relations, so the graph costs
nothing more to make, and what differs is the search alone. `graphmem` asks the same lists, with the same weights and
priors, and leaves the graph out: no walk, no facts lifted for a relation that the question asks for, no relations in
the context. `graphmem+` is `Memory.search` as it is.

Every message is dated by its session. The clock of a memory stands at the session that is being read, and at the last
one (or where the data says that a question was asked) when it is searched: what is valid now means valid then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from graphmem import assembly
from graphmem.errors import ModelUnavailable
from graphmem.evaluation.records import DEPTH, Conversation, Found, Ingested, Question, Retrieved, Session, Turn
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.units import dated, shown
from graphmem.flows.recall import search
from graphmem.memory import Memory
from graphmem.values import Fact, Hit, Message, Relation, Scope, SearchResult, When

TURN = "turn"
"""Key of a message's metadata that holds the id of its turn."""
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""When everything happens in data without dates."""
PAGE = 500


class Standing:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = UNDATED

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.now


class Slice(NamedTuple):
    """The turns of one add."""

    session: Session
    place: int
    turns: Sequence[Turn]


class GraphMem:
    """One conversation in a memory of its own; `graph` is the switch."""

    graph = False

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._clock = Standing()
        options = parts.options
        extractor = options.mode if options.mode in {"local", "llm"} else "none"
        chosen = parts.settings.override(home=parts.folder, extractor=extractor)
        engine = assembly.engine(chosen, llm=parts.llm, embedder=parts.embedder, clock=self._clock)
        # A model that is there for the answers alone must not decide what is remembered.
        self._engine = engine if options.mode == "llm" else replace(engine, llm=None)
        self._memory = Memory(self._engine)
        self._turns: dict[str, str] = {}
        self._scope = Scope(user_id="nobody")
        self._last = UNDATED

    def ingest(self, conversation: Conversation) -> Ingested:
        """Add what is not there yet. Raises ModelUnavailable when a model left an add unfinished."""
        self._scope = Scope(user_id=conversation.id)
        for part in self._slices(conversation):
            self._clock.now = part.session.at or UNDATED
            self._add(conversation, part)
        self._last = max((s.at for s in conversation.sessions if s.at), default=UNDATED)
        return self._kept(conversation)

    def context(self, question: Question) -> Retrieved:
        """The best facts and messages, with the relations around them where the graph is on."""
        self._clock.now = question.asked_at or self._last
        began = time.perf_counter()
        found = self._search(question.text, max(DEPTH, self._parts.options.top_k))
        spent = dict(found.usage.milliseconds) or {"search": (time.perf_counter() - began) * 1000}
        places = self._places(found.hits)
        shows = self._parts.options.top_k
        return Retrieved(
            text="\n".join(_line(hit) for hit in found.hits[:shows]),
            found=places,
            shown=shown(place.sources for place in places[:shows]),
            relations=tuple((r.source.name, r.type, r.target.name) for r in found.relations),
            milliseconds=spent,
        )

    def close(self) -> None:
        """Close the memory; the models belong to the run."""
        self._memory.close()

    def _slices(self, conversation: Conversation) -> Iterator[Slice]:
        """What one add takes: a session, or as many turns as a model should read at once."""
        options = self._parts.options
        for session in conversation.sessions:
            size = options.batch if options.mode in {"local", "llm"} else max(1, len(session.turns))
            for place, start in enumerate(range(0, len(session.turns), size)):
                yield Slice(session, place, session.turns[start : start + size])

    def _add(self, conversation: Conversation, part: Slice) -> None:
        facts = _facts(conversation, part.turns) if self._parts.options.mode == "recorded" else []
        done = self._memory.add(
            [_message(turn, part.session) for turn in part.turns],
            user_id=conversation.id,
            run_id=part.session.id if conversation.chat else None,
            infer=self._parts.options.mode in {"local", "llm"},
            facts=facts or None,
            idempotency_key=f"{part.session.id}#{part.place}",
        )
        if done.status == "failed":
            raise ModelUnavailable(f"{part.session.id}: {done.reason}", advice="Run again with --resume.")

    def _search(self, text: str, k: int) -> SearchResult:
        if self.graph:
            return self._memory.search(text, user_id=self._scope.user_id, k=k)
        engine = self._engine
        return search(
            text,
            self._scope,
            When(now=self._clock.now),
            ledger=engine.ledger,
            embedder=engine.embedder,
            graph=None,
            vectors=engine.projection.opened,
            k=k,
            relations=False,
        )

    def _places(self, hits: Sequence[Hit]) -> tuple[Found, ...]:
        cited = {e.message_id for hit in hits for e in hit.evidence}
        if new := sorted(cited - self._turns.keys()):
            self._turns |= {i: str(m.metadata.get(TURN, i)) for i, m in self._engine.ledger.messages(new).items()}
        return tuple(
            Found(
                id=self._turns[hit.id] if hit.source == "message" else hit.id,
                sources=tuple(dict.fromkeys(self._turns[e.message_id] for e in hit.evidence)),
                kind=hit.source,
                score=round(hit.score, 4),
            )
            for hit in hits
        )

    def _kept(self, conversation: Conversation) -> Ingested:
        """Facts are what it keeps beside the messages; with the graph, the relations as well."""
        texts = list(self._facts())
        if not texts:
            texts = [turn.text for turn in conversation.turns]
        if self.graph:
            texts += [_triple(relation) for relation in self._relations()]
        messages = sum(len(session.turns) for session in conversation.sessions)
        return Ingested(
            conversation=conversation.id,
            items=messages + self._memory.status().counts.get("memories", 0),
            memory_tokens=sum(map(self._parts.tokens, texts)),
        )

    def _facts(self) -> Iterator[str]:
        cursor: str | None = None
        while True:
            page = self._memory.list(user_id=self._scope.user_id, cursor=cursor, limit=PAGE, include_past=True)
            yield from (memory.text for memory in page.items)
            cursor = page.cursor
            if cursor is None:
                return

    def _relations(self) -> Sequence[Relation]:
        return self._memory.graph(user_id=self._scope.user_id, include_past=True).relations


class GraphMemPlus(GraphMem):
    """The memory with its graph: Mem0's `enable_graph`."""

    graph = True


def _message(turn: Turn, session: Session) -> Message:
    return Message(role=turn.role, content=turn.text, name=turn.speaker, timestamp=session.at, metadata={TURN: turn.id})


def _facts(conversation: Conversation, turns: Sequence[Turn]) -> list[Fact]:
    """The data's facts about these turns; each stands with the first turn that it comes from."""
    places = {turn.id: place for place, turn in enumerate(turns)}
    return [
        Fact(text=fact.text, message=places[fact.sources[0]], subject=fact.subject, relations=fact.relations)
        for fact in conversation.facts
        if fact.sources and fact.sources[0] in places
    ]


def _line(hit: Hit) -> str:
    if hit.source == "message":
        return dated(hit.valid_from or hit.recorded_at, f"{hit.speaker}: {hit.text}")
    return dated(hit.valid_from or hit.recorded_at, hit.text)


def _triple(relation: Relation) -> str:
    return f"{relation.source.name} {relation.type.replace('_', ' ')} {relation.target.name}"
