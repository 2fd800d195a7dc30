"""The care of a memory, as methods of `Memory`: what waits for a decision, merges, expiry, erasure, plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from graphmem import inputs
from graphmem.engine import Engine
from graphmem.errors import InputError
from graphmem.flows import erasing, expiring, merging, planning, reviewing
from graphmem.flows.admitting import Given, Recalls
from graphmem.inputs import MessageLike, Time
from graphmem.values import (
    AddResult,
    Context,
    ExpiryReport,
    Fact,
    MergeReport,
    PlannedAdd,
    Receipt,
    Review,
    ReviewStatus,
    Scope,
)

MAX_NAME = 1_000
REVIEW_STATUS = ("open", "accepted", "rejected")


class Operations:
    """What a person does with a memory beside asking it. What deletes has a dry run; what changes can be undone."""

    _engine: Engine
    _recalls: Recalls

    def _recalled(self, scope: Scope, given: Context | Sequence[str]) -> tuple[str, ...]:
        """Ids of what was put into the conversation: what the caller names, and what this process gave lately."""
        ids = given.ids if isinstance(given, Context) else given
        checked = inputs.texts("recalled", ids, inputs.MAX_LABEL)
        return tuple(dict.fromkeys([*checked, *self._recalls.of(scope.owner)]))

    def _given(
        self,
        messages: MessageLike | Sequence[MessageLike],
        scope: Scope,
        *,
        metadata: Mapping[str, Any] | None,
        facts: Sequence[Fact | str] | None,
        instructions: str | None,
        idempotency_key: str | None,
        at: Time,
        include_assistant: bool,
        trust: str | None,
        expires_at: Time,
        ttl: float | timedelta | None,
        recalled: Context | Sequence[str],
        infer: bool = True,
    ) -> Given:
        """The arguments of `add` and `plan`, checked. Raises InputError."""
        now = self._engine.clock()
        said = inputs.messages(messages, now)
        return Given(
            messages=said,
            scope=scope,
            metadata=inputs.metadata("metadata", metadata),
            facts=inputs.facts(facts, len(said)),
            instructions=inputs.instructions(instructions),
            idempotency_key=None if idempotency_key is None else inputs.text("idempotency_key", idempotency_key, 1000),
            at=inputs.said("at", at, now),
            expires_at=inputs.expiry(expires_at, ttl, now, self._engine.settings.ttl),
            recalled=self._recalled(scope, recalled),
            trust=inputs.trust(trust),
            include_assistant=inputs.flag("include_assistant", include_assistant),
            infer=inputs.flag("infer", infer),
        )

    def reviews(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        status: ReviewStatus = "open",
        limit: int = 100,
    ) -> tuple[Review, ...]:
        """What waits for a decision: held facts of untrusted sources, oldest first, and entities that may be one."""
        if status not in REVIEW_STATUS:
            raise InputError("status", f"cannot be {status!r}.", advice=f"Use one of {', '.join(REVIEW_STATUS)}.")
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        return self._engine.ledger.operating.reviews(scope, status, inputs.whole("limit", limit, 1, 10_000))

    def plan(
        self,
        messages: MessageLike | Sequence[MessageLike],
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        facts: Sequence[Fact | str] | None = None,
        instructions: str | None = None,
        idempotency_key: str | None = None,
        at: Time = None,
        include_assistant: bool = False,
        trust: str | None = None,
        expires_at: Time = None,
        ttl: float | timedelta | None = None,
        recalled: Context | Sequence[str] = (),
    ) -> PlannedAdd:
        """What `add` would do with the same arguments: every fact, end and relation, with its reason.

        Nothing is written. `apply` carries it out. Raises InputError, ScopeError, StoreError, ModelError.
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
        )
        return planning.plan(self._engine, given)

    def apply(self, plan: PlannedAdd) -> AddResult:
        """Carry out a plan, exactly; no chat model is asked.

        Raises ConflictError when anything of its owner has changed since it was made.
        """
        if not isinstance(plan, PlannedAdd):
            raise InputError("plan", f"must be a PlannedAdd, not {type(plan).__name__}.", advice="Use plan().")
        return planning.apply(self._engine, plan)

    def accept(self, id: str) -> Review:
        """Carry out what waits: the fact is remembered as if the user had said it, or two entities become one.

        `undo` of its resolution takes it back and lets it wait again. Raises NotFound, ConflictError.
        """
        return reviewing.accept(self._engine, inputs.text("id", id, inputs.MAX_LABEL))

    def reject(self, id: str) -> Review:
        """Drop what waits. Raises NotFound, ConflictError."""
        return reviewing.reject(self._engine, inputs.text("id", id, inputs.MAX_LABEL))

    def merge(
        self,
        name: str,
        other: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
    ) -> MergeReport:
        """Make what is called `other` one with the entity `name`: its names, facts and relations become those of it.

        `split` and `undo(resolution_id)` take it back. Raises UnknownEntity, InputError, ConflictError.
        """
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        names = inputs.text("name", name, MAX_NAME), inputs.text("other", other, MAX_NAME)
        return merging.merge(self._engine, scope, *names)

    def split(
        self,
        name: str,
        alias: str,
        *,
        ids: Sequence[str] | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
    ) -> MergeReport:
        """Make what is called `alias` an entity of its own again, or for the first time.

        Where a merge made `alias` a name of the entity `name`, it is taken back: facts return by where they came from;
        those said since then go with the name that they use. Otherwise everything that uses `alias` and no other name
        of the entity goes to the new one. `ids` name the memories and messages that mean the new one, when the two
        share a name. `undo(resolution_id)` takes it back. Raises UnknownEntity, NotFound when it has no such name,
        ConflictError when a later merge builds on it or another entity bears the name.
        """
        scope = inputs.scope(user_id=user_id, agent_id=agent_id, app_id=app_id, run_id=run_id)
        names = inputs.text("name", name, MAX_NAME), inputs.text("alias", alias, MAX_NAME)
        meant = None if ids is None else inputs.texts("ids", ids, inputs.MAX_LABEL)
        return merging.split(self._engine, scope, *names, meant)

    def expire(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        purge: bool = False,
        dry_run: bool = False,
    ) -> ExpiryReport:
        """Remove what is past its `expires_at`; without labels, of all scopes.

        It is deleted, and `undo` brings it back; with `purge` it is erased, with what only was deleted before, and the
        report holds the receipt. `dry_run` only counts.
        """
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        scope = inputs.scope(**labels) if any(label is not None for label in labels.values()) else None
        whole, dry = inputs.flag("purge", purge), inputs.flag("dry_run", dry_run)
        return expiring.expire(self._engine, scope, purge=whole, dry_run=dry)

    def erase(
        self,
        id: str | Sequence[str] | None = None,
        *,
        entity: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        app_id: str | None = None,
        run_id: str | None = None,
        dry_run: bool = False,
    ) -> Receipt:
        """Remove for good, from every file of the home: memories or messages by id, an entity, or a whole scope.

        With a memory go the messages that only it rests on; with an entity, all memories and messages of its owner
        that name it. There is no undo; `dry_run` only counts. The receipt tells what went and that the files were
        searched for it afterwards. Raises NotFound, UnknownEntity, InputError, ScopeError.
        """
        labels = {"user_id": user_id, "agent_id": agent_id, "app_id": app_id, "run_id": run_id}
        dry_run = inputs.flag("dry_run", dry_run)
        if id is not None:
            if entity is not None or any(label is not None for label in labels.values()):
                raise InputError("id", "stands alone.", advice="Give ids, or a scope with or without an entity.")
            return erasing.items(self._engine, inputs.texts("id", id, inputs.MAX_LABEL), dry_run=dry_run)
        scope = inputs.scope(**labels)
        if entity is None:
            return erasing.scope(self._engine, scope, dry_run=dry_run)
        return erasing.entity(self._engine, inputs.text("entity", entity, MAX_NAME), scope, dry_run=dry_run)
