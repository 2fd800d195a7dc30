"""add: an episode is made durable, read into facts, decided against what is known, committed, projected.

At most two model calls and one embedding call; three write transactions on the ledger. A model that fails leaves the
episode `failed(retryable)` with its messages searchable; nothing accepted is lost.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from graphmem.engine import Engine
from graphmem.errors import ModelError, ModelReplyError
from graphmem.faults import reach
from graphmem.flows import admitting, consider
from graphmem.flows.admitting import SUPPLIED, Given
from graphmem.flows.consider import Vectors
from graphmem.ledger.contracts import Recorded
from graphmem.models.contracts import ExtractionRequest, UsesLLM
from graphmem.models.journal import JournalledLLM
from graphmem.steps import linking, mentions, views
from graphmem.stores.contracts import VectorItem, View
from graphmem.values import (
    AddResult,
    Draft,
    EntityDraft,
    Fact,
    FactDraft,
    Mention,
    MessageRecord,
    Plan,
    RelationDraft,
    Scope,
    Usage,
)
from graphmem.values.results import FINISH

log = logging.getLogger(__name__)


class Stopwatch:
    """Milliseconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] = self.spent.get(name, 0.0) + (time.perf_counter() - started) * 1000


def add(engine: Engine, given: Given, *, wait: bool = True) -> AddResult:
    """Remember what the messages say. See `Memory.add`."""
    watch = Stopwatch()
    admitted = admitting.admit(engine, given)
    with watch.stage("record"):
        recorded = engine.ledger.record(admitted.episode, admitted.messages, queued=not wait)
    reach("add.recorded")
    if not recorded.created and recorded.episode.status in {"done", "empty"}:
        return known_before(engine, recorded)
    result = digest(engine, recorded, watch) if wait else _queued(recorded)
    return result.model_copy(update={"redacted": admitted.redacted}) if admitted.redacted else result


def known_before(engine: Engine, recorded: Recorded) -> AddResult:
    """The answer to an add that was accepted before."""
    plan = engine.ledger.episode_result(recorded.episode.id)
    return AddResult(
        episode_id=recorded.episode.id,
        resolution_id=plan.resolution_id if plan else None,
        status=recorded.episode.status,
        reason="the same add was accepted before",
        message_ids=tuple(m.id for m in recorded.messages),
        duplicate=True,
    )


def _queued(recorded: Recorded) -> AddResult:
    """The answer to an add that a worker will finish."""
    return AddResult(
        episode_id=recorded.episode.id,
        status="pending",
        reason="recorded; its messages are found by their words, and a worker reads the facts",
        message_ids=tuple(m.id for m in recorded.messages),
        duplicate=not recorded.created,
    )


def retry(engine: Engine, scope: Scope | None = None) -> tuple[AddResult, ...]:
    """Finish episodes that failed in a way that may pass, or that a crash left unfinished; not those of workers."""
    queued = engine.ledger.working.waiting()
    waiting = [
        episode
        for status in ("pending", "running", "failed")
        for episode in engine.ledger.episodes(status=status, scope=scope)
        if (status != "failed" or episode.retryable) and episode.id not in queued
    ]
    results = []
    for episode in sorted(waiting, key=lambda e: (e.recorded_at, e.id)):
        kept, messages = engine.ledger.episode(episode.id)
        results.append(digest(engine, Recorded(kept, messages, (), created=False), Stopwatch()))
    return tuple(results)


def digest(engine: Engine, recorded: Recorded, watch: Stopwatch) -> AddResult:
    """From a durable episode to a committed plan; also what a retry does."""
    episode = recorded.episode
    journal = JournalledLLM(engine.llm, engine.ledger, episode.id) if engine.llm is not None else None
    try:
        with watch.stage("extract"):
            draft = draft_of(engine, recorded, journal)
        reach("add.extracted")
        around = surroundings(engine, recorded)
        texts = Texts.of(around, draft)
        with watch.stage("embed"):
            vectors = texts.embed(engine)
        reach("add.embedded")
    except ModelError as exc:
        return _failed(engine, recorded, exc, watch)
    committed = False
    with engine.locks.hold(episode.scope.owner):
        # Another process may decide about the same owner meanwhile; then this is decided anew, on what it left.
        while not committed:
            with watch.stage("resolve"):
                decided = consider.decide(engine, episode, recorded.messages, draft, vectors, journal)
            reach("add.decided")
            with watch.stage("commit"):
                items = vector_items(around, decided.plan, vectors, episode.scope)
                owed = journal.owed if journal is not None else ()
                committed = engine.ledger.commit(decided.plan, items, owed, after=decided.after)
    reach("add.committed")
    with watch.stage("project"):
        projected = engine.projection.follow(len(items))
    reach("add.projected")
    return _result(recorded, draft, decided, watch, projected=projected)


