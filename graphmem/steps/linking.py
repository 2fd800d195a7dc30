"""From names to entities: exact key first, then alias, and a fuzzy match is only ever a proposal.

Everything arrives and leaves as values. An entity is unified inside one owner; its id is derived from the owner, the
key of its name and its place among homonyms, so that a replay writes the same rows.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID, uuid5

from graphmem.steps.entity_types import asserted, compatible, settled
from graphmem.steps.relation_tenses import holds
from graphmem.steps.relation_types import relation_type
from graphmem.values import (
    Draft,
    Entity,
    EntityDraft,
    FactDraft,
    LinkedFact,
    MessageRecord,
    RelationDraft,
    Triple,
    Value,
)

NAMESPACE = UUID("6b0c5a2e-7c86-5d63-9a5d-3d2f4d0a7c11")
"""Of all derived ids, the ledger's included."""
SIMILAR = 0.8
"""Cosine of two names from which on they are proposed as one entity."""
_IdOf = Callable[[str], str]
ALIAS_TYPES = frozenset({"also_known_as"})

UNDATED = "undated"
"""Marker of the claims of a fact that gives no date of its own."""

_KEPT_OUTER = "+#@$%&"
"""Outer signs that belong to names: C++, C#, @ann."""
_POSSESSIVE = re.compile(r"(?<=\w)['’]s$|(?<=s)['’]$")


class Linked(Value):
    """A draft whose names have become entities."""

    facts: tuple[LinkedFact, ...] = ()
    entities: tuple[Entity, ...] = ()
    """New ones, and known ones with a better type or one more alias."""
    similar: tuple[tuple[str, str, float], ...] = ()
    """(entity id, entity id, cosine): perhaps the same; a proposal."""
    message_entities: tuple[tuple[str, str], ...] = ()
    """(message id, entity id): what messages name themselves, and what the facts derived from them name."""


