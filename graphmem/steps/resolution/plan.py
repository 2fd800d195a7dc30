"""From verdicts to one plan: what is added, closed, revised and only counted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid5

from graphmem.steps.linking import NAMESPACE, Linked
from graphmem.steps.resolution.sides import rank
from graphmem.values import (
    Addition,
    Candidate,
    Change,
    Closure,
    Evidence,
    LinkedFact,
    Memory,
    MessageRecord,
    Plan,
    Repeat,
    Revision,
    Scope,
    Verdict,
)

TRUST_OF_ROLE = {"user": "user", "system": "system", "assistant": "assistant", "tool": "tool"}


def trust_of(facts: Sequence[LinkedFact], messages: Sequence[MessageRecord]) -> tuple[str, ...]:
    """The trust of every fact: the caller's word for its message, else that of the message's role."""
    return tuple(of_message(messages[f.draft.message]) for f in facts)


def of_message(message: MessageRecord) -> str:
    """The trust of what a message says."""
    return message.trust or TRUST_OF_ROLE[message.role]


def resolution_id(owner: str, episode_id: str) -> str:
    """The id of the resolution of an episode."""
    return str(uuid5(NAMESPACE, f"resolution\n{owner}\n{episode_id}"))


@dataclass(frozen=True)
class _Base:
    """What all memories of one plan share."""

    scope: Scope
    at: datetime
    metadata: Mapping[str, Any]


@dataclass
class _Work:
    """What the verdicts of one resolution amount to, before it becomes values."""

    additions: dict[str, Addition] = field(default_factory=dict)
    closures: dict[str, Closure] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    repeats: list[Repeat] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


def plan(
    linked: Linked,
    candidates: Sequence[Sequence[Candidate]],
    verdicts: Sequence[Verdict],
    *,
    scope: Scope,
    at: datetime,
    episode_id: str,
    messages: Sequence[MessageRecord],
    metadata: Mapping[str, Any] | None = None,
) -> Plan:
    """Build the plan of an episode. Pure: the same arguments give the same plan, ids included.

    `verdicts` come from `judge`, completed by `apply_model`; `at` is the transaction time; `metadata` goes to every
    memory that is added, below the fact's own. A verdict by which a
    less trusted speaker would retire or reword what a more trusted one said becomes `keep` here.
    """
    known = {c.memory.id: c.memory for near in candidates for c in near}
    work = _Work(texts={i: m.text for i, m in known.items()})
    trust = trust_of(linked.facts, messages)
    judged = _trusted(verdicts, linked.facts, trust, known)
    for index, fact in enumerate(linked.facts):
        own = [v for v in judged if v.fact == index]
        message = messages[fact.draft.message]
        evidence = (_evidence(fact, message, episode_id),)
        if not _settled(fact, own, evidence, known, work):
            begun = _since_first_said(fact, own, known, work)
            work.additions[fact.memory_id] = _addition(begun, evidence, _Base(scope, at, metadata or {}), message)
            work.texts[fact.memory_id] = fact.draft.text
            _close(fact, own, known, work, at)
    return Plan(
        resolution_id=resolution_id(scope.owner, episode_id),
        scope=scope,
        at=at,
        episode_id=episode_id,
        entities=linked.entities,
        additions=tuple(work.additions.values()),
        closures=tuple(work.closures.values()),
        revisions=tuple(work.revisions.values()),
        repeats=tuple(work.repeats),
        message_entities=linked.message_entities,
        similar=linked.similar,
        changes=_changes(work),
        verdicts=judged,
    )


def _since_first_said(
    fact: LinkedFact, verdicts: Sequence[Verdict], known: Mapping[str, Memory], work: _Work
) -> LinkedFact:
    """What corrects an older fact was true when that one was said, unless it gives a date of its own."""
    starts = [_start(v.memory_id, known, work) for v in verdicts if v.action == "correct"]
    earlier = [s for s in starts if s is not None and s < fact.valid_from]
    if not earlier or fact.draft.valid_from is not None:
        return fact
    return fact.model_copy(update={"valid_from": min(earlier)})


def _evidence(fact: LinkedFact, message: MessageRecord, episode_id: str) -> Evidence:
    return Evidence(
        episode_id=episode_id, message_id=message.id, message_index=fact.draft.message, quote=fact.draft.quote
    )


def _settled(
    fact: LinkedFact,
    verdicts: Sequence[Verdict],
    evidence: tuple[Evidence, ...],
    known: Mapping[str, Memory],
    work: _Work,
) -> bool:
    """Handle a fact that is no memory of its own: said before, or more detail on a known one."""
    for verdict in verdicts:
        target = verdict.memory_id
        if verdict.action == "same":
            if target in work.additions:
                before = work.additions[target]
                work.additions[target] = before.model_copy(update={"evidence": (*before.evidence, *evidence)})
            else:
                work.repeats.append(Repeat(memory_id=target, evidence=evidence, reason=verdict.reason))
            return True
        if verdict.action == "revise":
            _revise(fact, verdict, evidence, known, work)
            return True
    return False


def _revise(
    fact: LinkedFact, verdict: Verdict, evidence: tuple[Evidence, ...], known: Mapping[str, Memory], work: _Work
) -> None:
    target, text = verdict.memory_id, fact.draft.text
    if target in work.additions:
        before = work.additions[target]
        memory = before.memory.model_copy(update={"text": text, "claims": fact.draft.claims})
        work.additions[target] = before.model_copy(
            update={"memory": memory, "evidence": (*before.evidence, *evidence), "entity_ids": fact.entity_ids,
                    "triples": fact.triples}
        )  # fmt: skip
    else:
        previous = known[target].text if target not in work.revisions else work.revisions[target].previous_text
        work.revisions[target] = Revision(
            memory_id=target, text=text, previous_text=previous, reason=verdict.reason, evidence=evidence,
            entity_ids=fact.entity_ids, triples=fact.triples, claims=fact.draft.claims,
        )  # fmt: skip
    work.texts[target] = text


def _trusted(
    verdicts: Sequence[Verdict], facts: Sequence[LinkedFact], trust: Sequence[str], known: Mapping[str, Memory]
) -> tuple[Verdict, ...]:
    trust_by_id = {m.id: m.trust for m in known.values()} | {f.memory_id: t for f, t in zip(facts, trust, strict=True)}
    found = []
    for verdict in verdicts:
        new, old = trust[verdict.fact], trust_by_id.get(verdict.memory_id, "user")
        winner, loser = (old, new) if verdict.action == "late" else (new, old)
        if verdict.action in {"same", "keep"} or rank(winner) >= rank(loser):
            found.append(verdict)
        else:
            reason = f"what the {loser} said is not changed by what the {winner} says"
            found.append(verdict.model_copy(update={"action": "keep", "reason": reason}))
    return tuple(found)


def _addition(fact: LinkedFact, evidence: tuple[Evidence, ...], base: _Base, message: MessageRecord) -> Addition:
    draft = fact.draft
    memory = Memory(
        id=fact.memory_id, text=draft.text, scope=base.scope, kind=draft.kind, valid_from=fact.valid_from,
        valid_to=fact.valid_to, recorded_at=base.at, retired_at=base.at if fact.valid_to else None,
        metadata={**base.metadata, **draft.metadata}, trust=of_message(message), expires_at=message.expires_at,
        subject_id=fact.subject_id, claims=draft.claims, modality=draft.modality,
        confidence=draft.confidence, speaker=message.speaker, role=message.role,
    )  # fmt: skip
    return Addition(memory=memory, evidence=evidence, entity_ids=fact.entity_ids, triples=fact.triples)


def _close(
    fact: LinkedFact, verdicts: Sequence[Verdict], known: Mapping[str, Memory], work: _Work, at: datetime
) -> None:
    for verdict in verdicts:
        target = verdict.memory_id
        start = _start(target, known, work)
        if start is None:
            continue
        if verdict.action in {"supersede", "end", "correct"}:
            end = start if verdict.action == "correct" else max(start, fact.valid_from)
            _end(Closure(memory_id=target, valid_to=end, superseded_by=fact.memory_id, reason=verdict.reason), work, at)
        elif verdict.action == "late":
            end = max(start, fact.valid_from)
            late = Closure(memory_id=fact.memory_id, valid_to=end, superseded_by=target, reason=verdict.reason)
            _end(late, work, at, told=False)


def _start(memory_id: str, known: Mapping[str, Memory], work: _Work) -> datetime | None:
    if memory_id in work.additions:
        return work.additions[memory_id].memory.valid_from
    memory = known.get(memory_id)
    return None if memory is None else memory.valid_from or memory.recorded_at


def _end(closure: Closure, work: _Work, at: datetime, *, told: bool = True) -> None:
    """Close a memory at the earliest end that is asked for; one that this plan adds is born closed.

    History tells why, unless the memory came late and so was never thought open (`told` is False).
    """
    before = work.closures.get(closure.memory_id)
    if before is not None and before.valid_to <= closure.valid_to:
        return
    addition = work.additions.get(closure.memory_id)
    end = None if addition is None else addition.memory.valid_to
    if end is not None and end <= closure.valid_to:
        return
    if told:
        work.closures[closure.memory_id] = closure
    if addition is not None:
        closed = {"valid_to": closure.valid_to, "retired_at": at, "superseded_by": closure.superseded_by}
        work.additions[closure.memory_id] = addition.model_copy(
            update={"memory": addition.memory.model_copy(update=closed)}
        )


def _changes(work: _Work) -> tuple[Change, ...]:
    added = [Change(event="ADD", memory_id=i, text=a.memory.text) for i, a in work.additions.items()]
    revised = [
        Change(event="UPDATE", memory_id=i, text=r.text, previous_text=r.previous_text, reason=r.reason)
        for i, r in work.revisions.items()
    ]
    closed = [
        Change(event="DELETE", memory_id=i, text=work.texts[i], previous_text=work.texts[i], reason=c.reason)
        for i, c in work.closures.items()
    ]
    repeated = [
        Change(event="NONE", memory_id=r.memory_id, text=work.texts.get(r.memory_id, ""), reason=r.reason)
        for r in work.repeats
    ]
    return (*added, *revised, *closed, *repeated)
