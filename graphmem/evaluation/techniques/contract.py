"""What every technique does, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from graphmem.evaluation.records import Conversation, Ingested, Mode, Question, Retrieved, Spent
from graphmem.models.contracts import LLM, Embedder

if TYPE_CHECKING:
    from graphmem.settings import Settings

Counter = Callable[[str], int]
"""Tokens of a text."""
Spend = Callable[[Spent], None]
"""Books what a call of a model cost."""
Room = Callable[[str, int, int], AbstractContextManager[None]]
"""Room in the budget for a call: the model, tokens asked and tokens answered at most. Raises BudgetReached."""


def _nothing(_: Spent) -> None: ...


def _unlimited(_: str, __: int, ___: int) -> AbstractContextManager[None]:
    return nullcontext()


class Technique(Protocol):
    """Takes one conversation at a time and gives contexts for its questions. Used by one thread.

    An instance serves one conversation; the runner makes another one for the next. `ingest` comes first, also after a
    restart: what `Parts.folder` holds already must not be paid for again. Errors are GraphMemErrors that say what to
    do; packages that are missing raise MissingExtra or ConfigError from the constructor.
    """

    def ingest(self, conversation: Conversation) -> Ingested:
        """Keep what the conversation says; `milliseconds` of the result is filled in by the runner."""
        ...

    def context(self, question: Question) -> Retrieved:
        """What to answer from; no model that writes the answer is asked."""
        ...

    def close(self) -> None:
        """Free what is held; a second call is a no-op."""
        ...


@dataclass(frozen=True)
class Options:
    """What a run says of its technique."""

    mode: Mode = "raw"
    top_k: int = 30
    chunk_size: int = 1000
    """Tokens of a chunk (rag)."""
    num_chunks: int = 1
    """Chunks in the context (rag)."""
    batch: int = 10
    """Turns of one add, where a model or the local extractor reads them."""
    seed: int = 0


@dataclass(frozen=True)
class Parts:
    """What a technique may use: the same models and the same counter for all."""

    folder: Path
    """A folder of its own for this conversation; made when it is needed, and kept for a resumed run."""
    settings: Settings
    embedder: Embedder
    llm: LLM | None
    """Counted and held to the budget; None when no chat model is configured."""
    tokens: Counter
    options: Options = field(default_factory=Options)
    spend: Spend = _nothing
    """For packages that call models by themselves, and not through `llm`."""
    room: Room = _unlimited
    """For the same packages, around every call."""

    def kept(self, conversation: Conversation, texts: Collection[str]) -> Ingested:
        """What to tell of a conversation of which these texts are kept."""
        return Ingested(conversation=conversation.id, items=len(texts), memory_tokens=sum(map(self.tokens, texts)))


Make = Callable[[Parts], Technique]
"""Makes a technique for one conversation."""
