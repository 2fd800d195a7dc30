"""Every refusal names the field and the fix, and nothing that was accepted is lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from graphmem import FilterError, GraphMemError, InputError, Memory, ScopeError
from tests.flows.conftest import Opener

MESSAGES = [
    ("", "messages[0]"),
    ("  \n", "messages[0]"),
    ([], "messages"),
    (b"bytes", "messages"),
    (["ok", b"bytes"], "messages[1]"),
    ("a\x00b", "messages[0]"),
    ("\ud800", "messages[0]"),
    ("x" * 1_000_001, "messages[0]"),
    ({"content": None}, "messages[0].content"),
    ({"role": "robot", "content": "hi"}, "messages[0].role"),
    ({"content": "hi", "text": "x"}, "messages[0].text"),
    ({"content": "hi", "timestamp": "2024-05-08T13:56:00"}, "messages[0].timestamp"),
    ({"content": "hi", "timestamp": "soon"}, "messages[0].timestamp"),
    ({"content": "hi", "timestamp": "2124-05-08T13:56:00Z"}, "messages[0].timestamp"),
    ({"content": "hi", "name": " "}, "messages[0].name"),
    ({"content": "hi", "metadata": {"a": object()}}, "messages[0].metadata"),
]


@pytest.mark.parametrize(("given", "field"), MESSAGES)
def test_a_message_that_cannot_be_kept_is_refused(graph: Memory, given: object, field: str) -> None:
    """The error names the place; nothing is written."""
    graph.add("Ann likes Chess", user_id="u")
    with pytest.raises(InputError) as caught:
        graph.add(given, user_id="u")  # type: ignore[arg-type]
    assert field in caught.value.field
    assert caught.value.advice
    assert 1 == len(graph.episodes())


@pytest.mark.parametrize("user", ["", " ", "x" * 10_000, "a\x00", "\ud800", 7])
def test_a_label_that_cannot_be_one_is_refused(graph: Memory, user: object) -> None:
    """A scope label is short, printable text."""
    with pytest.raises(ScopeError, match="user_id"):
        graph.add("hi there", user_id=user)  # type: ignore[arg-type]


def test_a_read_and_a_write_need_a_scope(graph: Memory) -> None:
    """No call has a default scope."""
    for call in (graph.add, graph.search, graph.context, graph.relations):
        with pytest.raises(ScopeError, match="user_id"):
            call("hi there")


@pytest.mark.parametrize("k", [0, -1, 1.5, "3", True, 10**9])
def test_k_is_a_whole_number_within_bounds(graph: Memory, k: object) -> None:
    """The error names k and its range."""
    with pytest.raises(InputError, match="k:"):
        graph.search("x", user_id="u", k=k)  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", ["yesterdayish", "2024-13-01", "2024-05-08T13:56:00"])
def test_a_moment_that_cannot_be_read_is_refused(graph: Memory, moment: str) -> None:
    """as_of takes aware ISO 8601."""
    with pytest.raises(InputError, match="as_of"):
        graph.search("x", user_id="u", as_of=moment)


def test_an_unknown_operator_is_refused(graph: Memory) -> None:
    """The filter grammar names its operators."""
    with pytest.raises(FilterError):
        graph.search("x", user_id="u", filters={"a": {"like": "b"}})


def test_a_read_only_home_is_said_to_be_so(home: Path, opened: Opener) -> None:
    """Opening fails with a typed error, and the content is there when the permission is."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    opened().add("Ann likes Chess", user_id="u")
    home.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(GraphMemError):
            opened().add("Ann likes Go", user_id="u")
    finally:
        home.chmod(stat.S_IRWXU)


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", '"; DROP TABLE memories', "fact:* NEAR(", "{}[]()^~:*", "日本語 🎉", "a" * 9000]
)
def test_hostile_text_is_only_text(graph: Memory, text: str) -> None:
    """It is kept byte for byte and found by itself."""
    graph.add(text, user_id=text[:200])
    assert [text] == [h.text for h in graph.search(text, user_id=text[:200])]
