"""The OpenAI client against a real HTTP server."""

from __future__ import annotations

import json
import logging
import threading

import numpy as np
import pytest

from graphmem.errors import ConfigError, ModelRefused, ModelReplyError, ModelUnavailable
from graphmem.models.contracts import Prompt
from graphmem.models.guard import forbid_real_models
from graphmem.models.limiter import Limiter, limiter_for
from graphmem.models.openai import OpenAIChat, OpenAIEmbedder
from graphmem.models.providers import PROVIDERS, endpoint
from tests.stub_server import Answer, StubServer

SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 9}},
    "required": ["word"],
    "additionalProperties": False,
}
ASK = Prompt(task="extract", system="Say a word.", user="Now.", json_schema=SCHEMA)
WORD = '{"word": "yes"}'
KEY = "sk-very-secret-1234567890"


class Pauses(list):
    """A sleep that only notes how long it was asked to be, on a clock that it moves."""

    now = 0.0

    def __call__(self, seconds):
        self.append(seconds)
        self.now += seconds


def quick(pauses=None, concurrency=8):
    """A limiter that never really waits."""
    pauses = pauses if pauses is not None else Pauses()
    return Limiter(concurrency, sleep=pauses, clock=lambda: pauses.now, jitter=lambda: 0.0)


def chat(stub, **options):
    options = {"limiter": quick(), "api_key": KEY, **options}
    return OpenAIChat("stub-model", provider="custom", base_url=stub.base_url, **options)


def embedder(stub, **options):
    options = {"limiter": quick(), "api_key": KEY, **options}
    return OpenAIEmbedder("stub-embed", provider="custom", base_url=stub.base_url, **options)


@pytest.mark.parametrize(("accepts", "first_calls"), [("schema", 1), ("json", 2), ("text", 3)])
def test_the_best_mode_of_the_server_is_found_and_remembered(accepts, first_calls):
    """Schema, else JSON mode, else plain text; the second prompt costs one request in each."""
    with StubServer([WORD], accepts=accepts) as stub:
        model = chat(stub)
        first, second = model.complete(ASK), model.complete(ASK)

        assert (WORD, first_calls, 1) == (first.text, first.calls, second.calls)
        assert first_calls + 1 == stub.seen.chat_calls
        sent = stub.seen.bodies[-1]
        expected = {"schema": "json_schema", "json": "json_object", "text": None}[accepts]
        assert expected == sent.get("response_format", {}).get("type")
        assert (accepts != "schema") == ('"word"' in sent["messages"][0]["content"])


@pytest.mark.parametrize("accepts", ["schema", "json", "text"])
def test_counts_equal_what_the_server_saw(accepts):
    """Calls and tokens, in every mode and with retries in between."""
    faults = [Answer(status=500), Answer(status=429, headers={"retry-after": "1"})]
    with StubServer([WORD], accepts=accepts, faults=faults) as stub:
        model = chat(stub)
        replies = [model.complete(ASK.model_copy(update={"user": f"Number {n}"})) for n in range(5)]

        assert stub.seen.chat_calls == sum(reply.calls for reply in replies) == model.meter.calls
        assert stub.seen.prompt_tokens == sum(reply.prompt_tokens for reply in replies) == model.meter.prompt_tokens
        assert stub.seen.completion_tokens == sum(reply.completion_tokens for reply in replies)


@pytest.mark.parametrize(
    ("refused", "check"),
    [
        ("temperature", lambda body: "temperature" not in body),
        ("max_tokens", lambda body: body["max_completion_tokens"] == 2000),
        ("maxLength", lambda body: "maxLength" not in json.dumps(body) and "json_schema" in json.dumps(body)),
    ],
)
def test_a_parameter_that_the_server_refuses_is_left_out(refused, check):
    """And only that one: the structured mode stays."""
    with StubServer([WORD], refuses=[refused]) as stub:
        model = chat(stub)
        reply = model.complete(ASK)

        assert (WORD, 2) == (reply.text, reply.calls)
        assert check(stub.seen.bodies[-1])
        assert 1 == model.complete(ASK).calls


