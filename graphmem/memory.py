"""`Memory`: the one class users need. It checks what it is given and hands it to a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from graphmem import assembly, inputs, values
from graphmem.adopting.method import Adoption
from graphmem.engine import Clock, Engine
from graphmem.flows import erasing, forget, inspect, remember
from graphmem.flows.admitting import Recalls
from graphmem.flows.recall import Rerank, Rewrite, search
from graphmem.inputs import MessageLike, Time
from graphmem.models.contracts import LLM, Embedder, Extractor
from graphmem.operations import Operations
from graphmem.projection import ProjectionName
from graphmem.relationships import Relationships
from graphmem.settings import Settings
from graphmem.steps import filters as grammar
from graphmem.steps.fusion import Recipe
from graphmem.upkeep import Upkeep

FACTS_AND_MESSAGES = ("facts", "messages")
CONTEXT_HITS = 50
"""Hits read for a context block; the budget decides how many fit."""


class Memory(Relationships, Operations, Upkeep, Adoption):
    """A memory for agents: facts and messages, the graph between them, and when each fact was true.

    Open one with `Memory.open()`, and close it (or use it in a `with` block). It may be shared between threads.
    Every call that reads or writes memories takes the labels of a scope: `user_id`, `agent_id`, `app_id`, `run_id`,
    at least one. A read sees what carries all labels given.
    """

    def __init__(self, engine: Engine, *, recipe: Recipe | None = None) -> None:
        self._engine = engine
        self._recipe = recipe
        self._recalls = Recalls()

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        home: str | Path | None = None,
        llm: LLM | None = None,
        embedder: Embedder | str | None = None,
        extractor: Extractor | str | None = None,
        clock: Clock | None = None,
        **options: Any,
    ) -> Self:
        """Open the memory in `home` (./.graphmem unless a setting says otherwise), making it when it is new.

        `options` are settings (see docs/configuration.md); `llm`, `embedder`, `extractor` and `clock` replace what
        the settings would build; for `embedder` and `extractor` the name that the setting takes will do, too. Raises
        ConfigError, MissingExtra, StoreError, EmbeddingMismatch.
        """
        named = {
            key: value for key, value in (("embedder", embedder), ("extractor", extractor)) if isinstance(value, str)
        }
        chosen = assembly.settings(settings, home=home, **named, **options)
        opened = assembly.engine(
            chosen,
            llm=llm,
            embedder=None if isinstance(embedder, str) else embedder,
            extractor=None if isinstance(extractor, str) else extractor,
            clock=clock,
        )
        erasing.resume(opened)
        return cls(opened)

    def close(self) -> None:
        """Write what is pending to the stores and release them; a second call is a no-op."""
        assembly.close(self._engine)

    def __repr__(self) -> str:
        return f"Memory(home={str(self._engine.settings.home)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(
        self,
        messages: MessageLike | Sequence[MessageLike],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        infer: bool = True,
        facts: Sequence[values.Fact | str] | None = None,
        instructions: str | None = None,
        idempotency_key: str | None = None,
        at: Time = None,
        include_assistant: bool = False,
        wait: bool = True,
        trust: str | None = None,
        expires_at: Time = None,
        ttl: float | timedelta | None = None,
        recalled: values.Context | Sequence[str] = (),
    ) -> values.AddResult:
        """Remember what messages say: facts, entities, relations, and what they end.

        A message is a string, a `Message`, or a dict with `content` and perhaps `role`, `name`, `timestamp` (aware)
        and `metadata`. `at` is when it was said, for messages without a timestamp. `infer=False` keeps the messages
        searchable and extracts nothing; `facts` takes your own facts in place of extraction. The same
        `idempotency_key` is accepted once. The messages are durable when this returns, whatever a model did: look at
        `status` of the result, and finish failed ones with `retry()`. `wait=False`
        only records them, for a worker to read. `trust` says where the text comes from (`web`,
        `document`, `tool` are not trusted: see `reviews()`); without it the role decides. From `expires_at` on, or
        `ttl` (days, or a timedelta) after now, it is no longer found; `expire()` removes it. `recalled` is what
        `context` gave into this conversation: what an assistant repeats of it is not learned again. Raises InputError,
        ScopeError, StoreError.
        """
        given = self._given(
            messages,
            inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id),
            metadata=metadata,
            facts=facts,
            instructions=instructions,
            idempotency_key=idempotency_key,
            at=at,
            include_assistant=include_assistant,
            trust=trust,
            expires_at=expires_at,
            ttl=ttl,
            recalled=recalled,
            infer=infer,
        )
        return remember.add(self._engine, given, wait=inputs.flag("wait", wait))

    def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        k: int = 10,
        filters: Mapping[str, Any] | None = None,
        min_score: float | None = None,
        explain: bool = False,
        include: Sequence[str] = FACTS_AND_MESSAGES,
        include_past: bool = False,
        relations: bool = True,
        rerank: Rerank | None = None,
        rewrite: Rewrite | None = None,
    ) -> values.SearchResult:
        """The k best facts and messages for a question, best first; no chat model is asked.

        `filters` is mem0's grammar over metadata and fields (see docs/api.md). Only what is valid now is returned,
        unless `as_of`, `known_at` or `include_past` asks otherwise. `explain` gives each hit its parts and its route
        through the graph. `rerank(question, hits)` and `rewrite(question)` are hooks of your own.
        """
        engine = self._engine
        inputs.hook("rerank", rerank)
        inputs.hook("rewrite", rewrite)
        found = search(
            inputs.text("query", query, inputs.MAX_QUERY),
            inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id),
            inputs.when(as_of, known_at, engine.clock(), include_past=include_past),
            ledger=engine.ledger,
            embedder=engine.embedder,
            graph=engine.ledger.graph,
            vectors=engine.projection.opened,
            k=inputs.whole("k", k, 1, inputs.MAX_RESULTS),
            condition=grammar.parse_given(filters),
            include=inputs.texts("include", include, inputs.MAX_LABEL),
            min_score=inputs.score("min_score", min_score),
            explain=inputs.flag("explain", explain),
            relations=inputs.flag("relations", relations),
            rerank=rerank,
            rewrite=rewrite,
            recipe=self._recipe,
        )
        lost = set(engine.projection.degraded) - set(found.degraded)
        return found.model_copy(update={"degraded": tuple(sorted({*found.degraded, *lost}))}) if lost else found

    def context(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        budget_tokens: int = 1500,
        filters: Mapping[str, Any] | None = None,
        include: Sequence[str] = FACTS_AND_MESSAGES,
    ) -> values.Context:
        """A block to paste into a prompt: what was found, quoted and attributed, within a budget of tokens."""
        budget = inputs.whole("budget_tokens", budget_tokens, 50, 1_000_000)
        found = self.search(
            query,
            user_id=user_id,
            agent_id=agent_id,
            app_id=app_id,
            run_id=run_id,
            as_of=as_of,
            known_at=known_at,
            k=CONTEXT_HITS,
            filters=filters,
            include=include,
        )
        from graphmem.steps import context as rendering

        block = rendering.render(found, budget)
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        self._recalls.note(scope.owner, block.ids)
        return block

    def get(self, id: str) -> values.Memory:
        """One memory. Raises NotFound."""
        return forget.get(self._engine, inputs.text("id", id, inputs.MAX_LABEL))

    def list(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        as_of: Time = None,
        known_at: Time = None,
        filters: Mapping[str, Any] | None = None,
        cursor: str | None = None,
        limit: int = 100,
        include_past: bool = False,
    ) -> values.Page:
        """Memories of a scope, newest first; give `cursor` of a page back to get the next one."""
        return self._engine.ledger.list(
            inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id),
            inputs.when(as_of, known_at, self._engine.clock(), include_past=include_past),
            grammar.parse_given(filters),
            cursor=None if cursor is None else inputs.text("cursor", cursor, inputs.MAX_LABEL),
            limit=inputs.whole("limit", limit, 1, inputs.MAX_RESULTS),
        )

    def update(self, id: str, text: str | None = None, metadata: Mapping[str, Any] | None = None) -> values.Change:
        """Change the text of a memory, or merge metadata into it; its relations follow. Raises NotFound."""
        return forget.update(
            self._engine,
            inputs.text("id", id, inputs.MAX_LABEL),
            None if text is None else inputs.text("text", text, inputs.MAX_CONTENT),
            None if metadata is None else inputs.metadata("metadata", metadata),
        )

    def delete(self, id: str) -> values.DeleteReport:
        """Remove a memory or message with all that only it supported. `undo` brings it back. Raises NotFound.

        Messages that only this memory rests on are withdrawn from search with it.
        """
        return forget.delete(self._engine, inputs.text("id", id, inputs.MAX_LABEL))

    def delete_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        dry_run: bool = False,
    ) -> values.DeleteReport:
        """Remove everything that carries all labels given, messages included; there is no undo.

        `dry_run` only counts. Without a label it is a ScopeError; to empty the home use `reset()`.
        """
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        return forget.delete_all(self._engine, scope, dry_run=inputs.flag("dry_run", dry_run))

    def history(self, id: str) -> tuple[values.HistoryEntry, ...]:
        """What happened to a memory, oldest first; empty for an unknown id."""
        return self._engine.ledger.history(inputs.text("id", id, inputs.MAX_LABEL))

    def undo(self, resolution_id: str) -> tuple[values.Change, ...]:
        """Take back one add or delete whole. Raises NotFound, and ConflictError when a later change builds on it."""
        return forget.undo(self._engine, inputs.text("resolution_id", resolution_id, inputs.MAX_LABEL))

    def reset(self) -> None:
        """Remove everything in this home, of every scope."""
        forget.reset(self._engine)

    def retry(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
    ) -> tuple[values.AddResult, ...]:
        """Finish adds that a failing model or a crash left unfinished, oldest first; without labels, all of them."""
        return remember.retry(self._engine, _scope_or_all(user_id, agent_id, app_id, run_id))

    def episodes(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        status: values.Status | None = None,
        limit: int = 100,
    ) -> tuple[values.Episode, ...]:
        """Accepted adds with their status, oldest first; without labels, of all scopes."""
        if status is not None:
            inputs.one_of("status", status, get_args(values.Status))
        count = inputs.whole("limit", limit, 1, 1_000_000)
        scope = _scope_or_all(user_id, agent_id, app_id, run_id)
        return self._engine.ledger.episodes(status, scope, count)

    def status(self, *, state: bool = False) -> values.StatusReport:
        """What is open, how much it holds, what waits. Holds no secret.

        `state` adds the hash of all that is remembered, which reads every row.
        """
        return inspect.status(self._engine, state=inputs.flag("state", state))

    def verify(self) -> values.VerifyReport:
        """Compare the ledger with itself and with the stores, row by row, after writing what is pending."""
        return inspect.verify(self._engine)

    def rebuild(self, store: ProjectionName = "all") -> values.VerifyReport:
        """Write the stores anew from the ledger, with no model call; then verify."""
        inputs.one_of("store", store, get_args(ProjectionName))
        return self._engine.projection.rebuild(store)


def _scope_or_all(
    user_id: str | None, agent_id: str | None, app_id: str | None, run_id: str | None
) -> values.Scope | None:
    labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
    return inputs.scope(**labels) if any(value is not None for value in labels.values()) else None
