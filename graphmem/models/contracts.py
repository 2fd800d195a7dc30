"""What the engine asks of a model: three small contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import Field

from graphmem.values import Draft, MessageRecord, Moment, Value

Vectors = npt.NDArray[np.float32]
"""Shape (n, dimensions), float32, each row of length 1."""

Task = Literal["extract", "resolve", "answer", "judge"]


class Prompt(Value):
    """One request to a chat model."""

    task: Task
    system: str
    user: str
    json_schema: Mapping[str, Any] | None = Field(default=None)
    """JSON schema of the reply; None asks for plain text."""
    schema_name: str = "reply"
    max_tokens: int = 2000


class Reply(Value):
    """What a chat model answered."""

    text: str
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 1
    """HTTP requests that were answered, retries after a malformed reply included; 0 when read from the journal."""
    milliseconds: float = 0.0
    truncated: bool = False
    """The model stopped at its token limit: the text is incomplete."""


class LLM(Protocol):
    """A chat model."""

    def complete(self, prompt: Prompt) -> Reply:
        """Answer one prompt. Raises ModelUnavailable, ModelRefused or ModelReplyError (empty reply, refusal)."""
        ...

    def close(self) -> None:
        """Free connections; a second call is a no-op."""
        ...


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def fingerprint(self) -> str:
        """Provider, model, dimensions and normalisation in one string; vectors of two fingerprints never mix."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order; an empty input gives shape (0, dimensions). Raises ModelError."""
        ...

    def close(self) -> None:
        """Free sessions and connections; a second call is a no-op."""
        ...


class ExtractionRequest(Value):
    """The messages of one episode and what is needed to read them."""

    messages: tuple[MessageRecord, ...]
    recent: tuple[MessageRecord, ...] = ()
    """The last messages of the conversation before this episode, oldest first: context for pronouns only."""
    participants: tuple[str, ...] = ()
    """Display names of everybody who speaks in `messages` or `recent`."""
    at: Moment
    """When the episode happened; messages carry their own timestamps."""
    instructions: str = ""
    include_assistant: bool = False
    """Take facts from what an assistant said, too."""


class Extractor(Protocol):
    """Turns messages into drafts: facts, entities, relations, times."""

    def extract(self, request: ExtractionRequest) -> Draft:
        """Propose facts for the request. Raises ModelError; never returns half a reading."""
        ...


@runtime_checkable
class UsesLLM(Protocol):
    """An extractor that asks a chat model, which the engine replaces by a journalled one for each episode."""

    def with_llm(self, llm: LLM) -> Extractor:
        """The same extractor on another chat model."""
        ...
