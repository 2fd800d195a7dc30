"""Mem0's configuration in graphmem's settings, and what is said about the rest."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from graphmem.errors import ConfigError
from graphmem.mem0 import MemoryConfig
from graphmem.mem0.config import read, settings
from graphmem.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder: no graphmem.toml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def translated(config: dict[str, Any]) -> Settings:
    """Settings for a configuration, warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return settings(read(config))


def warned(config: dict[str, Any]) -> str:
    """What a configuration makes graphmem say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        settings(read(config))
    return " ".join(str(warning.message) for warning in caught)


def test_no_configuration_is_graphmems_default():
    """Mem0 would ask for a key; here everything stays on the machine, in silence."""
    assert Settings().effective() == settings(MemoryConfig()).effective()
    assert "" == warned({})


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"provider": "openai", "config": {"model": "m"}}, ("openai", "m", None)),
        ({"config": {"model": "m"}}, ("openai", "m", None)),
        ({"provider": "openai", "config": {"openai_base_url": "http://h/v1"}}, ("openai", None, "http://h/v1")),
        ({"provider": "ollama", "config": {"ollama_base_url": "http://h:1"}}, ("ollama", None, "http://h:1/v1")),
        ({"provider": "ollama", "config": {"ollama_base_url": "http://h:1/v1/"}}, ("ollama", None, "http://h:1/v1/")),
        ({"provider": "lmstudio", "config": {"lmstudio_base_url": "http://h/v1"}}, ("lmstudio", None, "http://h/v1")),
        ({"provider": "openai_structured", "config": {"model": "m"}}, ("openai", "m", None)),
        (
            {
                "provider": "azure_openai",
                "config": {"model": "x", "azure_kwargs": {"azure_deployment": "d", "azure_endpoint": "https://h/"}},
            },
            ("azure", "d", "https://h/openai/v1"),
        ),
    ],
)
def test_the_chat_model(section: dict[str, Any], expected: tuple[str, str | None, str | None]):
    """Provider, model and address, whatever Mem0 calls them."""
    found = translated({"llm": section})

    assert expected == (found.llm_name, found.llm_model, found.llm_base_url)


def test_keys_are_taken_over_and_not_shown():
    """From the section, or from Azure's own options."""
    plain = translated({"llm": {"provider": "openai", "config": {"api_key": "sk-1"}}})
    azure = translated({"llm": {"provider": "azure_openai", "config": {"azure_kwargs": {"api_key": "sk-2"}}}})

    assert ["sk-1", "sk-2"] == [s.llm_api_key.get_secret_value() for s in (plain, azure) if s.llm_api_key]
    assert "sk-1" not in repr(plain)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"provider": "openai", "config": {"model": "m", "embedding_dims": 8}}, ("openai", "m", None, 8)),
        ({"provider": "ollama", "config": {"ollama_base_url": "http://h"}}, ("ollama", None, "http://h/v1", None)),
        ({"provider": "huggingface", "config": {"model": "all-MiniLM-L6-v2"}}, ("local", None, None, None)),
        ({"provider": "fastembed"}, ("local", None, None, None)),
        (
            {"provider": "huggingface", "config": {"huggingface_base_url": "http://h/v1", "model": "m"}},
            ("custom", "m", "http://h/v1", None),
        ),
    ],
)
def test_the_embedder(section: dict[str, Any], expected: tuple[str, str | None, str | None, int | None]):
    """A service by its name; what Mem0 runs in the process is graphmem's own model."""
    found = translated({"embedder": section})

    assert expected == (
        found.embedder_kind,
        found.embedding_model,
        found.embedding_base_url,
        found.embedding_dimensions,
    )


