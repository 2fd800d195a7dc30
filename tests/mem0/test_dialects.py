"""Both dialects of Mem0 are understood, and nothing else is swallowed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from graphmem.mem0 import AsyncMemory, Memory, ValidationError, arguments

V1 = {
    "add": "messages user_id agent_id run_id metadata infer memory_type prompt",
    "get": "memory_id",
    "get_all": "user_id agent_id run_id filters limit",
    "search": "query user_id agent_id run_id limit filters threshold rerank",
    "update": "memory_id data metadata",
    "delete": "memory_id",
    "delete_all": "user_id agent_id run_id",
    "history": "memory_id",
    "reset": "",
    "chat": "query",
}
ASYNC_ONLY = {"add": {"llm"}, "search": {"metadata_filters"}}


@pytest.mark.parametrize("name", V1)
def test_the_parameters_of_version_one_are_there_in_order(name: str):
    """Positional use keeps working; what version two renamed stands after."""
    parameters = list(inspect.signature(getattr(Memory, name)).parameters)[1:]
    expected = V1[name].split()

    assert expected == parameters[: len(expected)]
    assert set(parameters) - set(expected) <= {"top_k", "text"}


@pytest.mark.parametrize("name", V1)
def test_the_async_memory_has_the_same_parameters(name: str):
    """And the two that Mem0 has there alone; every call is a coroutine."""
    sync, coroutine = (inspect.signature(getattr(kind, name)).parameters for kind in (Memory, AsyncMemory))
    shared = {key: value.default for key, value in coroutine.items() if key not in ASYNC_ONLY.get(name, ())}

    assert {key: value.default for key, value in sync.items()} == shared
    assert inspect.iscoroutinefunction(getattr(AsyncMemory, name))


def test_the_defaults_are_those_of_version_one():
    """A signature that is read by tools looks the same."""
    search = inspect.signature(Memory.search).parameters

    assert (100, None, True) == tuple(search[name].default for name in ("limit", "threshold", "rerank"))
    assert 100 == inspect.signature(Memory.get_all).parameters["limit"].default
    assert inspect.signature(Memory.add).parameters["infer"].default is True


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("search", {"query": "x", "user_id": "a", "show_expired": True}),
        ("get_all", {"user_id": "a", "page": 1}),
        ("add", {"messages": "x", "user_id": "a", "output_format": "v1.1"}),
        ("delete_all", {"users": "a"}),
    ],
)
def test_an_unknown_keyword_is_a_type_error(drop_in: Memory, call: str, given: dict[str, Any]):
    """A misspelt option is not swallowed."""
    with pytest.raises(TypeError, match="unexpected keyword"):
        getattr(drop_in, call)(**given)


@pytest.mark.parametrize(
    "filters",
    [
        {"user_id": "ann"},
        {"AND": [{"user_id": "ann"}]},
        {"AND": [{"user_id": "ann"}, {"tag": "x"}]},
        {"user_id": "ann", "tag": "x"},
    ],
)
def test_ids_may_stand_in_filters(drop_in: Memory, filters: dict[str, Any]):
    """Version two takes them only there; the caller's dict is not changed."""
    drop_in.add("The kettle is blue.", user_id="ann", metadata={"tag": "x"}, infer=False)
    drop_in.add("The kettle is old.", user_id="bob", metadata={"tag": "x"}, infer=False)
    before = repr(filters)

    found = drop_in.search("kettle", filters=filters)["results"]
    listed = drop_in.get_all(filters=filters)["results"]

    assert ["The kettle is blue."] == [item["memory"] for item in found]
    assert ["The kettle is blue."] == [item["memory"] for item in listed]
    assert before == repr(filters)


@pytest.mark.parametrize(
    ("ids", "filters", "limit", "top_k", "expected"),
    [
        (("a", None, None), None, arguments.V1_LIMIT, None, 100),
        ((None, None, None), {"user_id": "a"}, arguments.V1_LIMIT, None, 20),
        ((None, None, None), {"user_id": "a"}, 100, None, 100),
        (("a", None, None), None, 7, None, 7),
        (("a", None, None), None, arguments.V1_LIMIT, 5, 5),
    ],
)
def test_the_default_limit_is_that_of_the_dialect(ids, filters, limit, top_k, expected):
    """100 in version one, 20 in version two, and what the caller says in either."""
    assert expected == arguments.asked(ids, filters, limit, top_k).limit


