"""The validation of an extraction reply: from loosely shaped JSON to fact drafts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast, get_args

from graphmem.errors import ModelReplyError
from graphmem.models.contracts import ExtractionRequest
from graphmem.steps.partial_dates import first_moment, last_moment
from graphmem.steps.quotes import Quotable
from graphmem.steps.replies import read_json
from graphmem.values import Draft, Dropped, EntityDraft, FactDraft, Kind, Modality, RelationDraft

MAX_TEXT, MAX_NAME, MAX_TYPE = 2000, 200, 60
MAX_DROPPED_TEXT = 200

_FACTS = ("facts", "memories", "statements", "fact", "results")
_TEXT = ("text", "fact", "statement", "memory", "content", "sentence")
_MESSAGE = ("message", "message_id", "message_index", "m", "msg", "source_message", "id")
_QUOTE = ("quote", "span", "evidence", "source_quote", "quoted")
_RELATIONS = ("relations", "triples", "relationships", "edges", "triplets")
_ENTITIES = ("entities", "nodes")
_SOURCE = ("source", "subject", "from", "head", "s", "source_entity")
_TYPE = ("type", "relation", "predicate", "relationship", "label", "p", "edge")
_TARGET = ("target", "object", "to", "tail", "o", "destination", "target_entity")
_NAME = ("name", "entity", "label", "text", "entity_name")
_MODALITIES, _KINDS = get_args(Modality), get_args(Kind)


class _Refused(Exception):
    """One item cannot be used; the message says why."""


def facts_of(values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Entity and fact items of a reply, whatever it is wrapped in. Raises ModelReplyError when there are none.

    Of several objects with facts the last one counts: models that think aloud correct themselves.
    """
    loose: list[Any] = []
    for value in reversed([_unwrapped(value) for value in values]):
        if isinstance(value, Mapping):
            facts = _first(value, _FACTS)
            if facts is not None and not isinstance(facts, str) and "properties" not in value:
                return _items(_first(value, _ENTITIES)), _items(facts)
            if _is_fact(value):
                loose.insert(0, value)
        elif isinstance(value, list) and (not value or any(map(_is_fact, value))):
            return [], value
    if loose:
        return [], loose
    if any(isinstance(value, Mapping) and {"properties", "$schema"} & value.keys() for value in values):
        raise ModelReplyError("The model repeated the schema instead of filling it.", advice="Use another model.")
    raise ModelReplyError("The model's reply has no list of facts.", advice="Try again, or use another model.")


def _unwrapped(value: Any) -> Any:
    """The arguments of a tool call, or what lies under one wrapping key such as `reply`."""
    for _ in range(4):
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping) and not _is_fact(value[0]):
            value = value[0]
        if not isinstance(value, Mapping) or _first(value, _FACTS) is not None:
            return value
        inner = _first(value, ("arguments", "parameters", "input", "function", "tool_calls", "reply", "memory", "data"))
        if inner is None and len(value) == 1:
            inner = next(iter(value.values()))
        if isinstance(inner, str) and inner.lstrip().startswith(("{", "[")):
            inner = read_json(inner).values[0]
        if not isinstance(inner, Mapping | list):
            return value
        value = inner
    return value