@pytest.mark.parametrize(
    ("config", "home"),
    [
        ({"vector_store": {"provider": "chroma", "config": {"path": "db"}}}, "db"),
        ({"vector_store": {"provider": "chroma", "config": {"path": "db", "collection_name": "mem0"}}}, "db"),
        ({"vector_store": {"provider": "chroma", "config": {"path": "db", "collection_name": "a"}}}, "db/a"),
        ({"vector_store": {"config": {"collection_name": "a"}}}, ".graphmem/a"),
        ({"history_db_path": "here/history.db"}, "here/graphmem"),
        ({"history_db_path": ":memory:"}, ".graphmem"),
        ({"history_db_path": "x/history.db", "vector_store": {"config": {"path": "db"}}}, "db"),
    ],
)
def test_the_home(config: dict[str, Any], home: str):
    """The folder of the vector store, else one beside the history; a collection of its own is a home of its own."""
    assert Path(home) == translated(config).home


@pytest.mark.parametrize("provider", [{"provider": "neo4j"}, {}])
def test_a_neo4j_server_keeps_the_graph(provider: dict[str, str]):
    """The server that Mem0 1.x wrote its graph to is where the graph goes; nothing is said about it."""
    server = {"url": "neo4j://h:1", "username": "u", "password": "p-1", "database": "d"}
    config = {"graph_store": {**provider, "config": server}}
    found = translated(config)

    assert ("neo4j", "neo4j://h:1", "u", "d") == (
        found.graph,
        found.neo4j_url,
        found.neo4j_user,
        found.neo4j_database,
    )
    assert found.neo4j_password is not None
    assert "p-1" == found.neo4j_password.get_secret_value()
    assert "" == warned(config)


def test_instructions_of_every_name_are_joined():
    """Old, new and graph's."""
    found = translated(
        {
            "custom_instructions": "one",
            "custom_fact_extraction_prompt": "two",
            "custom_prompt": "three",
            "graph_store": {"custom_prompt": "four"},
        }
    )

    assert "one\ntwo\nthree\nfour" == found.instructions


def test_settings_of_graphmem_win():
    """What Mem0 has no name for can be said in the same dict."""
    found = translated({"vector_store": {"config": {"path": "db"}}, "graphmem": {"home": "own", "extractor": "none"}})

    assert (Path("own"), "none") == (found.home, found.extractor)
    with pytest.raises(ConfigError, match="Did you mean extractor"):
        translated({"graphmem": {"extracter": "none"}})


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"llm": {"provider": "openai", "config": {"temperature": 0.1}}}, "llm.config.temperature"),
        ({"embedder": {"provider": "openai", "config": {"model_kwargs": {}}}}, "embedder.config.model_kwargs"),
        ({"embedder": {"provider": "huggingface", "config": {"model": "big"}}}, "embedder.config.model"),
        ({"vector_store": {"config": {"host": "h"}}}, "vector_store.config.host"),
        ({"graph_store": {"threshold": 0.5}}, "graph_store.threshold"),
        ({"reranker": {"provider": "cohere"}}, "reranker"),
        ({"custom_update_memory_prompt": "x"}, "custom_update_memory_prompt"),
        ({"telemetry": False}, "telemetry"),
        ({"graph_store": {"provider": "neo4j", "config": {"url": "bolt://h", "base_label": True}}}, "base_label"),
        ({"graph_store": {"provider": "neo4j"}}, "'neo4j' is not used"),
        ({"graph_store": {"provider": "kuzu", "config": {"db": ":memory:"}}}, "'kuzu' is not used"),
        ({"vector_store": {"provider": "qdrant"}}, "'qdrant' is not used"),
    ],
)
def test_what_is_ignored_is_said(config: dict[str, Any], key: str):
    """A key without effect is named once, at the start."""
    assert key in warned(config)


def test_what_is_used_is_not_said():
    """No noise about a configuration that is understood."""
    config = {
        "version": "v1.1",
        "vector_store": {"provider": "chroma", "config": {"collection_name": "a", "path": "db"}},
        "llm": {"provider": "ollama", "config": {"model": "m", "ollama_base_url": "http://h"}},
        "embedder": {"provider": "ollama", "config": {"model": "m", "ollama_base_url": "http://h"}},
    }

    assert "" == warned(config)