def test_a_reply_longer_than_the_model_gives_is_not_asked_for():
    """The limit is halved until the server takes it, and remembered."""
    refused = Answer(status=400, error="max_tokens is too large: 8000. This model supports at most 4096 tokens.")
    with StubServer([WORD], faults=[refused]) as stub:
        model = chat(stub)
        long = ASK.model_copy(update={"max_tokens": 8000})
        calls = [model.complete(long).calls for _ in "ab"]

        assert [2, 1] == calls
        assert [8000, 4096, 4096] == [body["max_tokens"] for body in stub.seen.bodies]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "nan"}, 0.25),
        ({"retry-after": "soon"}, 0.25),
    ],
)
def test_every_form_of_retry_after_is_read(headers, pause):
    """Milliseconds, dates; nonsense counts as absent."""
    pauses = Pauses()
    with StubServer([WORD], faults=[Answer(status=503, headers=headers)]) as stub:
        chat(stub, limiter=quick(pauses)).complete(ASK)

    assert [pause] == (pauses or [0.0])


def test_text_in_parts_is_joined():
    """Some servers answer with a list of parts."""
    parts = [{"type": "text", "text": '{"word": '}, {"type": "text", "text": '"yes"}'}]
    with StubServer([Answer(WORD, message={"content": parts})]) as stub:
        assert WORD == chat(stub).complete(ASK).text


def test_a_server_that_accepts_nothing_is_refused_in_the_end():
    """Each form is tried, and no more."""
    with StubServer([Answer(status=400, error="temperature max_tokens")]) as stub, pytest.raises(ModelRefused):
        chat(stub).complete(ASK)

    assert 6 == stub.seen.calls


def test_a_single_task_can_have_a_model_of_its_own():
    """The others keep the default."""
    with StubServer([WORD]) as stub:
        model = chat(stub, models={"resolve": "big"})
        model.complete(ASK)
        model.complete(ASK.model_copy(update={"task": "resolve"}))

        assert ["stub-model", "big"] == [body["model"] for body in stub.seen.bodies]


def test_a_pause_that_the_server_asks_for_is_made():
    """Retry-After in seconds, then the request goes through."""
    pauses = Pauses()
    with StubServer([WORD], faults=[Answer(status=429, headers={"Retry-After": "7"})]) as stub:
        reply = chat(stub, limiter=quick(pauses)).complete(ASK)

        assert (WORD, 2) == (reply.text, reply.calls)
        assert [7.0] == pauses


def test_tries_are_bounded_and_back_off_doubles():
    """A server that stays broken is unavailable after five tries."""
    pauses = Pauses()
    with StubServer(faults=[Answer(status=503)] * 9) as stub, pytest.raises(ModelUnavailable, match="503"):
        chat(stub, limiter=quick(pauses)).complete(ASK)

    assert 5 == stub.seen.calls
    assert [0.25, 0.5, 1.0, 2.0] == pauses


def test_a_very_long_pause_is_not_made():
    """Retry-After of an hour is an error at once."""
    fault = Answer(status=429, headers={"Retry-After": "3600"})
    with StubServer(faults=[fault] * 3) as stub, pytest.raises(ModelUnavailable):
        chat(stub).complete(ASK)

    assert 1 == stub.seen.calls


@pytest.mark.parametrize(
    ("fault", "error", "advice"),
    [
        (Answer(status=401, error=f"Incorrect API key provided: {KEY}"), ModelRefused, "llm_api_key"),
        (Answer(status=403, error=f"no {KEY}"), ModelRefused, "llm_model"),
        (Answer(status=404), ModelRefused, "llm_model"),
        (Answer(status=402), ModelRefused, "account"),
        (Answer(status=429, error="insufficient_quota"), ModelRefused, "billing"),
        (Answer(status=400, error="bad thing"), ModelRefused, "llm_model"),
        (Answer(status=500, error=f"crash {KEY}"), ModelUnavailable, "Try again"),
        (Answer(raw=b"<html>Bad gateway</html>", headers={"content-type": "text/html"}), ModelReplyError, "/v1"),
        (Answer(raw=b'{"choices": '), ModelReplyError, "/v1"),
        (Answer(raw=b"{}"), ModelReplyError, "again"),
        (Answer(raw=b'{"choices": []}'), ModelReplyError, "again"),
        (Answer(raw=b"[1, 2]"), ModelReplyError, "/v1"),
        (Answer(text=""), ModelReplyError, "another model"),
        (Answer(text=None), ModelReplyError, "another model"),
        (Answer(text=None, message={"refusal": "I cannot"}), ModelReplyError, "Rephrase"),
        (Answer(text="x", finish_reason="content_filter"), ModelReplyError, "Rephrase"),
    ],
)
def test_every_failure_is_a_typed_error_that_says_what_to_do(fault, error, advice):
    """And never shows the key, not even in the chain of causes."""
    with StubServer([fault]) as stub, pytest.raises(error, match=advice) as caught:
        chat(stub).complete(ASK)

    link: BaseException | None = caught.value
    while link is not None:
        assert KEY not in f"{link} {link!r}"
        link = link.__cause__


