"""What cannot be used is refused in Mem0's own words: its parameters, its keys, and what to write instead."""

from __future__ import annotations

import asyncio
import uuid
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from graphmem import Memory as Engine
from graphmem.errors import ConfigError
from graphmem.mem0 import AsyncMemory, Memory, MemoryConfig, ValidationError
from graphmem.mem0.config import read, settings

HERE = {"user_id": "ann"}
WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    *(("search", ("tea",), {**HERE, "limit": wrong}, "limit") for wrong in ("5", True, -1, 2.5, [])),
    *(("search", ("tea",), {"top_k": wrong, "filters": HERE}, "top_k") for wrong in ("5", True, -1)),
    *(("get_all", (), {**HERE, "limit": wrong}, "limit") for wrong in ("5", True, -1)),
    *(("get_all", (), {"top_k": wrong, "filters": HERE}, "top_k") for wrong in ("5", -1)),
    *(("search", ("tea",), {**HERE, "threshold": wrong}, "threshold") for wrong in ("0.5", True, -0.1, 1.5)),
    *(("search", (wrong,), HERE, "query") for wrong in (None, "", 7)),
    *(("search", ("tea",), {**HERE, "filters": wrong}, "filters") for wrong in ("user_id", 7, [])),
    *((call, (wrong,), {}, "memory_id") for call in ("get", "delete", "history") for wrong in (None, 7, "")),
    ("update", (None, "text"), {}, "memory_id"),
    *(("update", ("x",), {"data": wrong}, "data") for wrong in ("", 7)),
    *(("update", ("x",), {"text": wrong}, "text") for wrong in ("", 7)),
    ("update", ("x",), {"text": "a", "data": "b"}, "text"),
    ("update", ("x", "text"), {"metadata": "tag"}, "metadata"),
    *(("add", ("tea",), {**HERE, "prompt": wrong}, "prompt") for wrong in (7, ["be brief"])),
    *(("add", ("tea",), {**HERE, "infer": wrong}, "infer") for wrong in (None, "no", 0)),
    ("add", ("tea",), {**HERE, "metadata": "tag"}, "metadata"),
    *(
        (call, args, {"user_id": ""}, "user_id")
        for call, args in (("add", ("x",)), ("get_all", ()), ("search", ("x",)))
    ),
    ("delete_all", ("",), {}, "user_id"),
]


@pytest.mark.parametrize("call", sorted({call for call, *_ in WRONG}))
def test_the_parameter_that_was_passed_is_named(drop_in: Memory, call: str):
    """Not the engine's name for it; sync and async alike, with what to pass."""
    face = AsyncMemory.over(drop_in.engine)
    expected, told = [], []
    for _, args, given, parameter in (case for case in WRONG if case[0] == call):
        with pytest.raises(ValidationError) as sync:
            getattr(drop_in, call)(*args, **given)
        with pytest.raises(ValidationError) as awaited:
            asyncio.run(getattr(face, call)(*args, **given))
        told += [(e.value.field, str(e.value).partition(":")[0], bool(e.value.suggestion)) for e in (sync, awaited)]
        expected += [(parameter, parameter, True)] * 2

    assert expected == told


@pytest.mark.parametrize("given", [{"filters": 7}, {"metadata_filters": "tag"}])
def test_filters_of_the_async_search_are_dicts(drop_in: Memory, given: dict[str, Any]):
    """The one that is wrong is named."""
    with pytest.raises(ValidationError) as caught:
        asyncio.run(AsyncMemory.over(drop_in.engine).search("tea", user_id="ann", **given))

    assert next(iter(given)) == caught.value.field


def test_both_filters_of_the_async_search_must_hold(drop_in: Memory):
    """Neither takes the place of the other, wherever the id stands."""
    for text, tag in (("The kettle is blue.", "a"), ("The kettle is old.", "b")):
        drop_in.add(text, user_id="ann", metadata={"tag": tag, "room": "kitchen"}, infer=False)

    async def found(**given: Any) -> list[str]:
        result = await AsyncMemory.over(drop_in.engine).search("kettle", **given)
        return [item["memory"] for item in result["results"]]

    kitchen = {"AND": [{"user_id": "ann"}, {"room": "kitchen"}]}
    assert ["The kettle is old."] == asyncio.run(found(filters=kitchen, metadata_filters={"AND": [{"tag": "b"}]}))
    assert ["The kettle is blue."] == asyncio.run(found(user_id="ann", metadata_filters={"tag": "a"}))


def test_no_results_wanted_are_none_given(drop_in: Memory):
    """0 is a number of results in version two."""
    drop_in.add("The kettle is blue.", user_id="ann", infer=False)

    nothing = {"results": [], "relations": []}
    assert nothing == drop_in.get_all(filters=HERE, top_k=0)
    assert nothing == drop_in.search("kettle", filters=HERE, top_k=0)


