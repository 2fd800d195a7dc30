"""Where settings become the models of an evaluation."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from graphmem import assembly
from graphmem.errors import ConfigError, InputError
from graphmem.evaluation.folders import spent_in
from graphmem.evaluation.plans import Models
from graphmem.evaluation.prices import Price, Prices
from graphmem.evaluation.spending import PaidEmbedder, PaidLLM, Purse
from graphmem.evaluation.tokens import CounterName, counter
from graphmem.models.contracts import LLM, Task
from graphmem.settings import Settings

TASKS: tuple[Task, ...] = ("extract", "resolve", "answer", "judge")
LOCK = ".lock"


@contextmanager
def models(
    settings: Settings,
    out: Path,
    *,
    prices: Mapping[str, Price] | None = None,
    budget: float | None = None,
    tokens: CounterName = "estimate",
) -> Iterator[Models]:
    """The embedder and, where one is configured, the chat model, both booked; closed at the end.

    `budget` counts what was spent in `out` before. Raises ConfigError, also for a budget over an unknown price.
    """
    count = counter(tokens)
    purse = Purse(Prices(prices), budget, spent_in(out))
    embedder = PaidEmbedder(lambda: assembly.embedding_model(settings), purse, count)
    llm = PaidLLM(lambda: _chat(settings), purse, count) if settings.llm_name else None
    try:
        if budget is not None:
            purse.prices.require(named(embedder, llm))
        yield Models(settings, embedder, llm, purse, count, tokens)
    finally:
        embedder.shut()
        if llm is not None:
            llm.shut()


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """While it lasts no other process evaluates into `out`. Raises InputError when one does."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            advice = "Wait for it, or choose another --out."
            raise InputError("--out", f"another evaluation is writing to {out}.", advice=advice) from exc
        yield


def named(embedder: PaidEmbedder, llm: PaidLLM | None) -> list[str]:
    """The models that cost something."""
    chat = [llm.model_for(task) for task in TASKS] if llm is not None else []
    return list(dict.fromkeys([*chat, *([embedder.model] if embedder.model else [])]))


def _chat(settings: Settings) -> LLM:
    model = assembly.chat_model(settings)
    if model is None:
        raise ConfigError("No chat model is configured.", advice="Set GRAPHMEM_LLM_PROVIDER and GRAPHMEM_LLM_MODEL.")
    return model
