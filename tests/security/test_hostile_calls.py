"""Every argument of every public method that takes text, given a string that would do harm if it were code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graphmem import Fact, GraphMemError, Memory
from graphmem.errors import InputError, NotFound
from graphmem.models.scripted import HashEmbedder
from tests.lengths import longer
from tests.security.hostile import HOSTILE
from tests.security.test_hostile_strings import WITNESS, tables

LABELS = ("user_id", "agent_id", "app_id", "run_id")
NOBODY = {"user_id": "nobody"}
Call = Callable[[Memory, str], Any]

BY_ID: dict[str, Call] = {
    name: (lambda memory, text, name=name: getattr(memory, name)(text))  # type: ignore[misc]
    for name in ("get", "delete", "undo", "erase", "accept", "reject", "history")
} | {
    "update": lambda memory, text: memory.update(text, text=text),
    "update metadata": lambda memory, text: memory.update(text, metadata={text: text}),
    "delete several": lambda memory, text: memory.erase([text, f"{text}x"]),
}
BY_NAME: dict[str, Call] = {
    "entity": lambda memory, text: memory.entity(text, **NOBODY),
    "entities": lambda memory, text: memory.entities(text, **NOBODY),
    "relations": lambda memory, text: memory.relations(text, **NOBODY),
    "relations by type": lambda memory, text: memory.relations(type=text, **NOBODY),
    "neighbors": lambda memory, text: memory.neighbors(text, **NOBODY),
    "neighbors by type": lambda memory, text: memory.neighbors("x", types=[text], **NOBODY),
    "paths": lambda memory, text: memory.paths(text, f"{text}x", **NOBODY),
    "common": lambda memory, text: memory.common(text, f"{text}x", **NOBODY),
    "timeline": lambda memory, text: memory.timeline(text, **NOBODY),
    "merge": lambda memory, text: memory.merge(text, f"{text}x", **NOBODY),
    "split": lambda memory, text: memory.split(text, f"{text}x", **NOBODY),
    "split by id": lambda memory, text: memory.split("x", text, ids=[text], **NOBODY),
    "erase an entity": lambda memory, text: memory.erase(entity=text, **NOBODY),
    "match": lambda memory, text: memory.match(text, **NOBODY),
}
BY_TEXT: dict[str, Call] = {
    "search": lambda memory, text: memory.search(text, **NOBODY).hits,
    "context": lambda memory, text: memory.context(text, **NOBODY).ids,
    "search with include": lambda memory, text: memory.search("x", include=(text,), **NOBODY).hits,
    "a cursor": lambda memory, text: memory.list(cursor=text, user_id=WITNESS).items,
    "a filter's key": lambda memory, text: memory.list(filters={text: text}, **NOBODY).items,
    "a filter's key, not equal": lambda memory, text: memory.search("x", filters={text: {"ne": text}}, **NOBODY).hits,
    "a filter's operator": lambda memory, text: memory.list(filters={"key": {text: text}}, **NOBODY).items,
    "a filter's value": lambda memory, text: memory.list(filters={"key": text}, **NOBODY).items,
    "a filter's list": lambda memory, text: memory.list(filters={"key": [text]}, **NOBODY).items,
    "a filter within one": lambda memory, text: memory.list(filters={"AND": [{text: text}]}, **NOBODY).items,
    "as_of": lambda memory, text: memory.list(as_of=text, **NOBODY).items,
    "known_at": lambda memory, text: memory.search("x", known_at=text, **NOBODY).hits,
    "diff since": lambda memory, text: memory.diff(text, **NOBODY).memories,
    "episodes by status": lambda memory, text: memory.episodes(status=text, **NOBODY),  # type: ignore[arg-type]
    "reviews by status": lambda memory, text: memory.reviews(status=text, **NOBODY),  # type: ignore[arg-type]
    "direction": lambda memory, text: memory.relations("x", direction=text, **NOBODY),  # type: ignore[arg-type]
}
READING: dict[str, Callable[[Memory, dict[str, str]], Any]] = {
    "search": lambda memory, scope: memory.search(WITNESS, **scope).hits,
    "context": lambda memory, scope: memory.context(WITNESS, **scope).ids,
    "list": lambda memory, scope: memory.list(include_past=True, **scope).items,
    "episodes": lambda memory, scope: memory.episodes(**scope),
    "entities": lambda memory, scope: memory.entities(**scope),
    "relations": lambda memory, scope: memory.relations(**scope),
    "reviews": lambda memory, scope: memory.reviews(**scope),
    "delete_all": lambda memory, scope: memory.delete_all(**scope).messages,
    "erase": lambda memory, scope: memory.erase(dry_run=True, **scope).messages,
    "expire": lambda memory, scope: memory.expire(**scope).messages,
    "retry": lambda memory, scope: memory.retry(**scope),
    "diff": lambda memory, scope: memory.diff("2000-01-01", **scope).memories,
}
CALLS = {**BY_ID, **BY_NAME, **BY_TEXT}
SOME = HOSTILE[:: longer(40, 1)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Memory, Path]]:
    """What somebody else has; nothing here may touch or show it."""
    home = tmp_path_factory.mktemp("home")
    with Memory.open(home=home, embedder=HashEmbedder(32), extractor="none", vectors="none", redact="none") as memory:
        known = Fact(text=f"{WITNESS} knows Bob", relations=((WITNESS, "knows", "Bob"),), metadata={"key": WITNESS})
        memory.add(f"{WITNESS} was here", facts=[known], **dict.fromkeys(LABELS, WITNESS))
        yield memory, home


def answer(call: Callable[[], Any]) -> tuple[Any, str]:
    """What a call gives, empty when it refuses; and all that it says."""
    try:
        found = call()
    except (InputError, NotFound) as exc:
        return (), f"{exc}"
    except GraphMemError as exc:
        return exc, f"{exc}"
    return found, repr(found)


@pytest.mark.parametrize("name", CALLS)
def test_a_hostile_argument_finds_nothing(shared: tuple[Memory, Path], name: str):
    """It is compared as text, or refused as a value of its caller; what others have is neither shown nor changed."""
    memory, home = shared
    before, schema = memory.list(user_id=WITNESS).items, tables(home)
    for text in SOME:
        found, said = answer(lambda text=text: CALLS[name](memory, text))  # type: ignore[misc]
        assert not found, (name, text, found)
        assert WITNESS not in said
    assert (before, schema) == (memory.list(user_id=WITNESS).items, tables(home))


@pytest.mark.parametrize("label", LABELS)
def test_a_hostile_label_is_the_label_of_nobody(shared: tuple[Memory, Path], label: str):
    """In every scope that can be read or emptied."""
    memory, home = shared
    before, schema = memory.list(user_id=WITNESS).items, tables(home)
    for text in SOME:
        scope = {label: text}
        for name, call in READING.items():
            found, said = answer(lambda call=call, scope=scope: call(memory, scope))  # type: ignore[misc]
            assert not found, (name, scope, found)
            assert WITNESS not in said
    assert (before, schema) == (memory.list(user_id=WITNESS).items, tables(home))


def test_every_method_that_takes_text_is_called():
    """A new method of Memory that takes text has to be among the calls, unless it adds, or reads files."""
    elsewhere = {"add", "adopt", "apply", "backup", "cypher", "export", "import_from", "open", "plan", "restore"}
    texts = {
        name
        for name, method in inspect.getmembers(Memory, inspect.isfunction)
        if not name.startswith("_")
        and any("str" in str(p.annotation) for p in inspect.signature(method).parameters.values())
    }
    called = {name.split()[0] for name in {**CALLS, **READING}} | {"list", "search"}
    scoped_alone = {"audit", "graph", "rebuild", "reembed", "repair", "work", "doctor", "status"}

    assert set() == texts - elsewhere - called - scoped_alone
