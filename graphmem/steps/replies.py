"""From the text of a model's reply to JSON: fences, prose, thinking and small faults of syntax are forgiven.

What is not forgiven is a reply that stops in the middle: repairing it would silently lose what came after.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from graphmem.errors import ModelReplyError

MAX_CHARACTERS = 4_000_000
MAX_REPAIRED = 400_000
"""Repair is slow; longer replies must be valid as they stand."""
MAX_VALUES = 200
"""JSON values looked at in one reply."""
MAX_DEPTH = 60

_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[a-zA-Z0-9_-]*\s*\n?(.*?)```", re.DOTALL)
_DECODER = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
_STRINGS_AND_BRACKETS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|[\[{]|[\]}]", re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}


class Json(NamedTuple):
    """The JSON values of a reply, in order, and whether syntax had to be repaired."""

    values: tuple[Any, ...]
    repaired: bool


def read_json(text: str) -> Json:
    """Every object and array at the top level of a reply. Raises ModelReplyError naming what is wrong."""
    text = _cleaned(text)
    if not text:
        raise ModelReplyError("The model's reply is empty.", advice="Try again, or use another model.")
    if len(text) > MAX_CHARACTERS:
        raise ModelReplyError(f"The model's reply has {len(text)} characters.", advice="Use another model.")
    if _too_deep(text):
        raise ModelReplyError("The model's reply is nested too deeply.", advice="Use another model.")
    fenced = [] if text[0] in _CLOSERS else _FENCE.findall(text)
    values = tuple(value for part in fenced for value in _decoded(part.strip())) or _decoded(text)
    return Json(values, repaired=False) if values else _repaired(text)


def _cleaned(text: str) -> str:
    """Without NULs, lone surrogates, a byte order mark and finished or unfinished thinking."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8").lstrip("\ufeff").strip()
    text = _THINKING.sub("", text)
    _, closed, after = text.rpartition("</think>")
    return (after if closed else text).strip()


def _decoded(text: str) -> tuple[Any, ...]:
    """All values that parse as they stand; () when an opening bracket begins none."""
    values: list[Any] = []
    position = 0
    while len(values) < MAX_VALUES:
        opener = _next_opener(text, position)
        if opener < 0:
            break
        try:
            value, position = _DECODER.raw_decode(text, opener)
        except (json.JSONDecodeError, RecursionError, ValueError):
            if _looks_like_json(text, opener):
                return ()
            position = opener + 1
            continue
        values.append(value)
    return tuple(values)


def _next_opener(text: str, start: int) -> int:
    found = [at for bracket in _CLOSERS if (at := text.find(bracket, start)) >= 0]
    return min(found, default=-1)


def _looks_like_json(text: str, opener: int) -> bool:
    """An object or an array of something, as opposed to a bracket in prose such as `[1]` or `{name}`."""
    return re.match(r"\{\s*(?:[\"'“}]|\w+\s*:)|\[\s*[\[{\"'“\]]", text[opener : opener + 80]) is not None


def _too_deep(text: str) -> bool:
    """Counted outside strings; the standard decoder would end in a RecursionError."""
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(text):
        mark = match.group()[0]
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _repaired(text: str) -> Json:
    """What json-repair makes of the JSON part, if that part is whole."""
    opener = next((at for at in range(len(text)) if text[at] in _CLOSERS and _looks_like_json(text, at)), -1)
    if opener < 0:
        raise ModelReplyError("The model's reply holds no JSON.", advice="Try again, or use another model.")
    part = text[opener:].split("\n```", maxsplit=1)[0].rstrip("` \n")
    if is_cut(part):
        raise ModelReplyError("The model's reply stops in the middle.", advice="Raise the token limit of the model.")
    if len(part) > MAX_REPAIRED:
        raise ModelReplyError("The model's reply is not valid JSON and too long to repair.")
    import json_repair

    try:
        value = json_repair.loads(part)
    except (ValueError, RecursionError, IndexError, TypeError) as exc:
        raise ModelReplyError("The model's reply is not valid JSON.", advice="Use another model.") from exc
    if not isinstance(value, dict | list):
        raise ModelReplyError("The model's reply is not valid JSON.", advice="Try again, or use another model.")
    return Json((value,), repaired=True)


def is_cut(text: str) -> bool:
    """JSON text that ends before its brackets or its last string are closed.

    One missing bracket at the very end, after a complete list, loses nothing and is no cut.
    """
    open_brackets = 0
    rest = 0
    for match in _STRINGS_AND_BRACKETS.finditer(text):
        mark = match.group()[0]
        open_brackets += (mark in "[{") - (mark in "]}")
        rest = match.end()
    if '"' in text[rest:]:
        return True
    return open_brackets > 1 or (open_brackets == 1 and not text.rstrip().endswith(("]", "]}")))
