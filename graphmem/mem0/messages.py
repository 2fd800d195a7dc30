"""Messages as chat APIs write them, in graphmem's form: text is kept, and what is not read is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from graphmem import inputs
from graphmem.mem0.exceptions import WRONG_MESSAGES, ValidationError
from graphmem.values import Message

log = logging.getLogger("graphmem.mem0")

ROLES = {"developer": "system", "function": "tool", "human": "user", "ai": "assistant", "model": "assistant"}
"""Roles that graphmem calls by another name."""
KEYS = ("name", "timestamp", "metadata")
"""What is taken over beside role and content."""
CALLS = ("tool_calls", "function_call")
"""What a message without text may hold in its place."""
MISNOMERS = ("text", "message", "parts", "value", "body", "output")
"""Where other APIs keep the text of a message."""
CALL_PARTS = ("tool_use", "tool_call", "function_call")
"""Parts that call a tool; they hold no text, and nobody expects them to be remembered."""


class Said(NamedTuple):
    """Messages with text, and where each stood in what the caller gave."""

    messages: list[dict[str, Any]]
    places: list[int]


class _Text(NamedTuple):
    role: str
    text: str


def read(given: object) -> Said:
    """Messages from a text, a message or a list of these; those without text are left out.

    Raises ValidationError VALIDATION_003.
    """
    if isinstance(given, str | Mapping | Message):
        given = [given]
    if not isinstance(given, list):
        raise _wrong("messages", "messages must be str, dict, or list[dict]", "Pass a string, a message or a list.")
    said = Said([], [])
    for place, item in enumerate(given):
        for message in _messages(f"messages[{place}]", item):
            said.messages.append(message)
            said.places.append(place)
    return said


def _messages(field: str, item: object) -> Iterator[dict[str, Any]]:
    """One message for what its author said, and one for each result of a tool in between."""
    if isinstance(item, str):
        item = {"content": item}
    if isinstance(item, Message):
        item = item.model_dump()
    if not isinstance(item, Mapping):
        raise _wrong(field, f"must be a message, not {type(item).__name__}.", "Pass a dict with role and content.")
    role = _role(f"{field}.role", item.get("role"))
    known = {key: item[key] for key in KEYS if item.get(key) not in (None, "")}
    texts = _texts(f"{field}.content", _content(field, item), role)
    for author, parts in groupby(texts, key=lambda part: part.role):
        content = "\n".join(part.text for part in parts)
        own = known if author == role else {key: value for key, value in known.items() if key != "name"}
        yield own | {"role": author, "content": content}


def _role(field: str, given: object) -> str:
    role = "user" if given is None else ROLES.get(given, given) if isinstance(given, str) else given
    return inputs.one_of(field, role, inputs.ROLES)


def _content(field: str, item: Mapping[str, Any]) -> object:
    """The content; a message that has none must hold a call, or be told."""
    if "content" in item or any(item.get(key) for key in CALLS):
        return item.get("content")
    if misnamed := next((key for key in MISNOMERS if item.get(key)), None):
        raise _wrong(field, f"has no 'content', and {misnamed!r} is not read.", "Put its text under 'content'.")
    log.warning("%s has no content and is left out.", field)
    return None


def _texts(field: str, content: object, role: str) -> Iterator[_Text]:
    """The texts of a content, in order, each with who said it."""
    if content is None:
        return
    if isinstance(content, str):
        if content.strip():
            yield _Text(role, content)
    elif isinstance(content, Mapping):
        yield from _part(field, content, role)
    elif isinstance(content, list | tuple):
        for place, part in enumerate(content):
            yield from _texts(f"{field}[{place}]", part, role)
    else:
        raise _wrong(field, f"must be text, not {type(content).__name__}.", "Pass str(value).")


def _part(field: str, part: Mapping[str, Any], role: str) -> Iterator[_Text]:
    """A part of a content: text, or the result of a tool, which is not what the user said."""
    kind, text = part.get("type"), part.get("text")
    if isinstance(text, Mapping):
        text = text.get("value")
    if text is not None:
        if not isinstance(text, str):
            raise _wrong(f"{field}.text", f"must be text, not {type(text).__name__}.", "Pass str(value).")
        yield from _texts(field, text, role)
    elif part.get("content") is not None:
        yield from _texts(f"{field}.content", part["content"], "tool" if kind == "tool_result" else role)
    elif kind not in CALL_PARTS:
        log.warning("%s: %s is not read; only text is remembered.", field, kind or "a part without text")


def _wrong(field: str, problem: str, suggestion: str) -> ValidationError:
    return ValidationError(field, problem, error_code=WRONG_MESSAGES, suggestion=suggestion)