@lru_cache(maxsize=65536)
def key(name: str) -> str:
    """The form in which names are compared: NFKC, casefolded, one space, no outer punctuation, no possessive.

    Never empty for a name that is not blank; `key(key(name)) == key(name)`.
    """
    folded = " ".join(_fold(name).split())
    while True:
        stripped = _fold(" ".join(_POSSESSIVE.sub("", _strip_outer(folded)).split()))
        if not stripped:
            return folded
        if stripped == folded:
            return folded
        folded = stripped


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _strip_outer(text: str) -> str:
    start, end = 0, len(text)
    while start < end and _is_outer(text[start]):
        start += 1
    while end > start and _is_outer(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_outer(sign: str) -> bool:
    return sign.isspace() or (sign not in _KEPT_OUTER and unicodedata.category(sign)[0] == "P")


def entity_id(owner: str, name: str, ordinal: int = 0) -> str:
    """The id of the `ordinal`-th entity of an owner that bears this name."""
    return str(uuid5(NAMESPACE, f"entity\n{owner}\n{key(name)}\n{ordinal}"))


def memory_id(owner: str, episode_id: str, index: int, text: str) -> str:
    """The id of the `index`-th fact of an episode."""
    return str(uuid5(NAMESPACE, f"memory\n{owner}\n{episode_id}\n{index}\n{text}"))


def relation_id(owner: str, triple: Triple) -> str:
    """The id of a relation: the same for every memory that supports it."""
    parts = ["relation", owner, triple.source_id, triple.type, triple.target_id]
    return str(uuid5(NAMESPACE, json.dumps(parts)))


def names(draft: Draft) -> tuple[str, ...]:
    """Every name of a draft, in order of appearance: what `known` and `near` of `link` must cover."""
    found = [e.name for e, _ in _entities(draft)]
    return tuple(dict.fromkeys(n for n in found if key(n)))


def link(
    draft: Draft,
    known: Mapping[str, Sequence[Entity]],
    near: Mapping[str, Sequence[tuple[Entity, float]]],
    *,
    owner: str,
    episode_id: str,
    messages: Sequence[MessageRecord],
    similar_from: float = SIMILAR,
) -> Linked:
    """Give every name of a draft an entity.

    Relations of a fact that has ended, is planned or is only supposed are left out, unless their own type says so.
    `known` holds the ledger's entities by `key` of name or alias; `near` holds entities whose names lie near a name
    of the draft, with the cosine. Facts and mentions whose message index is not in `messages` are an IndexError.
    """
    draft = draft.model_copy(update={"facts": tuple(settled(f) for f in draft.facts)})
    register = _Register(owner, known)
    for wanted, sure in _entities(draft):
        register.find(wanted, sure=sure)
    for fact in draft.facts:
        register.learn_aliases(fact)
    facts = []
    for index, fact in enumerate(draft.facts):
        identity = memory_id(owner, episode_id, index, fact.text)
        facts.append(_link_fact(fact, register, identity, messages[fact.message].timestamp))
    mentions = [(messages[m.message].id, register.find(m.entity).id) for m in draft.mentions if key(m.entity.name)]
    # A walk loses most of its mass on the way through a fact: a message names what its facts name.
    named = [(messages[f.draft.message].id, i) for f in facts for i in f.entity_ids if not register.get(i).weak]
    return Linked(
        facts=tuple(facts),
        entities=register.changed(),
        similar=_similar(register, near, similar_from),
        message_entities=tuple(dict.fromkeys([*mentions, *named])),
    )


def _entities(draft: Draft) -> list[tuple[EntityDraft, bool]]:
    """All entity drafts, typed ones before what is only named, and whether their fact asserts their type."""
    found: list[tuple[EntityDraft, bool]] = []
    for fact in draft.facts:
        typed, sure = {key(e.name) for e in fact.entities}, asserted(fact)
        found.extend((e, sure.get(e.name) == e.type) for e in fact.entities)
        ends = [n for r in fact.relations for n in (r.source, r.target)]
        named = [*([fact.subject] if fact.subject else []), *ends]
        found.extend((EntityDraft(name=n), False) for n in named if key(n) not in typed)
    found.extend((m.entity, False) for m in draft.mentions)
    return [(e, sure) for e, sure in found if key(e.name)]


class _Register:
    """The entities of one linking, by key; the only state, and local to one call."""

    def __init__(self, owner: str, known: Mapping[str, Sequence[Entity]]) -> None:
        self._owner = owner
        self._before: dict[str, Entity] = {}
        self._now: dict[str, Entity] = {}
        self._by_key: dict[str, list[str]] = {}
        self.fresh: list[str] = []
        for entities in known.values():
            for entity in entities:
                self._remember(entity)
                self._before[entity.id] = entity

    def _remember(self, entity: Entity) -> None:
        self._now[entity.id] = entity
        for name in (entity.name, *entity.aliases):
            ids = self._by_key.setdefault(key(name), [])
            if entity.id not in ids:
                ids.append(entity.id)

    def get(self, entity: str) -> Entity:
        """An entity by id, as it is now."""
        return self._now[entity]

    def find(self, wanted: EntityDraft, *, sure: bool = False) -> Entity:
        """The entity a draft means: by name, then by alias, with a compatible type; else a new one."""
        wanted_key = key(wanted.name)
        bearers = [self._now[i] for i in self._by_key.get(wanted_key, ())]
        fitting = [
            e for e in bearers
            if compatible(e.type, wanted.type, name=_clean(wanted.name), weak=e.weak or wanted.weak, sure=sure)
        ]  # fmt: skip
        if not fitting:
            return self._create(wanted)
        order = sorted(fitting, key=lambda e: (key(e.name) != wanted_key, e.type != wanted.type, e.weak, e.id))
        return self._refine(order[0], wanted, sure=sure)

    def _create(self, wanted: EntityDraft) -> Entity:
        ordinal = 0
        while entity_id(self._owner, wanted.name, ordinal) in self._now:
            ordinal += 1
        new = Entity(
            id=entity_id(self._owner, wanted.name, ordinal),
            name=_clean(wanted.name),
            type=wanted.type,
            weak=wanted.weak,
        )
        self._remember(new)
        self.fresh.append(new.id)
        return new

    def _refine(self, entity: Entity, wanted: EntityDraft, *, sure: bool) -> Entity:
        better = wanted.type if sure or entity.type == "Thing" else entity.type
        weak = entity.weak and wanted.weak
        if (better, weak) == (entity.type, entity.weak):
            return entity
        refined = entity.model_copy(update={"type": better, "weak": weak})
        self._remember(refined)
        return refined

    def learn_aliases(self, fact: FactDraft) -> None:
        """After "Elizabeth is also known as Liz", Liz is Elizabeth."""
        for relation in fact.relations:
            if relation_type(relation.type) in ALIAS_TYPES and key(relation.source) and key(relation.target):
                self._add_alias(self.find(EntityDraft(name=relation.source)), relation.target)

    def _add_alias(self, entity: Entity, alias: str) -> None:
        known_as = {key(n) for n in (entity.name, *entity.aliases)}
        if key(alias) in known_as:
            return
        for other in list(self._by_key.get(key(alias), ())):
            if other in self.fresh:
                self._forget(other)
        self._remember(entity.model_copy(update={"aliases": (*entity.aliases, _clean(alias))}))
        ids = self._by_key[key(alias)]
        ids.sort(key=lambda i: i != entity.id)

    def _forget(self, entity: str) -> None:
        self.fresh.remove(entity)
        del self._now[entity]
        for ids in self._by_key.values():
            if entity in ids:
                ids.remove(entity)

    def changed(self) -> tuple[Entity, ...]:
        """Entities that are new or differ from what was known, in order of appearance."""
        return tuple(e for i, e in self._now.items() if self._before.get(i) != e)


def _clean(name: str) -> str:
    """The name as written, without outer punctuation, double spaces and the possessive."""
    plain = " ".join(unicodedata.normalize("NFC", name).split())
    return _POSSESSIVE.sub("", _strip_outer(plain)) or plain


def _link_fact(fact: FactDraft, register: _Register, identity: str, said_at: datetime) -> LinkedFact:
    sure = asserted(fact)
    drafts = [e for e in fact.entities if key(e.name)]
    here = {key(e.name): register.find(e, sure=sure.get(e.name) == e.type).id for e in drafts}

    def id_of(name: str) -> str:
        return here.get(key(name)) or register.find(EntityDraft(name=name)).id

    subject = id_of(fact.subject) if fact.subject and key(fact.subject) else None
    closed = fact.valid_to is not None and fact.valid_to <= said_at
    stated = [r for r in fact.relations if r.lasting or closed or holds(r.type, fact.modality, fact.claims)]
    triples = _triples(stated, id_of)
    over = _triples(fact.relations, id_of) if fact.modality == "ended" else ()
    ends = (e for t in (*triples, *over) for e in (t.source_id, t.target_id))
    ids = [*here.values(), *([subject] if subject else []), *ends]
    return LinkedFact(
        draft=fact if fact.valid_from is not None else _undated(fact),
        memory_id=identity,
        subject_id=subject,
        entity_ids=tuple(dict.fromkeys(ids)),
        triples=triples,
        over=tuple(t for t in over if t not in triples),
        valid_from=fact.valid_from or said_at,
        valid_to=fact.valid_to,
    )


def _undated(fact: FactDraft) -> FactDraft:
    """Mark that the fact begins when it was said for want of a better date: a dated one may reach back behind it."""
    claims = tuple(c.model_copy(update={"markers": (*c.markers, UNDATED)}) for c in fact.claims)
    return fact.model_copy(update={"claims": claims})


def _triples(relations: Iterable[RelationDraft], id_of: _IdOf) -> tuple[Triple, ...]:
    found: dict[tuple[str, str, str], Triple] = {}
    for relation in relations:
        if not (key(relation.source) and key(relation.target)):
            continue
        source, target = id_of(relation.source), id_of(relation.target)
        kind = relation_type(relation.type)
        if source != target:
            triple = Triple(source_id=source, type=kind, target_id=target, confidence=relation.confidence)
            found.setdefault((source, kind, target), triple)
    return tuple(found.values())


def _similar(
    register: _Register, near: Mapping[str, Sequence[tuple[Entity, float]]], threshold: float
) -> tuple[tuple[str, str, float], ...]:
    """Proposals for the new entities only: what was known has been proposed when it was new."""
    near_by_key = {key(name): found for name, found in near.items()}
    proposals: dict[tuple[str, str], float] = {}
    for new in (register.get(i) for i in register.fresh):
        for other, cosine in near_by_key.get(key(new.name), ()):
            fits = not (new.weak or other.weak) and compatible(new.type, other.type)
            if cosine >= threshold and fits and other.id != new.id:
                proposals.setdefault((new.id, other.id), cosine)
    return tuple((a, b, cosine) for (a, b), cosine in proposals.items())


def keys(found: Iterable[str]) -> tuple[str, ...]:
    """The distinct keys of names, in order."""
    return tuple(dict.fromkeys(k for n in found if (k := key(n))))
