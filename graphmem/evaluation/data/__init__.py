"""Readers of data sets. Each gives a `Dataset`, or an error that names the record and key that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.data import jsonl, locomo, longmemeval, multihop
from graphmem.evaluation.records import Conversation, Dataset

READERS: Mapping[str, Callable[[Path], Dataset]] = {
    "locomo": locomo.read,
    "longmemeval": longmemeval.read,
    "musique": multihop.read,
    "jsonl": jsonl.read,
}
"""By the name that the command takes."""


def read(name: str, path: str | Path) -> Dataset:
    """The data set in a file or folder. Raises InputError."""
    if name not in READERS:
        raise InputError("data set", f"{name!r} is not one of {', '.join(READERS)}.", advice="Name one of these.")
    dataset = READERS[name](Path(path))
    if not dataset.conversations:
        raise InputError(str(path), f"holds no {name} record.", advice="Check the file, or name another data set.")
    return dataset


def chosen(
    dataset: Dataset,
    *,
    conversations: Collection[str] = (),
    categories: Collection[str] = (),
    limit: int | None = None,
) -> Dataset:
    """A part of a data set: conversations by id or by place from 0, and at most `limit` questions of each.

    Raises InputError for a conversation or category that does not exist.
    """
    known = {c.id: c for c in dataset.conversations}
    places = {str(place): c.id for place, c in enumerate(dataset.conversations)}
    wanted = {_one_of(name, known.keys() | places.keys(), "conversations") for name in conversations}
    ids = {name if name in known else places[name] for name in wanted} or known.keys()
    kinds = {_one_of(name, {c.key for c in dataset.categories}, "categories") for name in categories}
    return dataset.model_copy(update={"conversations": tuple(_part(known[i], kinds, limit) for i in known if i in ids)})


def _part(conversation: Conversation, kinds: Collection[str], limit: int | None) -> Conversation:
    asked = [q for q in conversation.questions if not kinds or q.category in kinds]
    return conversation.model_copy(update={"questions": tuple(asked[:limit])})


def _one_of(name: str, known: Collection[str], option: str) -> str:
    if name not in known:
        some = ", ".join(sorted(known)[:12])
        raise InputError(option, f"there is no {name!r} in the data.", advice=f"There are: {some}.")
    return name