def draft_of(
    engine: Engine,
    recorded: Recorded,
    journal: JournalledLLM | None,
    *,
    recent: Sequence[MessageRecord] | None = None,
) -> Draft:
    """What is read in the messages of an episode, or supplied; `recent` are those before it, when it is not recorded.

    Raises ModelError.
    """
    episode = recorded.episode
    named = _named(recorded.messages)
    if SUPPLIED in episode.metadata:
        return _supplied(engine, recorded).model_copy(update={"mentions": named})
    if not episode.infer or engine.extractor is None:
        return Draft(mentions=named)
    recent = engine.ledger.recent(episode.conversation, before=episode.id) if recent is None else tuple(recent)
    heard = [m for m in (*recent, *recorded.messages) if m.role in {"user", "assistant"}]
    request = ExtractionRequest(
        messages=recorded.messages,
        recent=recent,
        participants=tuple(dict.fromkeys(m.speaker for m in heard)),
        at=episode.occurred_at,
        instructions="\n".join(filter(None, (engine.settings.instructions, episode.instructions))),
        include_assistant=bool(episode.metadata.get("graphmem.include_assistant", engine.settings.include_assistant)),
    )
    extractor = engine.extractor
    if journal is not None and isinstance(extractor, UsesLLM):
        extractor = extractor.with_llm(journal)
    draft = extractor.extract(request)
    return draft if draft.mentions else draft.model_copy(update={"mentions": named})


def _named(messages: Sequence[MessageRecord]) -> tuple[Mention, ...]:
    """What the messages name, as search keys only: an entity is listed once a fact names it."""
    return tuple(
        Mention(message=index, entity=entity.model_copy(update={"weak": True}))
        for index, message in enumerate(messages)
        for entity in mentions.mentions(message.content)
    )


def _supplied(engine: Engine, recorded: Recorded) -> Draft:
    """The caller's own facts, in the shape that extraction gives."""
    facts = [Fact.model_validate(item) for item in recorded.episode.metadata[SUPPLIED]]
    read = engine.reader.claims([fact.text for fact in facts]) if engine.reader is not None else ()
    claims = dict(enumerate(read))
    drafts = []
    for index, fact in enumerate(facts):
        ends = [name for source, _, target in fact.relations for name in (source, target)]
        typed = {entity.name for entity in fact.entities}
        named = [EntityDraft(name=name) for name in dict.fromkeys(ends) if name not in typed]
        drafts.append(
            FactDraft(
                **fact.model_dump(exclude={"entities", "relations"}),
                entities=(*fact.entities, *named),
                relations=tuple(RelationDraft(source=s, type=t, target=o) for s, t, o in fact.relations),
                claims=claims.get(index, ()),
            )
        )
    return Draft(facts=tuple(drafts))


class Texts:
    """Every text of one add, each embedded once, in one batch."""

    def __init__(self, texts: Mapping[tuple[str, View], str]) -> None:
        self.texts = texts

    @classmethod
    def of(cls, around: Surroundings, draft: Draft) -> Texts:
        """The texts of messages and of what was read in them."""
        texts = around.texts()
        texts |= {(fact.text, "fact"): fact.text for fact in draft.facts}
        strong = {e.name for fact in draft.facts for e in fact.entities if not e.weak}
        texts |= {(name, "entity"): name for name in linking.names(draft) if name in strong}
        return cls(texts)

    def embed(self, engine: Engine) -> Vectors:
        """Vectors by key: message id, fact text or entity name, with the view."""
        distinct = list(dict.fromkeys(self.texts.values()))
        rows = engine.embedder.embed(distinct)
        place = {text: index for index, text in enumerate(distinct)}
        return {key: rows[place[text]] for key, text in self.texts.items()}