def _first(item: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The value under the first of the names that is there; case and hyphens do not count."""
    if any(name in item for name in names):
        return next(item[name] for name in names if name in item)
    folded = {str(key).casefold().replace("-", "_").replace(" ", "_"): value for key, value in item.items()}
    return next((folded[name] for name in names if name in folded), None)


def _is_fact(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, Mapping) and isinstance(_first(value, _TEXT), str) and "properties" not in value


def _items(value: Any) -> list[Any]:
    """A list, the values of an object keyed by `f1`, `f2`, or one object on its own."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return [value] if _is_fact(value) or _first(value, _NAME) is not None else _named_values(value)
    return []


def _named_values(value: Mapping[str, Any]) -> list[Any]:
    return [
        {"id": key, **item} if isinstance(item, Mapping) else {"name": key, "type": item} for key, item in value.items()
    ]


class _Ends(NamedTuple):
    """The validity that a fact claims."""

    start: datetime | None
    end: datetime | None


class Reading:
    """Reads the items of one reply against the request that it answers."""

    def __init__(self, request: ExtractionRequest) -> None:
        self._request = request
        self._messages = [Quotable(message.content) for message in request.messages]
        self._known: dict[str, EntityDraft] = {}
        """Entities by folded name and by local id."""
        self._declared: dict[str, str] = {}
        """Folded name -> name, of the entities that the reply lists."""
        self._used: set[str] = set()
        self._dropped: list[Dropped] = []

    def draft(self, entities: Sequence[Any], facts: Sequence[Any]) -> Draft:
        """The facts that hold up, and what was dropped with the reason."""
        for number, item in enumerate(entities, 1):
            self._declare(number, item)
        kept: dict[tuple[str, int], FactDraft] = {}
        for item in facts:
            try:
                fact = self._fact(item)
            except _Refused as exc:
                self._drop(str(exc), _described(item))
                continue
            if kept.setdefault((_key(fact.text), fact.message), fact) is not fact:
                self._drop("said twice in the same reply", fact.text)
        for key, name in self._declared.items():
            if key not in self._used:
                self._drop("entity that no fact uses", name)
        return Draft(facts=tuple(kept.values()), dropped=tuple(self._dropped))

    def _drop(self, reason: str, text: str) -> None:
        self._dropped.append(Dropped(reason=reason, text=text[:MAX_DROPPED_TEXT]))

    def _declare(self, number: int, item: Any) -> None:
        name = _name(_first(item, _NAME) if isinstance(item, Mapping) else item)
        if not name:
            self._drop("entity without a name", _described(item))
            return
        entity = EntityDraft(name=name, type=_entity_type(item.get("type") if isinstance(item, Mapping) else None))
        self._declared.setdefault(_key(name), name)
        self._known.setdefault(_key(name), entity)
        self._known.setdefault(f"e{number}", entity)
        if isinstance(item, Mapping) and isinstance(item.get("id"), str):
            self._known[_key(item["id"])] = entity

    def _fact(self, item: Any) -> FactDraft:
        if isinstance(item, str):
            item = {"text": item}
        if not isinstance(item, Mapping):
            raise _Refused("not an object")
        text = _sentence(_first(item, _TEXT))
        if not text:
            raise _Refused("no text")
        message, quote = self._evidence(item)
        role = self._request.messages[message].role
        if role != "user" and not self._request.include_assistant:
            raise _Refused(f"said by the {role}")
        source = f"{text} {quote}"
        relations, named = self._relations(item, source)
        subject = self._entity(item.get("subject"), source)
        entities = _distinct([*filter(None, [subject]), *named, *self._listed(item, source)])
        self._used.update(_key(entity.name) for entity in entities)
        modality = _choice(item.get("modality"), _MODALITIES, "asserted")
        ends = self._validity(item, message, modality)
        return FactDraft(
            text=text,
            message=message,
            quote=quote,
            kind=cast("Kind", _choice(item.get("kind"), _KINDS, "semantic")),
            subject=subject.name if subject else None,
            entities=entities,
            relations=relations,
            modality=cast("Modality", modality),
            correction=_truth(item.get("correction")),
            valid_from=ends.start,
            valid_to=ends.end,
        )

    def _evidence(self, item: Mapping[str, Any]) -> tuple[int, str]:
        """Index of the message and the exact words in it.

        A wrong index is put right when exactly one message holds the quote.
        """
        quote = _first(item, _QUOTE)
        if isinstance(quote, Sequence) and not isinstance(quote, str):
            quote = next((part for part in quote if isinstance(part, str)), None)
        if not isinstance(quote, str) or not quote.strip():
            raise _Refused("no quote")
        index = self._index(_first(item, _MESSAGE))
        if index is not None and (found := self._messages[index].find(quote)):
            return index, found
        places = [(i, found) for i, message in enumerate(self._messages) if (found := message.find(quote))]
        if len(places) != 1:
            raise _Refused("the quote is not in the message" if not places else "unknown message")
        return places[0]

    def _index(self, value: Any) -> int | None:
        """0-based index for `m3`, `3` or `["m3"]`; None when there is no such message."""
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        digits = re.fullmatch(r"\s*(?:m|message)?[\s_#]*(\d{1,6})(?:\.0)?\s*", str(value), re.IGNORECASE)
        number = int(digits[1]) if digits else 0
        return number - 1 if 1 <= number <= len(self._messages) else None

    def _entity(self, value: Any, source: str) -> EntityDraft | None:
        """The entity of that name or local id; one that was not listed must occur in the fact or be a speaker."""
        if isinstance(value, Mapping):
            value = _first(value, _NAME)
        name = _name(value)
        if not name:
            return None
        known = self._known.get(_key(name))
        if known is not None:
            return known
        if Quotable(source).find(name):
            return EntityDraft(name=name)
        speakers = {_key(p): p for p in self._request.participants}
        if _key(name) in speakers:
            return EntityDraft(name=speakers[_key(name)], type="Person")
        return None

    def _listed(self, item: Mapping[str, Any], source: str) -> Iterator[EntityDraft]:
        """Entities that the fact itself lists."""
        for value in _items(_first(item, _ENTITIES)):
            entity = self._entity(value, source)
            if entity is not None and isinstance(value, Mapping) and entity.type == "Thing":
                entity = EntityDraft(name=entity.name, type=_entity_type(value.get("type")))
            if entity is not None:
                yield entity

    def _relations(
        self, item: Mapping[str, Any], source: str
    ) -> tuple[tuple[RelationDraft, ...], tuple[EntityDraft, ...]]:
        relations: dict[tuple[str, str, str], RelationDraft] = {}
        ends: list[EntityDraft] = []
        for value in _triples(_first(item, _RELATIONS)):
            try:
                head, kind, tail = self._relation(value, source)
            except _Refused as exc:
                self._drop(str(exc), _described(value))
                continue
            ends += [head, tail]
            relation = RelationDraft(source=head.name, type=kind, target=tail.name)
            relations.setdefault((_key(head.name), kind, _key(tail.name)), relation)
        return tuple(relations.values()), tuple(ends)

    def _relation(self, value: Any, source: str) -> tuple[EntityDraft, str, EntityDraft]:
        parts = _parts(value)
        kind = _relation_type(parts[1])
        if not kind:
            raise _Refused("relation without a type")
        head, tail = self._entity(parts[0], source), self._entity(parts[2], source)
        if head is None or tail is None:
            raise _Refused("relation with an unknown entity")
        if _key(head.name) == _key(tail.name):
            raise _Refused("relation of an entity with itself")
        return head, kind, tail

    def _validity(self, item: Mapping[str, Any], message: int, modality: str) -> _Ends:
        """Partial dates completed: the start to its first moment, the end to its last.

        What is over cannot end after it was told: "until this year" ends when it is said.
        """
        start = self._moment(item, "valid_from", first_moment)
        end = self._moment(item, "valid_to", last_moment)
        said = self._request.messages[message].timestamp
        if end is not None and modality in {"past", "ended"} and said < end <= said + timedelta(days=366):
            end = said
        if start is not None and end is not None and end <= start:
            self._drop("ends before it begins", _described(item))
            end = None
        return _Ends(start, end)

    def _moment(self, item: Mapping[str, Any], name: str, complete: Any) -> datetime | None:
        value = item.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or value.strip().casefold() in {"", "null", "none", "unknown", "n/a"}:
            return None
        moment: datetime | None = complete(value)
        if moment is None:
            self._drop(f"{name} is no ISO date", value)
        return moment


def _triples(value: Any) -> list[Any]:
    """A list of triples; one triple on its own counts as a list of one."""
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and len(value) == 3 and all(isinstance(part, str) for part in value):
        return [value]
    return value if isinstance(value, list) else []


def _parts(value: Any) -> tuple[Any, Any, Any]:
    if isinstance(value, Mapping):
        return _first(value, _SOURCE), _first(value, _TYPE), _first(value, _TARGET)
    if isinstance(value, str):
        value = [part.strip() for part in re.split(r"\s*(?:\||->|-\[|\]->|→)\s*", value) if part.strip()]
    if isinstance(value, list) and len(value) == 3:
        return value[0], value[1], value[2]
    raise _Refused("relation without three parts")


def _distinct(entities: Iterable[EntityDraft]) -> tuple[EntityDraft, ...]:
    return tuple({_key(entity.name): entity for entity in reversed(list(entities))}.values())[::-1]


def _described(item: Any) -> str:
    if isinstance(item, Mapping):
        return str(_first(item, _TEXT) or _first(item, _NAME) or dict(list(item.items())[:4]))
    return str(item)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _clean(value: Any) -> str:
    """One line without control characters; anything but text is empty."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(c if unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in value).split())


def _sentence(value: Any) -> str:
    text = _clean(value)
    return text if len(text) <= MAX_TEXT and any(c.isalnum() for c in text) else ""


def _name(value: Any) -> str:
    name = _clean(value).strip(" \"'“”‘’")
    return name if len(name) <= MAX_NAME and any(c.isalnum() for c in name) else ""


def _entity_type(value: Any) -> str:
    """One word such as `Person`; anything else becomes one, since types reach graph stores as names."""
    words = re.findall(r"\w+", _clean(value))
    joined = "".join(word[:1].upper() + word[1:] for word in words)[:MAX_TYPE]
    return joined if joined and not joined[0].isdigit() else "Thing"


def _relation_type(value: Any) -> str:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", _clean(value))
    return "_".join(re.findall(r"[^\W_]+", spaced.casefold()))[:MAX_TYPE].strip("_")


def _choice(value: Any, allowed: Sequence[str], default: str) -> str:
    word = _clean(value).casefold()
    return word if word in allowed else default


def _truth(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().casefold() in {"true", "yes", "1"})
