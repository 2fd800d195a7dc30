"""Records of memories and of conversations, in JSON or JSON Lines.

A record with `messages` is a conversation: its messages are added, and facts are extracted from them. A record with
`memory`, `text` or `content` is a memory: the text is remembered as it is. Both take `user_id`, `agent_id`, `app_id`,
`run_id` and `metadata`; a memory also `created_at`, a message `role`, `name`, `timestamp` and `metadata`. Other keys
are left out. A document may hold its records in `results` or `memories`, as exports of other engines do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from graphmem.errors import InputError
from graphmem.importing.batches import Batch, Labels, Refused
from graphmem.importing.json_files import as_object, entry, lines, optional
from graphmem.values import Fact, Message

_TEXT_KEYS = ("memory", "text", "content")
_LIST_KEYS = ("results", "memories", "records", "items", "data")
_MESSAGE_KEYS = ("role", "content", "name", "timestamp", "metadata")

MESSAGES_A_BATCH = 20
"""Messages given to one add: a long conversation is cut, so that progress shows and an interruption costs little."""


def from_document(document: object, name: str, labels: Labels, fingerprint: str) -> Iterator[Batch | Refused]:
    """The batches of a JSON document. Raises InputError when it holds no records."""
    numbered = ((f"record {n}", record) for n, record in enumerate(_listed(document, name), 1))
    return _batches(numbered, labels, fingerprint)


def from_lines(path: str | Path, labels: Labels, fingerprint: str) -> Iterator[Batch | Refused]:
    """The batches of a JSON Lines file."""
    return _batches(((f"line {number}", record) for number, record in lines(path)), labels, fingerprint)


def _listed(document: object, name: str) -> Sequence[object]:
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        held = next((document[key] for key in _LIST_KEYS if isinstance(document.get(key), list)), None)
        return held if isinstance(held, list) else (document,)
    raise InputError(name, "is neither a list of records nor a record.", advice="See docs/cli.md for the shapes.")


def _batches(numbered: Iterable[tuple[str, object]], labels: Labels, fingerprint: str) -> Iterator[Batch | Refused]:
    for index, (item, record) in enumerate(numbered):
        try:
            if isinstance(record, InputError):
                raise record
            yield from _read(record, item, labels, f"{fingerprint}:{index}")
        except InputError as error:
            yield Refused(item=item, reason=error.message.removeprefix(f"{item}: "))
        except ValidationError as error:
            yield Refused(item=item, reason=_first_problem(error))


def _read(record: object, item: str, labels: Labels, key: str) -> tuple[Batch, ...]:
    fields = as_object(record, item)
    scope, metadata = labels.scope(fields), optional(record, "metadata", dict, item) or {}
    if "messages" not in fields:
        message = Message(content=_text(record, item), timestamp=_timestamp(fields, item))
        facts = (Fact(text=message.content, quote=message.content, metadata=metadata),)
        return (Batch(item=item, messages=(message,), scope=scope, metadata=metadata, facts=facts, key=key),)
    messages = [_message(m, f"{item}, message {n}") for n, m in enumerate(entry(record, "messages", list, item), 1)]
    if not messages:
        raise InputError(item, "key 'messages' is empty.")
    starts = range(0, len(messages), MESSAGES_A_BATCH)
    return tuple(
        Batch(
            item=item if len(starts) == 1 else f"{item}, messages from {start + 1}",
            messages=tuple(messages[start : start + MESSAGES_A_BATCH]),
            scope=scope,
            metadata=metadata,
            key=f"{key}.{start}" if start else key,
        )
        for start in starts
    )


def _text(record: object, item: str) -> str:
    fields = as_object(record, item)
    key = next((key for key in _TEXT_KEYS if fields.get(key) is not None), None)
    if key is None:
        raise InputError(item, "has none of the keys 'memory', 'text', 'content', 'messages'.")
    return entry(record, key, str, item)


def _timestamp(fields: Mapping[str, object], item: str) -> Any:
    written = next((fields[key] for key in ("timestamp", "created_at") if fields.get(key) is not None), None)
    if written is not None and not isinstance(written, str):
        raise InputError(item, "the time is not a text such as 2024-05-08T13:56:00Z.")
    return written


def _message(message: object, item: str) -> Message:
    if isinstance(message, str):
        return Message(content=message)
    fields = as_object(message, item)
    entry(message, "content", str, item)
    try:
        return Message.model_validate({key: fields[key] for key in _MESSAGE_KEYS if fields.get(key) is not None})
    except ValidationError as error:
        raise InputError(item, _first_problem(error)) from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"key {where!r}: {first['msg']}" if where else str(first["msg"])
