"""Chat and embeddings over the OpenAI protocol, which nearly every provider and local server speaks.

What a server supports is found out by asking and remembered: structured output by JSON schema, then JSON mode, then
plain text with the schema in the prompt; `max_tokens` under its old or its new name; a temperature or none.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from graphmem.errors import ModelRefused, ModelReplyError
from graphmem.models.contracts import Prompt, Reply, Task, Vectors
from graphmem.models.guard import check_allowed
from graphmem.models.limiter import Limiter, limiter_for
from graphmem.models.openai_errors import BadRequest, translated
from graphmem.models.providers import Endpoint, endpoint

Mode = Literal["schema", "unbounded", "json", "text"]
"""unbounded: a JSON schema without the bounds that some servers refuse."""
MAX_BATCH_TEXTS = 256
MAX_BATCH_CHARACTERS = 400_000
MAX_TEXT_CHARACTERS = 24_000
"""About what 8,191 tokens hold; longer texts are cut."""
OLD_LIMIT, NEW_LIMIT = "max_tokens", "max_completion_tokens"
_BOUNDS = {"maxLength", "maxItems", "minLength", "minItems"}


class Meter:
    """What a client has sent since it was made; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = 0
        """HTTP requests that were answered, whatever the answer."""
        self.prompt_tokens = 0
        self.completion_tokens = 0

    def answered(self) -> None:
        """One more answer."""
        with self._lock:
            self.calls += 1

    def spent(self, prompt_tokens: int, completion_tokens: int = 0) -> None:
        """Tokens as the server counts them."""
        with self._lock:
            self.prompt_tokens += prompt_tokens
            self.completion_tokens += completion_tokens