def test_a_keyword_wins_over_the_same_id_in_filters():
    """As in version one."""
    assert {"user_id": "a"} == arguments.asked(("a", None, None), {"user_id": "b"}, 10, None).scope


def test_a_wildcard_is_a_filter_and_not_an_id():
    """`"*"` asks for any value, so it cannot be the scope."""
    asked = arguments.asked(("a", None, None), {"run_id": "*"}, 10, None)

    assert ({"user_id": "a"}, {"run_id": "*"}) == (asked.scope, asked.filters)


def test_update_takes_data_or_text(drop_in: Memory):
    """Version two renamed it; neither is a TypeError as for a missing argument."""
    memory_id = drop_in.add("The kettle is blue.", user_id="ann", infer=False)["results"][0]["id"]

    for arguments_ in ({"data": "The kettle is red."}, {"text": "The kettle is green."}):
        drop_in.update(memory_id, **arguments_)
        assert next(iter(arguments_.values())) == drop_in.get(memory_id)["memory"]
    with pytest.raises(TypeError, match="data"):
        drop_in.update(memory_id)


@pytest.mark.parametrize("call", ["add", "get_all", "search"])
def test_no_id_is_validation_001(drop_in: Memory, call: str):
    """No scope, no call."""
    given = {"add": ("x",), "search": ("x",), "get_all": ()}[call]

    with pytest.raises(ValidationError) as caught:
        getattr(drop_in, call)(*given)

    assert "VALIDATION_001" == caught.value.error_code


@pytest.mark.parametrize("given", [{"memory_type": "episodic"}, {"memory_type": "procedural_memory"}])
def test_a_wrong_memory_type_is_validation_002(drop_in: Memory, given: dict[str, Any]):
    """The only name is procedural_memory, and it needs an agent."""
    with pytest.raises(ValidationError) as caught:
        drop_in.add("x", user_id="ann", **given)

    assert "VALIDATION_002" == caught.value.error_code


@pytest.mark.parametrize("messages", [5, None, ("a",), {"content"}])
def test_wrong_messages_are_validation_003(drop_in: Memory, messages: Any):
    """Text, a dict or a list."""
    with pytest.raises(ValidationError) as caught:
        drop_in.add(messages, user_id="ann")

    assert "VALIDATION_003" == caught.value.error_code


def test_a_procedure_is_one_memory_of_the_agent(drop_in: Memory):
    """Kept word for word, with who said what."""
    said = [{"role": "user", "content": "Open the page."}, {"role": "assistant", "content": "It is open."}]

    result = drop_in.add(said, agent_id="robot", memory_type="procedural_memory")["results"]

    assert [("user: Open the page.\nassistant: It is open.", "ADD")] == [(r["memory"], r["event"]) for r in result]
    assert "procedural" == drop_in.engine.get(result[0]["id"]).kind


def test_messages_of_chat_apis_are_accepted(drop_in: Memory):
    """Parts of text, calls of tools without text, keys that are not ours, roles by other names."""
    said = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "The kettle is blue."}, {"type": "image_url"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "function", "content": "42 is the answer.", "id": "x"},
    ]

    results = drop_in.add(said, user_id="ann", infer=False)["results"]

    assert ["The kettle is blue.", "42 is the answer."] == [item["memory"] for item in results]


def test_messages_without_text_add_nothing(drop_in: Memory):
    """An exchange of tool calls alone is not an error."""
    result = drop_in.add([{"role": "assistant", "content": None}], user_id="ann")

    assert {"results": [], "relations": {"deleted_entities": [], "added_entities": []}} == result


def test_a_number_is_an_id(drop_in: Memory):
    """Version two turns numbers into text."""
    drop_in.add("The kettle is blue.", user_id=7, infer=False)  # type: ignore[arg-type]

    assert ["7"] == [item["user_id"] for item in drop_in.get_all(user_id="7")["results"]]