def test_a_server_that_is_down_or_slow_is_unavailable():
    """Nobody listens, or the answer takes longer than the timeout."""
    with StubServer() as stub:
        pass
    with pytest.raises(ModelUnavailable, match="llm_base_url"):
        chat(stub, tries=2).complete(ASK)
    with StubServer([Answer(WORD, delay=2.0)]) as slow, pytest.raises(ModelUnavailable, match="llm_timeout"):
        chat(slow, tries=1, timeout=0.2).complete(ASK)


def test_a_reply_cut_at_the_token_limit_says_so():
    """Also when nothing of it came."""
    with StubServer([Answer('{"wor', finish_reason="length"), Answer("", finish_reason="length")]) as stub:
        model = chat(stub)

        assert [(True, '{"wor'), (True, "")] == [(r.truncated, r.text) for r in (model.complete(ASK) for _ in "ab")]


def test_a_prompt_longer_than_the_context_counts_as_cut_off():
    """So that the caller splits it."""
    fault = Answer(status=400, error="This model's maximum context length is 8192 tokens")
    with StubServer([fault]) as stub:
        reply = chat(stub).complete(ASK)

        assert ("", True, 1) == (reply.text, reply.truncated, reply.calls)


@pytest.mark.parametrize(("content", "text"), [({"facts": []}, '{"facts": []}'), (True, "true"), (7, "7")])
def test_a_value_in_place_of_text_is_read(content: object, text: str):
    """Some servers send the value that was asked for, not its text."""
    with StubServer([Answer(None, message={"content": content})]) as stub:
        assert text == chat(stub).complete(ASK).text


def test_a_body_of_nothing_but_brackets_is_refused():
    """However deep they go."""
    with StubServer([Answer(raw=b"[" * 20_000)]) as stub, pytest.raises(ModelReplyError, match="something else"):
        chat(stub).complete(ASK)


def test_a_tool_call_in_place_of_text_is_read():
    """Some servers answer a schema that way."""
    call = {"id": "1", "type": "function", "function": {"name": "reply", "arguments": WORD}}
    with StubServer([Answer(None, message={"tool_calls": [call]})]) as stub:
        assert WORD == chat(stub).complete(ASK).text


def test_a_plain_text_prompt_is_sent_without_a_format():
    """json_schema=None asks for text."""
    with StubServer(["hello"]) as stub:
        reply = chat(stub).complete(Prompt(task="answer", system="s", user="u"))

        assert "hello" == reply.text
        assert "response_format" not in stub.seen.bodies[0]


