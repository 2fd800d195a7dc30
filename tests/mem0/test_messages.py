"""Messages of chat APIs: their text is kept, and what is left out is told."""

from __future__ import annotations

from typing import Any

import pytest

from graphmem import Message
from graphmem.mem0 import Memory, ValidationError, messages

IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}


def read(given: Any) -> list[tuple[str, str]]:
    """Role and text of each message read."""
    return [(message["role"], message["content"]) for message in messages.read(given).messages]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("tea", [("user", "tea")]),
        ({"content": "tea"}, [("user", "tea")]),
        ({"role": None, "content": "tea"}, [("user", "tea")]),
        (["tea", {"role": "assistant", "content": "Noted."}], [("user", "tea"), ("assistant", "Noted.")]),
        (Message(role="assistant", content="tea"), [("assistant", "tea")]),
        ([{"role": "human", "content": "a"}, {"role": "ai", "content": "b"}], [("user", "a"), ("assistant", "b")]),
        ([{"role": "user", "content": ["a", {"type": "input_text", "text": "b"}]}], [("user", "a\nb")]),
        ([{"role": "user", "content": {"type": "text", "text": {"value": "a"}}}], [("user", "a")]),
        ([{"role": "user", "content": [IMAGE, {"type": "text", "text": "My cat."}]}], [("user", "My cat.")]),
        (
            [{"role": "user", "content": [{"type": "tool_result", "content": "42"}, {"type": "text", "text": "So?"}]}],
            [("tool", "42"), ("user", "So?")],
        ),
        ([{"role": "tool", "tool_call_id": "1", "content": "42"}], [("tool", "42")]),
        ([{"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}], []),
        ([{"role": "assistant", "tool_calls": [{"id": "1"}]}], []),
        ([{"role": "assistant", "content": [{"type": "tool_use", "name": "look"}]}], []),
        ([], []),
        ("", []),
        (" \n", []),
        ([{"role": "user", "content": ""}], []),
    ],
)
def test_text_is_read_in_every_form(given: Any, expected: list[tuple[str, str]], caplog: pytest.LogCaptureFixture):
    """Texts, parts, results of tools; a call of a tool and an empty text hold none, in silence."""
    assert expected == read(given)
    assert [] == [record.getMessage() for record in caplog.records if "image_url" not in record.getMessage()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([None], "messages[0]: must be a message, not NoneType."),
        (["tea", 5], "messages[1]: must be a message, not int."),
        (["tea", {"role": "user", "content": 5}], "messages[1].content: must be text, not int."),
        ([{"role": "user", "text": "tea"}], "messages[0]: has no 'content', and 'text' is not read."),
        ([{"role": "user", "content": [{"type": "text", "text": 5}]}], "messages[0].content[0].text: must be text"),
        ([{"role": "user", "content": ["a", 5]}], "messages[0].content[1]: must be text, not int."),
    ],
)
def test_text_that_would_be_lost_is_refused(given: Any, said: str):
    """The message and its place are named."""
    with pytest.raises(ValidationError) as caught:
        read(given)

    assert said in str(caught.value)
    assert "VALIDATION_003" == caught.value.error_code


@pytest.mark.parametrize("given", [{"role": "user", "content": [IMAGE]}, {"role": "user", "content": IMAGE}])
def test_an_image_is_left_out_and_told(drop_in: Memory, given: dict[str, Any], caplog: pytest.LogCaptureFixture):
    """As Mem0 does without a model that sees; here it is said."""
    assert [] == drop_in.add([given], user_id="ann")["results"]
    assert "image_url is not read; only text is remembered" in caplog.text


def test_a_message_without_content_is_left_out_and_told(drop_in: Memory, caplog: pytest.LogCaptureFixture):
    """There is nothing to remember in it."""
    assert [] == drop_in.add([{"role": "user"}], user_id="ann")["results"]
    assert "messages[0] has no content" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"role": "robot", "content": "x"}, "messages[2].role"),
        ({"role": ["user"], "content": "x"}, "messages[2].role"),
        ({"role": "user", "content": "x", "timestamp": "soon"}, "messages[2].timestamp"),
        ({"role": "user", "content": "x", "name": 7}, "messages[2].name"),
        ({"role": "user", "content": "a\0b"}, "messages[2].content"),
    ],
)
def test_a_refusal_names_the_place_that_the_caller_knows(drop_in: Memory, wrong: dict[str, Any], field: str):
    """Messages without text count, though they are left out."""
    calls = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    with pytest.raises(ValidationError) as caught:
        drop_in.add(["I like tea.", calls, wrong], user_id="ann")

    assert field == caught.value.field


def test_the_result_of_a_tool_is_not_what_the_user_said(drop_in: Memory):
    """Inside the user's message or not: it is kept under the tool's name."""
    said = [{"role": "user", "name": "bob", "content": [{"type": "tool_result", "content": "The kettle is blue."}]}]

    (item,) = drop_in.add(said, user_id="ann", infer=False)["results"]

    assert ("tool", None) == (item["role"], item["actor_id"])
