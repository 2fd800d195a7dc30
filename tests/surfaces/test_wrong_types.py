"""Values of a wrong type or out of range: a typed error that names the argument and the fix, and nothing is changed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from graphmem import InputError, Memory

LONG = "x" * 10_000
NAIVE = datetime(2024, 1, 1)  # noqa: DTZ001 - it is what is tested
WRONG: list[tuple[str, str, Any]] = [
    *(("add", "instructions", wrong) for wrong in (7, b"be brief", ["be brief"], "a\0b", "x" * 20_001)),
    *(("add", name, wrong) for name in ("infer", "wait", "include_assistant") for wrong in (None, "no", 0)),
    *(("add", "recalled", wrong) for wrong in (7, b"id", [7], [""], {"id": 1})),
    *(("add", "at", wrong) for wrong in (7, "soon", NAIVE, "3024-01-01", b"2024-01-01")),
    *(("add", "ttl", wrong) for wrong in (True, "soon", -1, 0, math.nan, math.inf)),
    *(("plan", "instructions", wrong) for wrong in (7, b"be brief")),
    ("plan", "include_assistant", "yes"),
    *(("search", "include", wrong) for wrong in (None, 7, [7], ["memories"], "memories", [])),
    *(("search", "min_score", wrong) for wrong in ("0.5", True, -0.1, 1.1, math.nan)),
    *(("search", name, wrong) for name in ("rerank", "rewrite") for wrong in (7, "best first", [])),
    *(("search", name, wrong) for name in ("explain", "relations", "include_past") for wrong in (None, "no", 1)),
    *(("search", "filters", wrong) for wrong in (7, "kind=semantic", "", [], 0)),
    *(("list", "cursor", wrong) for wrong in (7, "", "next", b"1", LONG)),
    *((name, "include_past", "no") for name in ("list", "relations", "graph")),
    *(("entities", "text", wrong) for wrong in (None, 0, [], " ")),
    *(("neighbors", "types", wrong) for wrong in (7, b"works_at", [None], [""])),
    *(("episodes", "status", wrong) for wrong in ("finished", "", 7, 10**30, {}, "\ud800")),
    *(("rebuild", "store", wrong) for wrong in (None, "chroma", 7, [])),
    *(("repair", "fixes", wrong) for wrong in (None, "all", [7], {"a": 1})),
    *((name, "dry_run", wrong) for name in ("delete_all", "expire", "erase") for wrong in (None, "", 0, "yes")),
    ("expire", "purge", "yes"),
    ("status", "state", "yes"),
    *(("backup", "folder", wrong) for wrong in (None, "", "a\0b", "a\ud800", LONG)),
    *(("export", "path", wrong) for wrong in (None, "", "a\ud800", LONG)),
    *(("import_from", "path", wrong) for wrong in (None, "a\ud800", LONG)),
]
NEEDED: dict[str, dict[str, Any]] = {
    "add": {"messages": "Ann likes tea."},
    "plan": {"messages": "Ann likes tea."},
    "search": {"query": "tea"},
    "neighbors": {"name": "Ann"},
}
UNSCOPED = {"rebuild", "repair", "status", "backup", "export", "import_from"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memory]:
    """A memory of one message, with no vector store and no extractor."""
    home = tmp_path_factory.mktemp("wrong") / "home"
    with Memory.open(home=home, embedder="hash", extractor="none", vectors="none") as memory:
        memory.add("Ann works at Acme.", user_id="ann", facts=["Ann works at Acme."])
        yield memory


@pytest.mark.parametrize("method", sorted({method for method, _, _ in WRONG}))
def test_a_wrong_value_is_a_typed_error(kept: Memory, method: str):
    """The error names the argument and says what to pass; the memory stays as it is."""
    scope = {} if method in UNSCOPED else {"user_id": "ann"}
    before = kept.status(state=True).state
    told = []
    wrong = [(argument, value) for name, argument, value in WRONG if name == method]
    for argument, value in wrong:
        with pytest.raises(InputError) as caught:
            getattr(kept, method)(**{**NEEDED.get(method, {}), **scope, argument: value})
        told.append((caught.value.field.partition("[")[0], bool(caught.value.advice)))

    assert [(argument, True) for argument, _ in wrong] == told
    assert before == kept.status(state=True).state


@pytest.mark.parametrize("since", [date(2024, 3, 1), "2024-03-01", datetime(2024, 3, 1, tzinfo=UTC)])
def test_a_date_is_its_first_moment_in_utc(kept: Memory, since: Any):
    """A date, its text and an aware datetime mean the same."""
    result = kept.add("Ann likes tea.", user_id=f"ann-{type(since).__name__}", infer=False, at=since)

    assert [datetime(2024, 3, 1, tzinfo=UTC)] == [e.occurred_at for e in kept.episodes() if e.id == result.episode_id]


def test_one_type_need_not_be_in_a_list(home: Path):
    """`types="works_at"` is one type, not eight letters."""
    with Memory.open(home=home, embedder="hash", extractor="local", vectors="none") as memory:
        memory.add("I work at Acme and live in Porto.", user_id="ann")

        assert ["works_at"] == [r.type for r in memory.neighbors("Ann", types="works_at", user_id="ann").relations]