def test_no_more_requests_at_once_than_the_limiter_lets_through():
    """Twelve threads, three slots."""
    with StubServer([WORD], chat_latency=0.02) as stub:
        model = chat(stub, limiter=Limiter(3))
        threads = [threading.Thread(target=model.complete, args=(ASK,)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (12, True) == (stub.seen.chat_calls, stub.seen.most_at_once <= 3)


def test_models_of_one_account_share_a_limiter():
    """And those of another key do not."""
    assert limiter_for("http://a", "k") is limiter_for("http://a", "k", 2)
    assert limiter_for("http://a", "k") is not limiter_for("http://a", "other")


def test_embeddings_come_in_order_and_normalised():
    """However the server orders and scales them."""
    texts = ["red apple", "green pear", "red apple"]
    with StubServer() as stub:
        model = embedder(stub)
        vectors = model.embed(texts)

        assert (3, 64) == vectors.shape
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)
        assert np.allclose(vectors[0], vectors[2])
        assert not np.allclose(vectors[0], vectors[1])
        assert ("custom:stub-embed:default:l2", 64) == (model.fingerprint, model.dimensions)
        assert 1 == stub.seen.embedding_calls == model.meter.calls
        assert stub.seen.prompt_tokens == model.meter.prompt_tokens


def test_no_text_is_no_request():
    """An empty input has an empty answer."""
    with StubServer() as stub:
        assert (0, 7) == embedder(stub, dimensions=7).embed([]).shape
        assert 0 == stub.seen.calls


def test_embeddings_are_sent_in_batches():
    """At most 256 texts, and no more characters than a server takes."""
    with StubServer() as stub:
        model = embedder(stub)
        assert (600, 64) == model.embed([f"text {n}" for n in range(600)]).shape
        assert 3 == stub.seen.embedding_calls
        model.embed(["long " * 10_000] * 40)
        assert (3 + 3, True) == (
            stub.seen.embedding_calls,
            max(len(t) for body in stub.seen.bodies for t in body["input"]) <= 24_000,
        )


def test_strange_texts_can_be_embedded():
    """Empty, lone surrogates, NUL."""
    with StubServer() as stub:
        assert (3, 64) == embedder(stub).embed(["", "a \ud800 b", "x\x00y"]).shape
        assert " " == stub.seen.bodies[0]["input"][0]


def test_texts_of_too_many_tokens_are_cut_further():
    """Once; the answer still has a row a text."""
    fault = Answer(status=400, error="This model's maximum context length is 8192 tokens")
    with StubServer(faults=[fault]) as stub:
        assert (2, 64) == embedder(stub).embed(["語" * 20_000, "b"]).shape
        assert 6000 == len(stub.seen.bodies[1]["input"][0])


@pytest.mark.parametrize(
    "vectors",
    [[[1.0, 0.0]], [[1.0, 0.0], [1.0]], [[0.0, 0.0], [1.0, 0.0]], [[float("nan"), 1.0], [1.0, 0.0]], [[], []]],
)
def test_vectors_that_cannot_be_used_are_an_error(vectors):
    """Too few, of different lengths, zero, not finite, empty."""
    with StubServer(embed=lambda _: vectors) as stub, pytest.raises(ModelReplyError):
        embedder(stub).embed(["a", "b"])


def test_a_change_of_dimensions_is_an_error():
    """A server that swaps its model in mid-run cannot mix vectors."""
    lengths = iter([3, 4])
    with StubServer(embed=lambda texts: [[1.0] * next(lengths)] * len(texts)) as stub:
        model = embedder(stub)
        model.embed(["a"])
        with pytest.raises(ModelReplyError, match="embedding_model"):
            model.embed(["b"])


def test_real_models_can_be_forbidden():
    """Other hosts are refused before anything is sent; this machine is not."""
    with forbid_real_models(), StubServer([WORD]) as stub:
        assert WORD == chat(stub).complete(ASK).text
        with pytest.raises(ModelRefused, match="forbidden"):
            OpenAIChat("m", api_key=KEY).complete(ASK)


def test_the_table_of_providers_gives_address_and_key():
    """Local servers need no key; everything else says which setting is missing."""
    assert ("http://localhost:11434/v1", "") == endpoint("ollama")[1:]
    assert "https://proxy.example/v1" == endpoint("openai", "https://proxy.example/v1/").base_url
    for name, provider in PROVIDERS.items():
        if provider.key_variable and provider.base_url:
            with pytest.raises(ConfigError, match=provider.key_variable):
                endpoint(name)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("nobody",), "Known are"), (("custom",), "llm_base_url"), (("azure", "https://x", None), "llm_api_key"),
     (("custom", "localhost:80"), "http://")],
)  # fmt: skip
def test_a_provider_that_is_not_complete_is_a_config_error(arguments, named):
    """With the setting to fix."""
    with pytest.raises(ConfigError, match=named):
        endpoint(*arguments)


def test_keys_are_not_shown():
    """Neither in a repr nor in a log of the client."""
    where = endpoint("openai", api_key=KEY)

    assert KEY not in repr(where)


def test_keys_are_not_logged(caplog):
    """At the most talkative level of this package."""
    caplog.set_level(logging.DEBUG, logger="graphmem")
    with StubServer([WORD], faults=[Answer(status=500)]) as stub:
        chat(stub).complete(ASK)

    assert KEY not in caplog.text


def test_azure_sends_its_own_header():
    """Beside the bearer token that all others read."""
    with StubServer([WORD]) as stub:
        OpenAIChat("d", provider="azure", base_url=stub.base_url, api_key=KEY, limiter=quick()).complete(ASK)

        assert KEY == stub.seen.headers[0]["api-key"]


def test_a_client_can_be_closed_twice():
    """And used again."""
    with StubServer([WORD]) as stub:
        model = chat(stub)
        model.complete(ASK)
        model.close()
        model.close()
        assert WORD == model.complete(ASK).text
        model.close()
