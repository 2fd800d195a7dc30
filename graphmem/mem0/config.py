"""Mem0's configuration, and what it means in graphmem's settings."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from graphmem.errors import ConfigError
from graphmem.mem0 import config_keys as keys
from graphmem.models.providers import PROVIDERS
from graphmem.settings import Settings

LOCAL_EMBEDDERS = ("huggingface", "fastembed")
"""Mem0's providers that run a model in the process; graphmem has one of its own."""
LOCAL_MODELS = (None, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
DEFAULT_COLLECTION = "mem0"
NEO4J = {
    "url": "neo4j_url",
    "username": "neo4j_user",
    "password": "neo4j_password",
    "database": "neo4j_database",
}
"""Mem0's keys of a Neo4j server -> graphmem's settings."""


class Section(BaseModel):
    """A part of the configuration: a provider and its own options."""

    model_config = ConfigDict(extra="allow")

    provider: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)


class GraphSection(Section):
    """The graph's part, which has two options of its own."""

    llm: Section | None = None
    custom_prompt: str | None = None
    threshold: float | None = None


class MemoryConfig(BaseModel):
    """Mem0's configuration, version 1.1. `graphmem` holds settings of graphmem itself, which win over the rest."""

    model_config = ConfigDict(extra="allow")

    vector_store: Section = Field(default_factory=Section)
    llm: Section = Field(default_factory=Section)
    embedder: Section = Field(default_factory=Section)
    graph_store: GraphSection = Field(default_factory=GraphSection)
    reranker: Section | None = None
    history_db_path: str | Path | None = None
    version: str = "v1.1"
    custom_fact_extraction_prompt: str | None = None
    custom_update_memory_prompt: str | None = None
    custom_instructions: str | None = None
    custom_prompt: str | None = None
    graphmem: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _told_plainly(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Refuse in words of the configuration. Raises ConfigError."""
        try:
            return handler(keys.without_none(data))
        except ValidationError as exc:
            raise keys.refused(exc) from None


class _Reading(NamedTuple):
    """Settings read from a section, and the keys of its `config` that were used."""

    options: dict[str, Any]
    used: set[str]


def settings(config: MemoryConfig) -> Settings:
    """Translate a configuration into settings; one warning lists what has no counterpart. Raises ConfigError."""
    keys.check_spelling(config)
    llm, embedder, home, graph = _llm(config.llm), _embedder(config.embedder), _home(config), _graph(config.graph_store)
    instructions = (
        config.custom_instructions,
        config.custom_fact_extraction_prompt,
        config.custom_prompt,
        config.graph_store.custom_prompt,
    )
    options = {"instructions": "\n".join(filter(None, instructions)) or None}
    ignored = [
        *_unused("llm", config.llm, llm.used),
        *_unused("embedder", config.embedder, embedder.used),
        *_unused("vector_store", config.vector_store, home.used),
        *_unused("graph_store", config.graph_store, graph.used),
        *_without_counterpart(config),
    ]
    _warn(config, ignored)
    return Settings(**(home.options | llm.options | embedder.options | graph.options | options | config.graphmem))


def _llm(section: Section) -> _Reading:
    if not section.model_fields_set:
        return _Reading({}, set())
    provider = keys.provider("llm", section.provider)
    return _service(section, provider, "llm", {"llm_provider": provider})


def _embedder(section: Section) -> _Reading:
    if not section.model_fields_set:
        return _Reading({}, set())
    provider = keys.provider("embedder", section.provider, *LOCAL_EMBEDDERS, "local", "hash")
    if provider == "huggingface" and section.config.get("huggingface_base_url"):
        provider = "custom"
    if provider in LOCAL_EMBEDDERS:
        known = {"model"} if section.config.get("model") in LOCAL_MODELS else set()
        return _Reading({"embedder": "local"}, known)
    read = _service(section, provider, "embedding", {"embedder": provider})
    size = keys.number("embedder.config.embedding_dims", section.config.get("embedding_dims"))
    return _Reading(read.options | {"embedding_dimensions": size}, read.used)


def _service(section: Section, provider: str, prefix: str, chosen: dict[str, Any]) -> _Reading:
    """Model, key and address of a service, in graphmem's settings."""
    name = "embedder" if prefix == "embedding" else prefix
    azure = keys.mapping(f"{name}.config.azure_kwargs", section.config.get("azure_kwargs"))
    keys.check_texts(f"{name}.config", section.config, "model", "api_key")
    keys.check_texts(f"{name}.config.azure_kwargs", azure, "azure_endpoint", "azure_deployment", "api_key")
    address = next((key for key in section.config if keys.is_address(key) and section.config[key]), None)
    if address:
        keys.check_texts(f"{name}.config", section.config, address)
    base_url = section.config[address] if address else None
    if provider == "ollama" and base_url and not base_url.rstrip("/").endswith("/v1"):
        base_url = f"{base_url.rstrip('/')}/v1"
    if provider == "azure" and azure.get("azure_endpoint"):
        base_url = f"{azure['azure_endpoint'].rstrip('/')}/openai/v1"
    options = chosen | {
        f"{prefix}_model": azure.get("azure_deployment") or section.config.get("model"),
        f"{prefix}_api_key": azure.get("api_key") or section.config.get("api_key"),
        f"{prefix}_base_url": base_url,
    }
    return _Reading(options, {"model", "api_key", "azure_kwargs", "embedding_dims", *([address] if address else [])})


def _home(config: MemoryConfig) -> _Reading:
    """Where the embedded stores lie: the vector store's folder, else beside the history file, else the default."""
    store = config.vector_store.config
    keys.check_texts("vector_store.config", store, "path", "collection_name")
    path, collection = store.get("path"), store.get("collection_name") or DEFAULT_COLLECTION
    home = Path(path) if path else None
    if home is None and config.history_db_path and str(config.history_db_path) != ":memory:":
        home = Path(config.history_db_path).parent / "graphmem"
    if collection != DEFAULT_COLLECTION:
        home = (home or Settings().home) / str(collection)
    return _Reading({"home": home}, {"path", "collection_name"})


def _graph(section: GraphSection) -> _Reading:
    """A Neo4j server for the graph. Without one, and for every other store, the embedded graph is used."""
    if not _in_neo4j(section):
        return _Reading({}, set(section.config))
    keys.check_texts("graph_store.config", section.config, *NEO4J)
    options = {setting: section.config.get(key) for key, setting in NEO4J.items()}
    return _Reading({"graph": "neo4j"} | options, set(NEO4J))


def _in_neo4j(section: GraphSection) -> bool:
    return section.provider in (None, "neo4j") and bool(section.config.get("url"))


def _unused(name: str, section: Section, used: set[str]) -> Iterator[str]:
    extra = section.model_extra or {}
    yield from (f"{name}.{key}" for key in extra)
    yield from (
        f"{name}.config.{key}" for key, value in section.config.items() if key not in used and value is not None
    )


def _without_counterpart(config: MemoryConfig) -> Iterator[str]:
    yield from config.model_extra or {}
    given = {"reranker": config.reranker, "custom_update_memory_prompt": config.custom_update_memory_prompt}
    yield from (key for key, value in given.items() if value is not None)
    graph = config.graph_store
    yield from (f"graph_store.{key}" for key in ("llm", "threshold") if getattr(graph, key) is not None)


def _warn(config: MemoryConfig, ignored: list[str]) -> None:
    """Say what a user of Mem0 may expect and will not find."""
    if ignored:
        warnings.warn(f"graphmem has no use for these keys of the configuration: {', '.join(ignored)}.", stacklevel=5)
    graph = config.graph_store
    if (graph.provider or graph.config) and not _in_neo4j(graph):
        warnings.warn(
            f"graph_store {graph.provider or 'neo4j'!r} is not used: relations are kept in the embedded graph.",
            stacklevel=5,
        )
    store = config.vector_store.provider
    if store not in (None, "chroma"):
        warnings.warn(f"vector_store {store!r} is not used: vectors are kept in embedded Chroma.", stacklevel=5)


def read(config: BaseModel | Mapping[str, Any] | None) -> MemoryConfig:
    """A configuration from what a caller gave, Mem0's own object too; none means the defaults. Raises ConfigError."""
    if config is None:
        return MemoryConfig()
    if isinstance(config, MemoryConfig):
        return config
    if isinstance(config, BaseModel):
        config = config.model_dump(exclude_unset=True)
    return MemoryConfig.model_validate(keys.mapping("config", config))


def check_model(config: MemoryConfig, found: Settings) -> None:
    """A chat model that was asked for has a name. Raises ConfigError that gives Mem0's key for it."""
    if config.llm.model_fields_set and found.llm_name and not (found.llm_model or found.extract_model):
        example = PROVIDERS[found.llm_name].chat_model if found.llm_name in PROVIDERS else ""
        raise ConfigError(
            "llm.config.model is missing.", advice=f"Name the model, for example {example or 'gpt-4o-mini'!r}."
        )