class Surroundings(NamedTuple):
    """The messages of an episode, and those around them in the conversation."""

    own: Sequence[MessageRecord]
    by_id: Mapping[str, MessageRecord]
    changed: tuple[str, ...]
    """Own messages and direct neighbours: those whose window view is new."""

    def texts(self) -> dict[tuple[str, View], str]:
        """Turn and window views to embed."""
        texts: dict[tuple[str, View], str] = {(m.id, "turn"): views.turn(m) for m in self.own}
        for message in (self.by_id[item] for item in self.changed if item in self.by_id):
            before, after = (self.by_id.get(i or "") for i in (message.previous_id, message.next_id))
            texts[message.id, "window"] = views.window3(before, message, after)
        return texts

    def items(self, vectors: Vectors) -> list[VectorItem]:
        """What to store for the messages."""
        return [
            VectorItem(item, view, self.by_id[item].scope, vector)
            for (item, view), vector in vectors.items()
            if item in self.by_id
        ]


def surroundings(engine: Engine, recorded: Recorded) -> Surroundings:
    """Two steps to either side: a neighbour's window shows its own neighbour too."""
    by_id = {m.id: m for m in (*recorded.neighbours, *recorded.messages)}
    for _ in range(2):
        ends = {i for m in by_id.values() for i in (m.previous_id, m.next_id) if i is not None and i not in by_id}
        by_id |= engine.ledger.messages(sorted(ends)) if ends else {}
    own = {m.id for m in recorded.messages}
    touching = [m.id for m in by_id.values() if m.id in own or m.previous_id in own or m.next_id in own]
    return Surroundings(recorded.messages, by_id, tuple(touching))


def vector_items(around: Surroundings, plan: Plan, vectors: Vectors, scope: Scope) -> list[VectorItem]:
    """What to store for the messages, and for what a plan adds."""
    items = around.items(vectors)
    texts = {addition.memory.id: addition.memory.text for addition in plan.additions}
    texts |= {revision.memory_id: revision.text for revision in plan.revisions}
    items += [VectorItem(m, "fact", scope, vectors[t, "fact"]) for m, t in texts.items() if (t, "fact") in vectors]
    owner = consider.names_scope(scope)
    # A word that was no name until now keeps its first spelling, and is embedded in the new one.
    spelt = {linking.key(name): row for (name, view), row in vectors.items() if view == "entity"}
    found = [(entity.id, spelt.get(linking.key(entity.name))) for entity in plan.entities]
    return items + [VectorItem(item, "entity", owner, row) for item, row in found if row is not None]


def _failed(engine: Engine, recorded: Recorded, exc: ModelError, watch: Stopwatch) -> AddResult:
    """The model failed: keep the episode for a retry, and make its messages searchable by meaning if possible."""
    episode = recorded.episode
    log.warning("episode %s kept for a retry: %s", episode.id, exc)
    try:
        around = surroundings(engine, recorded)
        engine.ledger.store_vectors(around.items(Texts(around.texts()).embed(engine)))
    except ModelError as second:
        log.warning("messages of episode %s are searchable by words only: %s", episode.id, second)
    engine.ledger.mark(episode.id, "failed", str(exc), retryable=True)
    return AddResult(
        episode_id=episode.id,
        status="failed",
        outcome="quarantined" if isinstance(exc, ModelReplyError) else "none",
        reason=f"{exc} The messages are kept and searchable{FINISH}",
        message_ids=tuple(m.id for m in recorded.messages),
        usage=Usage(milliseconds=watch.spent),
        projected=engine.projection.apply(),
    )


def _result(
    recorded: Recorded, draft: Draft, decided: consider.Decision, watch: Stopwatch, *, projected: bool
) -> AddResult:
    plan = decided.plan
    usage = draft.usage + decided.usage + Usage(embedding_calls=1, milliseconds=watch.spent)
    return AddResult(
        episode_id=recorded.episode.id,
        resolution_id=plan.resolution_id,
        status="done" if plan.changes or plan.held else "empty",
        reason=said_of(plan),
        reviews=tuple(held.id for held in plan.held),
        outcome=draft.outcome,
        changes=plan.changes,
        relations_added=decided.added,
        relations_ended=decided.ended,
        message_ids=tuple(m.id for m in recorded.messages),
        usage=usage,
        projected=projected,
    )


def said_of(plan: Plan) -> str:
    """Why an add changed nothing, or not everything."""
    if plan.held:
        return f"{len(plan.held)} statements of an untrusted source wait for a review: see reviews()"
    return "" if plan.changes else "nothing to remember was found beside the messages"
