"""What an untrusted source may do: be remembered and quoted, never change what trusted people said, never give orders.

A text from the web, a document or a tool is data. Its statements become facts of their own, marked with their source.
Three kinds of statement wait for a person instead: what would end, correct or reword a trusted fact; what speaks of the
user's own wishes; and what reads like an order to an assistant (OWASP ASI06, memory poisoning).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Literal, NamedTuple
from uuid import uuid5

from graphmem.steps.linking import NAMESPACE, Linked, key
from graphmem.steps.orders import reads_like_an_order
from graphmem.steps.resolution.plan import of_message
from graphmem.steps.resolution.sides import rank, untrusted
from graphmem.values import Candidate, Draft, Entity, Held, LinkedFact, MessageRecord, Scope, Verdict

CHANGING = frozenset({"supersede", "end", "correct", "revise"})
WISHES = frozenset({"likes", "dislikes", "prefers", "wants", "loves", "hates", "trusts", "avoids", "needs", "uses"})
PERSONAL = frozenset({"i", "me", "you", "user", "the user"})


class Asked(NamedTuple):
    """What an add is about."""

    draft: Draft
    scope: Scope
    messages: Sequence[MessageRecord]
    known_names: Container[str]
    """Ids of the entities that were there before."""


class Parted(NamedTuple):
    """What of an add goes on, and what is held."""

    linked: Linked
    candidates: list[tuple[Candidate, ...]]
    verdicts: tuple[Verdict, ...]
    held: tuple[Held, ...]


def part(
    linked: Linked,
    candidates: Sequence[tuple[Candidate, ...]],
    verdicts: Sequence[Verdict],
    would: Sequence[Verdict],
    asked: Asked,
) -> Parted:
    """Take the facts that must wait out of an add, with the names that only they brought.

    `would` are the verdicts as if every source were trusted.
    """
    known = {c.memory.id: c.memory.trust for near in candidates for c in near}
    held: dict[int, Held] = {}
    for index, fact in enumerate(linked.facts):
        message = asked.messages[fact.draft.message]
        trust = of_message(message)
        if untrusted(trust):
            own = [v for v in (*would, *verdicts) if v.fact == index and v.action in CHANGING]
            above = [v for v in own if v.memory_id in known and rank(known[v.memory_id]) > rank(trust)]
            if (found := _reason(fact, above, asked.scope, message)) is not None:
                held[index] = _held(fact, above, found, message, trust)
    if not held:
        return Parted(linked, list(candidates), tuple(verdicts), ())
    stays = [i for i in range(len(linked.facts)) if i not in held]
    place = {old: new for new, old in enumerate(stays)}
    gone = {linked.facts[i].memory_id for i in held}
    left = [v for v in verdicts if v.fact in place and v.memory_id not in gone]
    return Parted(
        _without(linked, stays, asked),
        [candidates[i] for i in stays],
        tuple(v.model_copy(update={"fact": place[v.fact]}) for v in left),
        tuple(held.values()),
    )


Kind = Literal["supersede", "instruction", "personal"]


def _reason(
    fact: LinkedFact, above: Sequence[Verdict], scope: Scope, message: MessageRecord
) -> tuple[Kind, str] | None:
    texts = (fact.draft.text, fact.draft.quote)
    if any(reads_like_an_order(text) for text in texts):
        return "instruction", "an untrusted source gives what reads like an order"
    if above:
        return "supersede", f"an untrusted source would change what is known: {above[0].reason}"
    if fact.draft.kind == "procedural" or _is_personal(fact, scope, message):
        return "personal", "an untrusted source speaks of wishes or habits"
    return None


def _is_personal(fact: LinkedFact, scope: Scope, message: MessageRecord) -> bool:
    """About the user or the source itself, or about anybody's wishes."""
    subject = key(fact.draft.subject or "")
    mine = {key(value) for value in scope.labels.values()} | {key(message.speaker)} | PERSONAL
    wished = {r.type for r in fact.draft.relations} | {c.predicate for c in fact.draft.claims}
    return subject in mine or any(w in WISHES or f"{w}s" in WISHES for w in wished)


def _held(
    fact: LinkedFact, above: Sequence[Verdict], found: tuple[Kind, str], message: MessageRecord, trust: str
) -> Held:
    return Held(
        id=str(uuid5(NAMESPACE, f"review\n{fact.memory_id}")),
        kind=found[0],
        draft=fact.draft,
        message_id=message.id,
        trust=trust,
        verdicts=tuple({v.memory_id: v for v in above}.values()),
        reason=found[1],
    )


def _without(linked: Linked, stays: Sequence[int], asked: Asked) -> Linked:
    """The facts that stay, and the names that they or the messages themselves bring."""
    facts = tuple(linked.facts[i] for i in stays)
    only_held = set(_ids(linked.facts)) - set(_ids(facts))
    said = {key(m.entity.name): m.entity.weak for m in sorted(asked.draft.mentions, key=lambda m: not m.entity.weak)}
    kept: list[Entity] = []
    gone: set[str] = set()
    for entity in linked.entities:
        if entity.id not in only_held:
            kept.append(entity)
        elif entity.id not in asked.known_names and key(entity.name) in said:
            # The message names it, too, perhaps as a mere word.
            kept.append(entity.model_copy(update={"weak": said[key(entity.name)]}))
        elif entity.id not in asked.known_names:
            gone.add(entity.id)
    return linked.model_copy(
        update={
            "facts": facts,
            "entities": tuple(kept),
            "similar": tuple(s for s in linked.similar if not {s[0], s[1]} & gone),
            "message_entities": tuple(pair for pair in linked.message_entities if pair[1] not in gone),
        }
    )


def _ids(facts: Iterable[LinkedFact]) -> Iterable[str]:
    for fact in facts:
        yield from fact.entity_ids
        yield from (end for triple in fact.triples for end in (triple.source_id, triple.target_id))
        if fact.subject_id:
            yield fact.subject_id
