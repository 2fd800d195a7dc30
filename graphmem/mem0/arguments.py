"""Two dialects of one call: ids as keywords (1.0) or inside `filters` (2.0), `limit` or `top_k`, `data` or `text`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict, cast

from graphmem.mem0.exceptions import NO_SCOPE, WRONG_MEMORY_TYPE, WRONG_MESSAGES, ValidationError
from graphmem.values import Fact

IDS = ("user_id", "agent_id", "run_id")
PROCEDURAL = "procedural_memory"
ROLES = {"developer": "system", "function": "tool"}
"""Roles that graphmem calls by another name."""
MESSAGE_KEYS = ("role", "content", "name", "timestamp", "metadata")


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
    """The ids given; numbers become text. Raises ValidationError VALIDATION_001 when there is none."""
    given = {name: value for name, value in zip(IDS, (user_id, agent_id, run_id), strict=True) if value is not None}
    if not given:
        raise ValidationError(
            "scope",
            "At least one of 'user_id', 'agent_id', or 'run_id' must be provided.",
            error_code=NO_SCOPE,
            suggestion="Pass user_id='...', or put it in filters.",
        )
    return cast("Ids", {name: str(value) if isinstance(value, int) else value for name, value in given.items()})


def asked(ids: Sequence[object], filters: Mapping[str, Any] | None, limit: int, top_k: int | None) -> Asked:
    """Scope, filters and number of results from either dialect; a keyword wins over the same id in `filters`."""
    rest = dict(filters or {})
    inside: dict[str, object] = {}
    for part in (rest, *_conjunction(rest)):
        inside |= {name: part.pop(name) for name in IDS if isinstance(part.get(name), str | int) and part[name] != "*"}
    rest = {key: value for key, value in rest.items() if value != []}
    given = {name: value for name, value in zip(IDS, ids, strict=True) if value is not None}
    default = V2_LIMIT if inside and not given else int(V1_LIMIT)
    size = top_k if top_k is not None else default if isinstance(limit, NotGiven) else limit
    return Asked(scope(**(inside | given)), rest or None, size)


def _conjunction(rest: dict[str, Any]) -> list[dict[str, Any]]:
    """The branches of a top-level AND, copied so that ids can be taken out of them."""
    branches = rest.get("AND")
    if not isinstance(branches, list) or not all(isinstance(branch, Mapping) for branch in branches):
        return []
    copies = [dict(branch) for branch in branches]
    rest["AND"] = copies
    return copies


def messages(given: object) -> list[Message]:
    """Messages as dicts, those without text left out. Raises ValidationError VALIDATION_003."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if isinstance(given, Mapping):
        given = [given]
    if not isinstance(given, list):
        raise ValidationError(
            "messages",
            "messages must be str, dict, or list[dict]",
            error_code=WRONG_MESSAGES,
            suggestion="Pass a string, a message or a list of messages.",
        )
    read = [_message(item) if isinstance(item, Mapping) else {"role": "user", "content": item} for item in given]
    return [message for message in read if message["content"]]


def _message(item: Message) -> Message:
    content = item.get("content")
    if isinstance(content, list):
        content = "\n".join(part["text"] for part in content if isinstance(part, Mapping) and part.get("text"))
    known = {key: item[key] for key in MESSAGE_KEYS if item.get(key) is not None}
    role = item.get("role", "user")
    return known | {"content": content, "role": ROLES.get(role, role)}


def supplied(said: Sequence[Message], *, infer: bool, memory_type: str | None) -> list[Fact] | None:
    """Facts in place of extraction: each message but the system's (`infer=False`), or the whole as a procedure."""
    if memory_type == PROCEDURAL:
        text = "\n".join(f"{message['role']}: {message['content']}" for message in said)
        return [Fact(text=text, kind="procedural", message=len(said) - 1)]
    if infer:
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
