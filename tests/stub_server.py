"""A real HTTP server that speaks the OpenAI protocol: for tests of the client, and for benchmarks with latency.

    with StubServer(chat=lambda body: '{"facts": []}', chat_latency=0.3) as stub:
        OpenAIChat("any", provider="custom", base_url=stub.base_url)

It counts what it sees (`stub.seen`), so that a client's own counts can be compared with the other side's.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from graphmem.models.scripted import HashEmbedder, estimated_tokens

Json = dict[str, Any]
Accepts = Literal["schema", "json", "text"]


@dataclass(frozen=True)
class Answer:
    """One scripted answer. `raw` replaces the whole body; `status` above 299 makes it an error."""

    text: str | None = ""
    status: int = 200
    finish_reason: str = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = "scripted error"
    raw: bytes | None = None
    delay: float = 0.0
    message: Mapping[str, Any] = field(default_factory=dict)
    """More fields of the message, such as `refusal` or `tool_calls`."""


@dataclass
class Seen:
    """What arrived, and the tokens that were reported for it."""

    chat_calls: int = 0
    embedding_calls: int = 0
    embedding_texts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    most_at_once: int = 0
    bodies: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """All requests."""
        return self.chat_calls + self.embedding_calls


Chat = Callable[[Json], "str | Answer"]


class StubServer:
    """Serves `/v1/chat/completions` and `/v1/embeddings` on a free port of this machine.

    `chat`: answers in order, or a function of the request's body; the last answer of a list repeats.
    `accepts`: a request with a `response_format` beyond it is refused with status 400, as real servers do.
    `refuses`: further parameters that are refused by name.
    `faults`: answers given first, one a request of either kind, before anything else.
    Latencies are in seconds. `keep` stores bodies and headers; turn it off in long runs.
    """

    def __init__(
        self,
        chat: Iterable[str | Answer] | Chat = ("{}",),
        *,
        accepts: Accepts = "schema",
        refuses: Iterable[str] = (),
        faults: Iterable[Answer] = (),
        dimensions: int = 64,
        embed: Callable[[list[str]], list[list[float]]] | None = None,
        chat_latency: float = 0.0,
        embedding_latency: float = 0.0,
        keep: bool = True,
    ) -> None:
        self._chat = chat if callable(chat) else _in_order(list(chat))
        self._embed = embed or _hashed(dimensions)
        self.accepts, self.refuses, self.faults = accepts, tuple(refuses), list(faults)
        self.chat_latency, self.embedding_latency, self.keep = chat_latency, embedding_latency, keep
        self.seen = Seen()
        self._running = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """The address to give a client."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> StubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def respond(self, path: str, body: Json, headers: Mapping[str, str]) -> tuple[Answer, bytes]:
        """The answer to one request and its body, counted."""
        is_chat = path.endswith("/chat/completions")
        with self._lock:
            self._arrived(body, headers, is_chat=is_chat)
            fault = self.faults.pop(0) if self.faults else None
        try:
            answer, content = self._answer(path, body, fault)
            time.sleep(answer.delay or (self.chat_latency if is_chat else self.embedding_latency))
            return answer, content
        finally:
            with self._lock:
                self._running -= 1

    def _arrived(self, body: Json, headers: Mapping[str, str], *, is_chat: bool) -> None:
        seen = self.seen
        seen.chat_calls += is_chat
        seen.embedding_calls += not is_chat
        self._running += 1
        seen.most_at_once = max(seen.most_at_once, self._running)
        if self.keep:
            seen.bodies.append(body)
            seen.headers.append({name.casefold(): value for name, value in headers.items()})

    def _answer(self, path: str, body: Json, fault: Answer | None) -> tuple[Answer, bytes]:
        refusal = fault or self._refusal(body)
        if refusal is not None and (refusal.status > 299 or refusal.raw is not None):
            return refusal, refusal.raw if refusal.raw is not None else _error(refusal)
        if path.endswith("/embeddings"):
            return Answer(), self._embeddings(body)
        if not path.endswith("/chat/completions"):
            missing = Answer(status=404, error=f"no such address: {path}")
            return missing, _error(missing)
        given = refusal or self._chat(body)
        answer = Answer(given) if isinstance(given, str) else given
        if answer.raw is not None or answer.status > 299:
            return answer, answer.raw if answer.raw is not None else _error(answer)
        return answer, self._completion(body, answer)

    def _refusal(self, body: Json) -> Answer | None:
        for name in self.refuses:
            if name in body or name in json.dumps(body.get("response_format", "")):
                return Answer(status=400, error=f"Unsupported parameter: '{name}' is not supported with this model.")
        kind = (body.get("response_format") or {}).get("type")
        allowed = {"schema": {None, "json_schema", "json_object"}, "json": {None, "json_object"}, "text": {None}}
        if kind not in allowed[self.accepts]:
            return Answer(status=400, error=f"response_format of type {kind} is not supported")
        return None

    def _usage(self, asked: int, answered: int = 0) -> Json:
        with self._lock:
            self.seen.prompt_tokens += asked
            self.seen.completion_tokens += answered
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}

    def _completion(self, body: Json, answer: Answer) -> bytes:
        asked = sum(estimated_tokens(str(message["content"])) for message in body["messages"])
        asked += estimated_tokens(json.dumps(body["response_format"])) if "response_format" in body else 0
        message = {"role": "assistant", "content": answer.text, **answer.message}
        return json.dumps(
            {
                "id": "stub",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason}],
                "usage": self._usage(asked, estimated_tokens(answer.text or "")),
            }
        ).encode()

    def _embeddings(self, body: Json) -> bytes:
        texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
        with self._lock:
            self.seen.embedding_texts += len(texts)
        vectors: list[Any] = self._embed(texts)
        if body.get("encoding_format") == "base64":
            vectors = [base64.b64encode(array("f", vector).tobytes()).decode() for vector in vectors]
        # Backwards: a client must order by `index`, not by place.
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)][::-1]
        usage = self._usage(sum(map(estimated_tokens, texts)))
        return json.dumps({"object": "list", "data": data, "model": body["model"], "usage": usage}).encode()


def _in_order(answers: list[str | Answer]) -> Chat:
    lock = threading.Lock()

    def next_answer(_: Json) -> str | Answer:
        with lock:
            return answers.pop(0) if len(answers) > 1 else answers[0]

    return next_answer


def _hashed(dimensions: int) -> Callable[[list[str]], list[list[float]]]:
    embedder = HashEmbedder(dimensions)

    def embed(texts: list[str]) -> list[list[float]]:
        # Not of length 1, as many servers' vectors are not.
        return [[2.0 * float(x) for x in row] for row in embedder.embed(texts)]

    return embed


def _error(answer: Answer) -> bytes:
    return json.dumps({"error": {"message": answer.error, "type": "stub", "code": None}}).encode()


def _handler(stub: StubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write a response: headers and body in two packets cost 40 ms by Nagle's algorithm
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            answer, content = stub.respond(self.path, body, self.headers)
            try:
                self.send_response(answer.status)
                for name, value in {"content-type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