def test_a_uuid_is_an_id(drop_in: Memory):
    """Of a user and of a memory; a database gives them as objects."""
    user = uuid.UUID(int=7)
    drop_in.add("The kettle is blue.", user_id=user, infer=False)  # type: ignore[arg-type]

    assert [str(user)] == [item["user_id"] for item in drop_in.get_all(filters={"user_id": user})["results"]]
    assert drop_in.get(uuid.UUID(int=8)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"llm": "openai"}, "llm: must be a mapping, not str. Write {'llm': {'provider': '...', 'config': {...}}}."),
        ({"graph_store": ["neo4j"]}, "graph_store: must be a mapping, not list."),
        ({"llm": {"provider": "openai", "config": "gpt"}}, "llm.config: must be a mapping, not str."),
        ({"llm": {"provider": 7}}, "llm.provider: must be text, not int."),
        ({"llm": {"provider": "openia"}}, "llm.provider: 'openia' does not speak .*Did you mean 'openai'?"),
        ({"llm": {"provider": "aws_bedrock"}}, "llm.provider: 'aws_bedrock' .*Known are anthropic, azure"),
        ({"embedder": {"provider": "vertexai"}}, "embedder.provider: 'vertexai' .*fastembed"),
        ({"llm": {"provider": "openai", "config": {"model": 7}}}, "llm.config.model: must be text, not int."),
        ({"llm": {"config": {"openai_base_url": 7}}}, "llm.config.openai_base_url: must be text, not int."),
        ({"llm": {"provider": "azure_openai", "config": {"azure_kwargs": "x"}}}, "llm.config.azure_kwargs: must be a"),
        ({"embedder": {"config": {"embedding_dims": "big"}}}, "embedder.config.embedding_dims: must be a whole number"),
        ({"vector_store": {"config": {"path": 7}}}, "vector_store.config.path: must be text, not int."),
        ({"graph_store": {"config": {"url": 7}}}, "graph_store.config.url: must be text, not int."),
        ({"graph_store": {"threshold": "high"}}, "graph_store.threshold: must be a number, not str."),
        ({"history_db_path": 7}, "history_db_path: must be text, not int."),
        ({"custom_instructions": ["be brief"]}, "custom_instructions: must be text, not list."),
        ({"vector_stor": {}}, "vector_stor is not a key that is known. Did you mean vector_store?"),
        ({"llm": {"provder": "ollama"}}, "llm.provder is not a key that is known. Did you mean provider?"),
        ({"llm": {"config": {"modle": "x"}}}, "llm.config.modle is not a key that is known. Did you mean model?"),
        ({"graph_store": {"config": {"usrname": "x"}}}, "Did you mean username?"),
        ({"llm": {"model": "x"}}, "llm.model stands one level too high. Write {'llm': {'config': {'model': ...}}}."),
        ("openai", "config: must be a mapping, not str."),
        (7, "config: must be a mapping, not int."),
    ],
)
def test_a_wrong_configuration_names_its_key_and_the_fix(config: Any, said: str):
    """In words of the configuration."""
    with pytest.raises(ConfigError) as caught:
        settings(read(config))

    told = str(caught.value)
    assert all(part in told for part in said.split(".*")), told
    assert "pydantic" not in told
    assert "Input should" not in told


def test_a_secret_is_not_shown_by_a_refusal():
    """A key in the wrong place stays out of the message."""
    for config in ({"llm": "sk-123"}, {"llm": {"config": {"api_key": ["sk-123"]}}}, {"llm": {"api_key": "sk-123"}}):
        with pytest.raises(ConfigError) as caught:
            settings(read(config))
        assert "sk-123" not in f"{caught.value}{caught.value.__cause__}"


def test_the_object_refuses_as_the_dict_does():
    """`MemoryConfig(...)` and `from_config` say the same."""
    with pytest.raises(ConfigError, match=r"llm: must be a mapping, not str\."):
        MemoryConfig(llm="openai")  # type: ignore[arg-type]


def test_a_chat_model_without_a_name_is_told_under_mem0s_key(home: Path, monkeypatch: pytest.MonkeyPatch):
    """Mem0 has a default; which model costs money is said, not guessed."""
    monkeypatch.setenv("GRAPHMEM_HOME", str(home))
    with pytest.raises(ConfigError, match=r"llm\.config\.model is missing.*'gpt-4o-mini'"):
        Memory.from_config({"llm": {"provider": "openai", "config": {"api_key": "sk-1"}}})


def test_none_is_as_good_as_absent():
    """Configurations are often filled in from optional values."""
    empty = {"llm": None, "graph_store": None, "vector_store": {"provider": None, "config": None}, "reranker": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert settings(MemoryConfig()).effective() == settings(read(empty)).effective()


def test_mem0s_own_configuration_object_is_read():
    """Its defaults are nobody's choice: only what was set counts."""

    class Theirs(BaseModel):
        llm: dict[str, Any] = {"provider": "openai", "config": {}}
        vector_store: dict[str, Any] = {}

    found = settings(read(Theirs(vector_store={"provider": "chroma", "config": {"path": "db"}})))

    assert (Path("db"), None) == (found.home, found.llm_name)


def test_a_base_url_needs_no_provider_in_its_name():
    """`base_url` can mean one thing only."""
    found = settings(read({"llm": {"provider": "vllm", "config": {"model": "m", "base_url": "http://h/v1"}}}))

    assert "http://h/v1" == found.llm_base_url


def test_an_engine_is_not_touched_by_what_is_refused(drop_in: Memory):
    """No refusal leaves a trace."""
    engine: Engine = drop_in.engine
    before = engine.status(state=True).state
    for messages in ([None], [5], [{"role": "robot", "content": "x"}], ["fine", {"role": "user", "text": "lost"}]):
        with pytest.raises(ValidationError):
            drop_in.add(messages, user_id="ann")

    assert before == engine.status(state=True).state