@dataclass(frozen=True)
class _Dialect:
    """What a server accepts, as far as it is known."""

    mode: Mode = "schema"
    limit_name: str = OLD_LIMIT
    temperature: bool = True
    most_tokens: int = 8192

    def after(self, refusal: BadRequest, *, structured: bool) -> _Dialect | None:
        """What to try after a refusal; None when there is nothing left to leave out."""
        said = refusal.text.casefold()
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        if self.most_tokens > 1024 and any(sign in said for sign in ("too large", "at most", "less than or equal")):
            return replace(self, most_tokens=self.most_tokens // 2)
        if "max_tokens" in said or "max_completion_tokens" in said:
            return replace(self, limit_name=NEW_LIMIT if self.limit_name == OLD_LIMIT else OLD_LIMIT)
        if not structured or self.mode == "text":
            return None
        if self.mode == "schema" and any(bound.casefold() in said for bound in _BOUNDS):
            return replace(self, mode="unbounded")
        return replace(self, mode="text" if self.mode == "json" else "json")


class OpenAIChat:
    """A chat model behind an OpenAI-compatible endpoint.

    `models` names another model for single tasks. `timeout` is in seconds, for one request. `tries` bounds the
    requests for one prompt while the server is busy. `meter` holds the running totals.
    """

    def __init__(
        self,
        model: str,
        *,
        provider: str = "openai",
        base_url: str | None = None,
        api_key: str | None = None,
        models: Mapping[Task, str] | None = None,
        timeout: float = 60.0,
        max_concurrency: int = 8,
        tries: int = 5,
        limiter: Limiter | None = None,
    ) -> None:
        self._connection = _Connection(endpoint(provider, base_url, api_key), "llm", timeout, max_concurrency, limiter)
        self.model = model
        self._models = dict(models or {})
        self._tries = tries
        self._start = _Dialect(limit_name=NEW_LIMIT if provider in {"openai", "azure"} else OLD_LIMIT)
        self._dialects: dict[tuple[str, bool], _Dialect] = {}
        self.meter = self._connection.meter

    def complete(self, prompt: Prompt) -> Reply:
        """Answer one prompt; a prompt that does not fit the model's context comes back as a truncated, empty reply."""
        model = self.model_for(prompt.task)
        begun, calls = time.perf_counter(), [0]
        structured = prompt.json_schema is not None
        dialect = self._dialects.get((model, structured), self._start)
        for _ in range(6):
            try:
                response = self._ask(prompt, model, dialect, calls)
            except BadRequest as refusal:
                if refusal.too_long:
                    return Reply(text="", model=model, calls=calls[0], truncated=True)
                following = dialect.after(refusal, structured=structured)
                if following is None:
                    raise
                dialect = following
                continue
            self._dialects[model, structured] = dialect
            spent = (time.perf_counter() - begun) * 1000
            return self._reply(response, model, calls[0], spent)
        raise ModelRefused(f"The model {model!r} accepts no form of the request.", advice="Check llm_model.")

    def model_for(self, task: Task) -> str:
        """The model that answers prompts of a task."""
        return self._models.get(task, self.model)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _ask(self, prompt: Prompt, model: str, dialect: _Dialect, calls: list[int]) -> Any:
        arguments = _chat_arguments(prompt, model, dialect)
        return self._connection.call(
            model, self._tries, calls, lambda client: client.chat.completions.create(**arguments)
        )

    def _reply(self, response: Any, model: str, calls: int, milliseconds: float) -> Reply:
        with translated(self._connection.where, model, "llm"):
            usage = response.usage
            asked, answered = (usage.prompt_tokens or 0, usage.completion_tokens or 0) if usage else (0, 0)
            self.meter.spent(asked, answered)
            if not response.choices:
                raise ModelReplyError(f"The model {model!r} gave no choice.", advice="Try again.")
            choice = response.choices[0]
            text = _content(choice.message)
            refusal = getattr(choice.message, "refusal", None)
            finish = str(choice.finish_reason)
        if refusal or finish == "content_filter":
            raise ModelReplyError(f"The model refused: {str(refusal or finish)[:200]}.", advice="Rephrase the input.")
        if not text.strip() and finish != "length":
            raise ModelReplyError(f"The reply of {model!r} is empty.", advice="Try again, or use another model.")
        return Reply(
            text=text,
            model=str(response.model or model),
            prompt_tokens=asked,
            completion_tokens=answered,
            calls=calls,
            milliseconds=milliseconds,
            truncated=finish == "length",
        )


class OpenAIEmbedder:
    """An embedding model behind an OpenAI-compatible endpoint; vectors are normalised here.

    `dimensions` asks the server for vectors of that length; without it the length is taken from the first answer.
    """

    def __init__(
        self,
        model: str,
        *,
        provider: str = "openai",
        base_url: str | None = None,
        api_key: str | None = None,
        dimensions: int | None = None,
        timeout: float = 60.0,
        max_concurrency: int = 8,
        tries: int = 5,
        limiter: Limiter | None = None,
    ) -> None:
        where = endpoint(provider, base_url, api_key, prefix="embedding")
        self._connection = _Connection(where, "embedding", timeout, max_concurrency, limiter)
        self.model = model
        self._asked_dimensions = dimensions
        self._encoding = "base64"
        self._dimensions = dimensions
        self._tries = tries
        self.meter = self._connection.meter

    @property
    def fingerprint(self) -> str:
        """Provider, model, the dimensions asked for, and normalisation; never asks the server."""
        asked = "default" if self._asked_dimensions is None else self._asked_dimensions
        return f"{self._connection.where.provider}:{self.model}:{asked}:l2"

    @property
    def dimensions(self) -> int:
        """Length of a vector; asks the server once when it is not known."""
        if self._dimensions is None:
            self.embed(["dimensions"])
        assert self._dimensions is not None  # noqa: S101 - embed sets it or raises
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in as few requests as the limits on a batch allow; no text, no request."""
        if not texts:
            return np.zeros((0, self._dimensions or 0), dtype=np.float32)
        return np.concatenate([self._batch(batch) for batch in _batches([_sendable(text) for text in texts])])

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def _batch(self, texts: list[str]) -> Vectors:
        try:
            body = self._request(texts)
        except BadRequest as refusal:
            if "encoding" in refusal.text.casefold() and self._encoding != "float":
                self._encoding = "float"
                return self._batch(texts)
            if not refusal.too_long:
                raise
            # Scripts with more tokens than a quarter of their characters: a quarter of the limit fits all of them.
            body = self._request([text[: MAX_TEXT_CHARACTERS // 4] for text in texts])
        with translated(self._connection.where, self.model, "embedding"):
            self.meter.spent((body.get("usage") or {}).get("prompt_tokens") or 0)
            rows = [_row(item["embedding"]) for item in sorted(body["data"], key=lambda item: item["index"])]
            vectors: Vectors = np.asarray(rows, dtype=np.float32)
        return self._checked(vectors, len(texts))

    def _request(self, texts: list[str]) -> Any:
        arguments: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": self._encoding}
        if self._asked_dimensions is not None:
            arguments["dimensions"] = self._asked_dimensions
        # The client's own method would check every text and every number of every vector: most of an add's time.
        return self._connection.call(
            self.model, self._tries, [0], lambda c: c.post("/embeddings", body=arguments, cast_to=object)
        )

    def _checked(self, vectors: Vectors, count: int) -> Vectors:
        expected = (count, self._dimensions or (vectors.shape[1] if vectors.ndim == 2 else 0))
        if vectors.shape != expected or not expected[1]:
            raise ModelReplyError(
                f"{self.model!r} gave vectors of shape {vectors.shape}, not {expected}.",
                advice="Check embedding_model and embedding_dimensions.",
            )
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.all(np.isfinite(norms)) or not np.all(norms > 0):
            raise ModelReplyError(f"{self.model!r} gave a vector without direction.", advice="Try another model.")
        self._dimensions = expected[1]
        normalised: Vectors = vectors / norms
        return normalised


class _Connection:
    """A client made on first use, its limiter and its meter."""

    def __init__(self, where: Endpoint, prefix: str, timeout: float, concurrency: int, limiter: Limiter | None) -> None:
        self.where = where
        self.meter = Meter()
        self._prefix = prefix
        self._timeout = timeout
        self._limiter = limiter or limiter_for(where.base_url, where.api_key, concurrency)
        self._lock = threading.Lock()
        self._client: Any = None

    def call(self, model: str, tries: int, calls: list[int], request: Any) -> Any:
        """The server's answer to `request(client)`; `calls[0]` grows with every answer."""
        check_allowed(self.where.base_url)
        client = self._opened()

        def once() -> Any:
            with translated(self.where, model, self._prefix), _counted(self.meter, calls):
                return request(client)

        return self._limiter.call(once, tries=tries)

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _opened(self) -> Any:
        import openai

        with self._lock:
            if self._client is None:
                azure = self.where.provider == "azure"
                self._client = openai.OpenAI(
                    base_url=self.where.base_url,
                    # The client insists on a key; local servers do not read it.
                    api_key=self.where.api_key or "none",
                    default_headers={"api-key": self.where.api_key} if azure else None,
                    timeout=self._timeout,
                    max_retries=0,
                )
            return self._client


class _counted:  # noqa: N801 - reads as a function where it is used
    """Counts a request once the server has answered it, with an error or without."""

    def __init__(self, meter: Meter, calls: list[int]) -> None:
        self._meter, self._calls = meter, calls

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, fault: object, trace: object) -> None:
        import openai

        if not isinstance(fault, openai.APIConnectionError):
            self._meter.answered()
            self._calls[0] += 1


