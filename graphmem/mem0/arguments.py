"""Two dialects of one call: ids as keywords (1.0) or inside `filters` (2.0), `limit` or `top_k`, `data` or `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, cast
from uuid import UUID

from graphmem.errors import FilterError, InputError
from graphmem.mem0.exceptions import NO_SCOPE, WRONG_MEMORY_TYPE, ValidationError
from graphmem.values import Fact

IDS = ("user_id", "agent_id", "run_id")
PROCEDURAL = "procedural_memory"


class NotGiven(int):
    """A default that can be told from the same number given by the caller."""


V1_LIMIT = NotGiven(100)
V2_LIMIT = 20
Message = Mapping[str, Any]


class Ids(TypedDict, total=False):
    """The labels of a scope that Mem0 has."""

    user_id: str
    agent_id: str
    run_id: str


class Asked(NamedTuple):
    """A read in graphmem's terms."""

    scope: Ids
    filters: dict[str, Any] | None
    limit: int


def scope(user_id: object = None, agent_id: object = None, run_id: object = None) -> Ids:
    """The ids given; numbers and UUIDs become text. Raises ValidationError VALIDATION_001 when there is none."""
    given = {name: value for name, value in zip(IDS, (user_id, agent_id, run_id), strict=True) if value is not None}
    if not given:
        raise ValidationError(
            "scope",
            "At least one of 'user_id', 'agent_id', or 'run_id' must be provided.",
            error_code=NO_SCOPE,
            suggestion="Pass user_id='...', or put it in filters.",
        )
    return cast("Ids", {name: str(value) if isinstance(value, int | UUID) else value for name, value in given.items()})


def identifier(memory_id: object) -> str:
    """The id of a memory; a UUID becomes text, and what is no text is for the engine to refuse."""
    return cast("str", str(memory_id) if isinstance(memory_id, UUID) else memory_id)


def one_text(data: str | None, text: str | None) -> str | None:
    """The new text under either name. Raises InputError when they differ."""
    if data is not None and text is not None and data != text:
        raise InputError("text", "and data are not the same.", advice="Give one of them.")
    return text if data is None else data


def asked(ids: Sequence[object], filters: object, limit: object, top_k: object) -> Asked:
    """Scope, filters and number of results from either dialect; a keyword wins over the same id in `filters`.

    Raises ValidationError, FilterError for filters that are no dict, InputError for a number that is none.
    """
    rest = _copied("filters", filters)
    inside = _taken_out(rest)
    rest = {key: value for key, value in rest.items() if value != []}
    given = {name: value for name, value in zip(IDS, ids, strict=True) if value is not None}
    size = _size(limit, top_k, V2_LIMIT if inside and not given else int(V1_LIMIT))
    return Asked(scope(**(inside | given)), rest or None, size)


def joined(filters: object, more: object) -> dict[str, Any] | None:
    """Both of two filters; each may be absent. Raises FilterError."""
    if more is None or filters is None:
        name, given = ("filters", filters) if more is None else ("metadata_filters", more)
        return None if given is None else _copied(name, given)
    return {"AND": [_copied("filters", filters), _copied("metadata_filters", more)]}


def _copied(name: str, filters: object) -> dict[str, Any]:
    if filters is None:
        return {}
    if not isinstance(filters, Mapping):
        raise FilterError(name, f"must be a dict, not {type(filters).__name__}.", advice="Pass {'key': 'value'}.")
    return dict(filters)


def _taken_out(rest: dict[str, Any]) -> dict[str, Any]:
    """The ids of a filter and of what it joins by AND, taken out of it."""
    inside = {
        name: rest.pop(name) for name in IDS if isinstance(rest.get(name), str | int | UUID) and rest[name] != "*"
    }
    branches = rest.get("AND")
    if isinstance(branches, list) and all(isinstance(branch, Mapping) for branch in branches):
        copies = [dict(branch) for branch in branches]
        for copy in copies:
            inside |= _taken_out(copy)
        rest["AND"] = [copy for copy in copies if copy not in ({}, {"AND": []})]
    return inside


def _size(limit: object, top_k: object, default: int) -> int:
    name, value = ("limit", limit) if top_k is None else ("top_k", top_k)
    if value is None or isinstance(value, NotGiven):
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InputError(name, f"must be a whole number, 0 or more, not {value!r}.", advice="For example 10.")
    return value


def supplied(said: Sequence[Message], *, infer: bool, memory_type: str | None) -> list[Fact] | None:
    """Facts in place of extraction: each message but the system's (`infer=False`), or the whole as a procedure."""
    if memory_type == PROCEDURAL:
        text = "\n".join(f"{message['role']}: {message['content']}" for message in said)
        return [Fact(text=text, kind="procedural", message=len(said) - 1)]
    if infer is not False:
        return None
    return [Fact(text=m["content"], message=i) for i, m in enumerate(said) if m["role"] != "system"]


def check_memory_type(memory_type: str | None, agent_id: object) -> None:
    """Only procedural memories have a name of their own, and they need an agent. Raises VALIDATION_002."""
    if memory_type is None:
        return
    if memory_type != PROCEDURAL:
        raise ValidationError(
            "memory_type",
            f"Invalid 'memory_type': {memory_type!r}.",
            error_code=WRONG_MEMORY_TYPE,
            suggestion=f"Pass memory_type={PROCEDURAL!r}, or leave it out.",
        )
    if agent_id is None:
        raise ValidationError(
            "agent_id",
            "a procedural memory belongs to an agent.",
            error_code=WRONG_MEMORY_TYPE,
            suggestion="Pass agent_id='...'.",
        )
