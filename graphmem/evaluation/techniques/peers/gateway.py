"""OpenAI's protocol on this machine: what a peer asks goes on to the models of the run, and is booked.

Peers bring clients of their own. Pointed at a gateway, all of them use the chat model that the settings name and the
embedder of the run, whatever that is, and what they ask is counted in one place: calls, tokens, dollars. A request that
fails is tried again here, as everywhere; what fails for good is raised when the peer's call ends, also where the peer
swallows it.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from graphmem import assembly
from graphmem.errors import ConfigError, GraphMemError, ModelError, ModelReplyError
from graphmem.evaluation.records import Spent, Stage
from graphmem.evaluation.spending import CAUTION, OVERHEAD
from graphmem.evaluation.techniques.contract import Parts
from graphmem.models.contracts import Embedder
from graphmem.models.guard import check_allowed
from graphmem.models.limiter import limiter_for
from graphmem.models.openai_errors import translated
from graphmem.models.providers import PROVIDERS, Endpoint, endpoint
from graphmem.settings import Settings

TRIES = 5
CHAT, EMBEDDINGS = "/chat/completions", "/embeddings"
LONGEST_BODY = 64_000_000
UNSAID = 4000
"""Tokens of an answer that a peer sets no limit to."""
_DEFAULT_MODEL = "the-embedder-of-the-run"


class Gateway:
    """Serves one technique on a free port until `close`. Raises ConfigError without a chat model."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._chat = _Upstream(parts.settings)
        self._embedder, self._paid = _embedder(parts)
        self._bill: tuple[Stage, str, str] = ("ingest", "", "")
        self._problem: GraphMemError | None = None
        self._lock = threading.Lock()
        self.key = secrets.token_urlsafe(16)
        """Nobody else on this machine can use the gateway."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def base_url(self) -> str:
        """The address for a peer's clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def model(self) -> str:
        """The chat model; a peer may name it or not."""
        return self._chat.model

    @property
    def embedding_model(self) -> str:
        """A name for the embedder of the run."""
        return _DEFAULT_MODEL

    @property
    def dimensions(self) -> int:
        """Of the embedder."""
        return int(self._embedder.dimensions)

    def vectors(self, texts: list[str]) -> list[list[float]]:
        """Vectors for a peer that takes a function."""
        rows: list[list[float]] = self._embed(texts).tolist()
        return rows

    @contextmanager
    def serving(self, stage: Stage, conversation: str, question: str = "") -> Iterator[None]:
        """Calls in this block are for that stage.

        Raises at its end what failed for good, whatever the peer made of it; what the peer itself raises is a
        ModelReplyError.
        """
        self._bill, self._problem = (stage, conversation, question), None
        try:
            yield
        except GraphMemError:
            raise
        except Exception as exc:
            said = f"{type(exc).__name__}: {exc}".partition("\n")[0]
            failed = ModelReplyError(f"The peer failed on {question or conversation}: {said}.", advice="Use --resume.")
            raise (self._problem or failed) from exc
        if self._problem is not None:
            raise self._problem

    def close(self) -> None:
        """Stop serving; a second call is a no-op."""
        self._server.shutdown()
        self._server.server_close()
        self._chat.close()
        if self._paid:
            self._embedder.close()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[HTTPStatus, Mapping[str, Any]]:
        """The answer to one request. A failure is 400, which clients do not try again."""
        try:
            if path.endswith(EMBEDDINGS):
                return HTTPStatus.OK, self._vectors(body)
            if path.endswith(CHAT):
                return HTTPStatus.OK, self._completion(body)
        except GraphMemError as exc:
            self._problem = self._problem or exc
            return HTTPStatus.BAD_REQUEST, {"error": {"message": str(exc), "type": type(exc).__name__}}
        return HTTPStatus.NOT_FOUND, {"error": {"message": f"{path} is not served here", "type": "NotFound"}}

    def _completion(self, body: dict[str, Any]) -> Mapping[str, Any]:
        body.pop("stream", None)
        asked = int(CAUTION * self._parts.tokens(json.dumps(body))) + OVERHEAD
        with self._parts.room(self.model, asked, _most(body)):
            return self._asked(body)

    def _asked(self, body: dict[str, Any]) -> Mapping[str, Any]:
        answer, calls, problem = self._chat.ask(body)
        usage = answer.get("usage") or {}
        if calls:
            self._book(
                self.model, calls, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            )
        if problem is not None:
            raise problem
        return answer

    def _vectors(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = body.get("input")
        texts = [given] if isinstance(given, str) else list(given or ())
        if not all(isinstance(text, str) for text in texts):
            raise ConfigError("A peer sent tokens to be embedded.", advice="The embedder of the run reads texts.")
        rows = self._embed([text or " " for text in texts])
        plain = body.get("encoding_format") != "base64"
        data = [
            {"object": "embedding", "index": place, "embedding": row.tolist() if plain else _packed(row)}
            for place, row in enumerate(rows)
        ]
        tokens = sum(map(self._parts.tokens, texts))
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": body.get("model", _DEFAULT_MODEL), "usage": usage}

    def _embed(self, texts: list[str]) -> Any:
        with self._lock:
            if not self._paid:
                return self._embedder.embed(texts)
            meter: Any = self._embedder.meter  # type: ignore[attr-defined]
            name = str(self._embedder.model)  # type: ignore[attr-defined]
            before = meter.calls, meter.prompt_tokens
            with self._parts.room(name, int(CAUTION * sum(map(self._parts.tokens, texts))), 0):
                try:
                    return self._embedder.embed(texts)
                finally:
                    if meter.calls > before[0]:
                        self._book(name, meter.calls - before[0], meter.prompt_tokens - before[1], 0)

    def _book(self, model: str, calls: int, asked: int, answered: int) -> None:
        stage, conversation, question = self._bill
        self._parts.spend(
            Spent(
                stage=stage,
                conversation=conversation,
                question_id=question,
                model=model,
                calls=calls,
                prompt_tokens=asked,
                completion_tokens=answered,
            )
        )


def _embedder(parts: Parts) -> tuple[Embedder, bool]:
    """The embedder, and whether its calls are booked here: the run's own books calls by thread, which these are not."""
    if parts.settings.embedder_kind in {"local", "hash"} or not hasattr(parts.embedder, "model"):
        return parts.embedder, False
    return assembly.embedding_model(parts.settings), True


def _most(body: Mapping[str, Any]) -> int:
    """Tokens that an answer may have."""
    given = body.get("max_completion_tokens") or body.get("max_tokens")
    return int(given) if isinstance(given, int) else UNSAID


def _packed(row: Any) -> str:
    return base64.b64encode(np.asarray(row, dtype="<f4").tobytes()).decode()


class _Upstream:
    """The chat model of the run, asked with whatever body a peer makes."""

    def __init__(self, settings: Settings) -> None:
        self._where, self.model = _chat_endpoint(settings)
        self._limiter = limiter_for(self._where.base_url, self._where.api_key, settings.llm_max_concurrency)
        self._client = _client(self._where, settings.llm_timeout)

    def ask(self, body: dict[str, Any]) -> tuple[Mapping[str, Any], int, ModelError | None]:
        """(answer, requests that were answered, what went wrong)."""
        import openai

        calls = 0

        def once() -> Mapping[str, Any]:
            nonlocal calls
            with translated(self._where, self.model, "llm"):
                try:
                    answer = self._client.post(CHAT, cast_to=object, body={**body, "model": self.model})
                except openai.APIStatusError:
                    calls += 1
                    raise
                calls += 1
                return dict(answer)

        try:
            check_allowed(self._where.base_url)
            return self._limiter.call(once, tries=TRIES), calls, None
        except ModelError as exc:
            return {}, calls, exc

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _chat_endpoint(settings: Settings) -> tuple[Endpoint, str]:
    """Where the settings say that the chat model is, and its name."""
    name, model = settings.llm_name, settings.llm_model or settings.extract_model
    if name is None or model is None:
        raise ConfigError(
            "Other memories need a chat model.", advice="Set GRAPHMEM_LLM_PROVIDER and GRAPHMEM_LLM_MODEL."
        )
    known = PROVIDERS.get(name)
    key = settings.llm_key(known.key_variable if known else None)
    return endpoint(name, settings.llm_base_url, None if key is None else key.get_secret_value()), model


def _client(where: Endpoint, timeout: float) -> Any:
    import openai

    headers = {"api-key": where.api_key} if where.provider == "azure" else None
    return openai.OpenAI(
        base_url=where.base_url,
        api_key=where.api_key or "none",
        default_headers=headers,
        timeout=timeout,
        max_retries=0,
    )


def _handler(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if self.headers.get("Authorization") != f"Bearer {gateway.key}" or length > LONGEST_BODY:
                self.close_connection = True
                self._send(HTTPStatus.UNAUTHORIZED, {"error": {"message": "wrong key", "type": "Unauthorized"}})
                return
            body = json.loads(self.rfile.read(length))
            self._send(*gateway.answer(self.path, body))

        def _send(self, status: HTTPStatus, document: Mapping[str, Any]) -> None:
            sent = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