def _row(sent: str | list[float]) -> Any:
    """A vector as numbers, or as base64 of little-endian float32: half the bytes, and no text to parse."""
    return np.frombuffer(base64.b64decode(sent), dtype="<f4") if isinstance(sent, str) else sent


def _chat_arguments(prompt: Prompt, model: str, dialect: _Dialect) -> dict[str, Any]:
    system = prompt.system
    arguments: dict[str, Any] = {"model": model, dialect.limit_name: min(prompt.max_tokens, dialect.most_tokens)}
    if dialect.temperature:
        arguments["temperature"] = 0
    if prompt.json_schema is not None:
        schema = json.loads(json.dumps(prompt.json_schema, default=dict))
        if dialect.mode in {"schema", "unbounded"}:
            sent = schema if dialect.mode == "schema" else _without_bounds(schema)
            arguments["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": prompt.schema_name, "schema": sent, "strict": True},
            }
        else:
            compact = json.dumps(_without_bounds(schema), separators=(",", ":"))
            system += f"\n\nReply with one JSON object of this JSON schema, and nothing else:\n{compact}"
        if dialect.mode == "json":
            arguments["response_format"] = {"type": "json_object"}
    if "response_format" in arguments:
        # The client walks through every field it knows, a schema word by word: this way it is sent as it is.
        arguments["extra_body"] = {"response_format": arguments.pop("response_format")}
    arguments["messages"] = [{"role": "system", "content": system}, {"role": "user", "content": prompt.user}]
    return arguments


def _without_bounds(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _without_bounds(value) for key, value in schema.items() if key not in _BOUNDS}
    return [_without_bounds(item) for item in schema] if isinstance(schema, list) else schema


def _content(message: Any) -> str:
    """The text of a reply; some servers answer a schema with a call of a tool of that shape."""
    content = message.content
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not content and getattr(message, "tool_calls", None):
        content = message.tool_calls[0].function.arguments
    # Some servers send the value instead of its text.
    return content if isinstance(content, str) else json.dumps(content) if content else ""


def _sendable(text: str) -> str:
    """Some servers refuse an empty input, and none takes a lone surrogate."""
    return text[:MAX_TEXT_CHARACTERS].encode("utf-8", "replace").decode("utf-8") or " "


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == MAX_BATCH_TEXTS or size + len(text) > MAX_BATCH_CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch
