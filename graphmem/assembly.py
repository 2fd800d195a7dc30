"""Where text becomes objects: settings are turned into the parts of an engine, here and nowhere else."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from graphmem.engine import ClaimReader, Clock, Engine
from graphmem.errors import ConfigError, EmbeddingMismatch, MissingExtra
from graphmem.faults import reach
from graphmem.followed_graph import FollowedGraph
from graphmem.graph_projection import GraphProjection, forget_copy, home_id
from graphmem.ledger.contracts import Ledger
from graphmem.ledger.projections.embedding import FINGERPRINT
from graphmem.models.contracts import LLM, Embedder, Extractor, Task
from graphmem.models.providers import PROVIDERS, Provider
from graphmem.projection import Projection
from graphmem.settings import Settings
from graphmem.stores.chroma import ChromaVectors
from graphmem.stores.contracts import GraphCopy, OpenVectors
from graphmem.values import Claim


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


def settings(given: Settings | None, *, home: str | Path | None, **options: Any) -> Settings:
    """Settings from what the caller gave, the environment and graphmem.toml. Raises ConfigError."""
    changes = {**options, **({} if home is None else {"home": Path(home)})}
    if given is None:
        return Settings(**changes)
    return given.override(**changes) if changes else given


def engine(
    chosen: Settings,
    *,
    llm: LLM | None = None,
    embedder: Embedder | None = None,
    extractor: Extractor | None = None,
    clock: Clock | None = None,
    same_model: bool = True,
) -> Engine:
    """Build every part. Raises ConfigError, MissingExtra, StoreError, EmbeddingMismatch.

    `same_model=False`: the home's vectors may be of another embedding model; for `reembed` alone.
    """
    if chosen.graph == "neo4j" and find_spec("neo4j") is None:
        raise MissingExtra('graph = "neo4j"', "neo4j")
    model = llm if llm is not None else chat_model(chosen)
    meaning = embedder if embedder is not None else embedding_model(chosen)
    ledger = _ledger(chosen)
    try:
        if same_model:
            _check_fingerprint(ledger, meaning)
        reader = extractor if extractor is not None else _extractor(chosen, model)
        copy = _graph(chosen, ledger, clock or utc_now)
        return Engine(
            ledger=ledger,
            projection=Projection(ledger, _vectors(chosen), copy),
            graph=ledger.graph if copy is None else FollowedGraph(copy, ledger.graph),
            embedder=meaning,
            extractor=reader,
            llm=model,
            reader=_claim_reader(),
            clock=clock or utc_now,
            settings=chosen,
        )
    except BaseException:
        ledger.close()
        raise


def fingerprint(chosen: Settings) -> str:
    """Fingerprint of the embedder of the settings. Raises ConfigError, MissingExtra."""
    embedder = embedding_model(chosen)
    try:
        return embedder.fingerprint
    finally:
        embedder.close()


def close(parts: Engine) -> None:
    """Release everything, the ledger last."""
    reach("close.before")
    if parts.projection.opened is not None:
        parts.projection.flush_vectors()
    if parts.projection.graph is not None:
        parts.projection.graph.settle()
    reach("close.flushed")
    parts.projection.close()
    parts.embedder.close()
    if parts.llm is not None:
        parts.llm.close()
    parts.ledger.close()


def _ledger(chosen: Settings) -> Ledger:
    from graphmem.ledger.sql import SqlLedger

    where = chosen.ledger_url or chosen.home / "ledger.db"
    return SqlLedger.open(
        where,
        cache_mb=chosen.vector_cache_mb,
        vector_store=chosen.vectors != "none",
        graph_store=chosen.graph == "neo4j",
    )


def _check_fingerprint(ledger: Ledger, embedder: Embedder) -> None:
    kept = ledger.meta(FINGERPRINT)
    if kept is None:
        ledger.set_meta(FINGERPRINT, embedder.fingerprint)
    elif kept != embedder.fingerprint:
        raise EmbeddingMismatch(
            f"This home holds vectors of {kept}; the settings name {embedder.fingerprint}.",
            advice="Set the embedder back, or run: graphmem reembed",
        )


def _graph(chosen: Settings, ledger: Ledger, clock: Clock) -> GraphProjection | None:
    if chosen.graph != "neo4j":
        forget_copy(ledger)
        return None

    def opened() -> GraphCopy:
        from graphmem.stores.neo4j import Neo4jGraph
        from graphmem.stores.neo4j.connection import Address

        password = _plain(chosen.neo4j_password)
        address = Address(chosen.neo4j_url, chosen.neo4j_user, password, chosen.neo4j_database)
        return Neo4jGraph(address, home_id(ledger))

    return GraphProjection(ledger, opened, clock)


def _vectors(chosen: Settings) -> OpenVectors | None:
    return None if chosen.vectors == "none" else partial(ChromaVectors.open, chosen.home / "chroma")


def chat_model(chosen: Settings) -> LLM | None:
    """The chat model that the settings name; None when they name none. Raises ConfigError."""
    if chosen.llm_name is None:
        return None
    from graphmem.models.openai import OpenAIChat

    provider = _provider(chosen.llm_name)
    roles: dict[Task, str | None] = {
        "extract": chosen.extract_model,
        "resolve": chosen.resolve_model,
        "answer": chosen.answer_model,
        "judge": chosen.judge_model,
    }
    model = chosen.llm_model or chosen.extract_model
    if model is None:
        hint = f", for example to {provider.chat_model}" if provider.chat_model else ""
        raise ConfigError("llm_model is not set.", advice=f"Set GRAPHMEM_LLM_MODEL{hint}.")
    return OpenAIChat(
        model,
        provider=chosen.llm_name,
        base_url=chosen.llm_base_url,
        api_key=_plain(chosen.llm_key(provider.key_variable)),
        models={task: name for task, name in roles.items() if name},
        timeout=chosen.llm_timeout,
        max_concurrency=chosen.llm_max_concurrency,
    )


def _provider(name: str) -> Provider:
    if name not in PROVIDERS:
        nearest = difflib.get_close_matches(name, PROVIDERS, n=1, cutoff=0.0)[0]
        raise ConfigError(
            f"There is no provider called {name!r}.", advice=f"Did you mean {nearest!r}? Or use 'custom'."
        )
    return PROVIDERS[name]


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def embedding_model(chosen: Settings) -> Embedder:
    """The embedder that the settings name. Raises ConfigError."""
    kind = chosen.embedder_kind
    if kind == "local":
        from graphmem.models.local.embedder import LocalEmbedder

        return LocalEmbedder(chosen.embedding_model_path)
    if kind == "hash":
        from graphmem.models.scripted import HashEmbedder

        return HashEmbedder(dimensions=chosen.embedding_dimensions or 256)
    from graphmem.models.openai import OpenAIEmbedder

    provider = _provider(kind)
    model = chosen.embedding_model or provider.embedding_model
    if not model:
        raise ConfigError("embedding_model is not set.", advice="Set GRAPHMEM_EMBEDDING_MODEL.")
    own = chosen.embedding_base_url
    return OpenAIEmbedder(
        model,
        provider=kind,
        base_url=own or (chosen.llm_base_url if kind == chosen.llm_name else None),
        api_key=_plain(chosen.embedding_key(provider.key_variable)),
        dimensions=chosen.embedding_dimensions,
        timeout=chosen.llm_timeout,
        max_concurrency=chosen.llm_max_concurrency,
    )


def _extractor(chosen: Settings, llm: LLM | None) -> Extractor | None:
    kind = chosen.extractor_kind
    if kind == "none":
        return None
    if kind == "local":
        if not _speaks_english():
            raise MissingExtra("The local extractor", "local")
        from graphmem.models.local.extraction.extractor import LocalExtractor

        return LocalExtractor()
    if llm is None:
        raise ConfigError("extractor = 'llm' needs a chat model.", advice="Set llm_provider and llm_model.")
    from graphmem.models.llm_extractor import LLMExtractor

    return LLMExtractor(llm)


class _LateReader:
    """Loads spaCy with the first text: opening a memory must not wait for it."""

    def __init__(self) -> None:
        self._reader: ClaimReader | None = None

    def claims(self, texts: Sequence[str]) -> tuple[tuple[Claim, ...], ...]:
        """See `ClaimReader.claims`."""
        if self._reader is None:
            from graphmem.models.local.claims.reader import Reader
            from graphmem.models.local.language import load

            self._reader = Reader(load())
        return self._reader.claims(texts)


def _claim_reader() -> ClaimReader | None:
    """Rules compare facts better when they are parsed; without spaCy they work from relations alone."""
    return _LateReader() if _speaks_english() else None


def _speaks_english() -> bool:
    from graphmem.models.local.language import PACKAGES

    return find_spec("spacy") is not None and any(find_spec(package) is not None for package in PACKAGES)
