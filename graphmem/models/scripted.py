"""Models that do what a test tells them: no network, no weights, the same answer every time."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from graphmem.errors import ModelReplyError, ModelUnavailable
from graphmem.models.contracts import LLM, Embedder, ExtractionRequest, Extractor, Prompt, Reply, Vectors
from graphmem.models.guard import forbid_real_models
from graphmem.values import Draft, FactDraft

__all__ = [
    "FailingEmbedder",
    "FailingExtractor",
    "FailingLLM",
    "HashEmbedder",
    "ScriptedExtractor",
    "ScriptedLLM",
    "forbid_real_models",
]

Script = Callable[[Prompt], "str | Reply"]
Fault = Callable[[], Exception]


def estimated_tokens(text: str) -> int:
    """A stand-in for a tokenizer: four characters a token, rounded up."""
    return -(-len(text) // 4)


class ScriptedLLM:
    """Replies from a list, in order, or from a function of the prompt; `prompts` holds what it was asked.

    An entry that is an exception is raised. A list that has run out raises ModelReplyError.
    """

    def __init__(self, replies: Iterable[str | Reply | Exception] | Script = ()) -> None:
        self._script = replies if callable(replies) else None
        self._replies = iter(()) if callable(replies) else iter(replies)
        self._lock = threading.Lock()
        self.prompts: list[Prompt] = []

    def complete(self, prompt: Prompt) -> Reply:
        """The next reply; token counts are estimated unless the script gives a Reply."""
        with self._lock:
            self.prompts.append(prompt)
            answer = self._script(prompt) if self._script is not None else next(self._replies, None)
        if answer is None:
            raise ModelReplyError("The script has no more replies.", advice="Give ScriptedLLM one a prompt.")
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Reply):
            return answer
        asked = estimated_tokens(prompt.system + prompt.user)
        return Reply(text=answer, model="scripted", prompt_tokens=asked, completion_tokens=estimated_tokens(answer))

    def close(self) -> None:
        """Nothing to free."""


class HashEmbedder:
    """Words hashed into signed buckets (feature hashing, Weinberger et al. 2009): near texts share words.

    Deterministic across processes and machines, and without dependencies; no stand-in for meaning.
    """

    def __init__(self, dimensions: int = 256) -> None:
        self._dimensions = dimensions
        self._buckets: dict[str, tuple[int, float]] = {}
        self.calls = 0

    @property
    def fingerprint(self) -> str:
        """Names the scheme and the length of the vectors."""
        return f"hash-1:{self._dimensions}:l2"

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text; a text without a word gets the first axis, so that no row is zero."""
        if not texts:
            return np.zeros((0, self._dimensions), dtype=np.float32)
        self.calls += 1
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in re.findall(r"\w+", text.casefold()):
                bucket, sign = self._bucket(word)
                row[bucket] += sign
            if not row.any():
                row[0] = 1.0
        normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return normalised

    def _bucket(self, word: str) -> tuple[int, float]:
        found = self._buckets.get(word)
        if found is None:
            digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
            number = int.from_bytes(digest, "big")
            found = self._buckets[word] = ((number >> 1) % self._dimensions, 1.0 if number & 1 else -1.0)
        return found

    def close(self) -> None:
        """Nothing to free."""


class ScriptedExtractor:
    """Drafts from a list, in order, or from a function of the request; `requests` holds what it was given.

    With no script every message becomes one fact, word for word.
    """

    def __init__(
        self, drafts: Iterable[Draft | Exception] | Callable[[ExtractionRequest], Draft] | None = None
    ) -> None:
        self._script = drafts if callable(drafts) else None if drafts is not None else word_for_word
        self._drafts = iter(()) if drafts is None or callable(drafts) else iter(drafts)
        self.requests: list[ExtractionRequest] = []

    def extract(self, request: ExtractionRequest) -> Draft:
        """The next draft; a list that has run out gives empty drafts."""
        self.requests.append(request)
        draft = self._script(request) if self._script is not None else next(self._drafts, Draft())
        if isinstance(draft, Exception):
            raise draft
        return draft


def word_for_word(request: ExtractionRequest) -> Draft:
    """One fact a message: its own text."""
    return Draft(
        facts=tuple(
            FactDraft(text=message.content, message=index, quote=message.content)
            for index, message in enumerate(request.messages)
            if message.content.strip()
        )
    )


def _unavailable() -> Exception:
    return ModelUnavailable("The model was told to fail.", advice="Try again.")


class _Faults:
    """Counts calls from 1 and raises on the chosen ones; no choice means every one."""

    def __init__(self, on_calls: Iterable[int] | None, fault: Fault) -> None:
        self._on = None if on_calls is None else frozenset(on_calls)
        self._fault = fault
        self.calls = 0

    def check(self) -> None:
        self.calls += 1
        if self._on is None or self.calls in self._on:
            raise self._fault()


class FailingLLM:
    """Passes prompts on, except on the chosen calls, where it raises."""

    def __init__(self, llm: LLM, on_calls: Iterable[int] | None = None, fault: Fault = _unavailable) -> None:
        self._llm = llm
        self.faults = _Faults(on_calls, fault)

    def complete(self, prompt: Prompt) -> Reply:
        """The reply of the model behind, or the fault."""
        self.faults.check()
        return self._llm.complete(prompt)

    def close(self) -> None:
        """Close the model behind."""
        self._llm.close()


class FailingEmbedder:
    """Passes texts on, except on the chosen calls, where it raises."""

    def __init__(self, embedder: Embedder, on_calls: Iterable[int] | None = None, fault: Fault = _unavailable) -> None:
        self._embedder = embedder
        self.faults = _Faults(on_calls, fault)

    @property
    def fingerprint(self) -> str:
        """That of the embedder behind."""
        return self._embedder.fingerprint

    @property
    def dimensions(self) -> int:
        """That of the embedder behind."""
        return self._embedder.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of the embedder behind, or the fault."""
        self.faults.check()
        return self._embedder.embed(texts)

    def close(self) -> None:
        """Close the embedder behind."""
        self._embedder.close()


class FailingExtractor:
    """Passes requests on, except on the chosen calls, where it raises."""

    def __init__(
        self, extractor: Extractor, on_calls: Iterable[int] | None = None, fault: Fault = _unavailable
    ) -> None:
        self._extractor = extractor
        self.faults = _Faults(on_calls, fault)

    def extract(self, request: ExtractionRequest) -> Draft:
        """The draft of the extractor behind, or the fault."""
        self.faults.check()
        return self._extractor.extract(request)
