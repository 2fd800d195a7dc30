"""The models that ship for tests."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from graphmem.errors import ModelReplyError, ModelUnavailable
from graphmem.models.contracts import ExtractionRequest, Prompt, Reply
from graphmem.models.scripted import (
    FailingEmbedder,
    FailingExtractor,
    FailingLLM,
    HashEmbedder,
    ScriptedExtractor,
    ScriptedLLM,
)
from graphmem.values import Draft, FactDraft, MessageRecord, Scope

PROMPT = Prompt(task="answer", system="s" * 40, user="u" * 40)
NOON = datetime(2024, 5, 8, 12, tzinfo=UTC)


def request(*texts: str) -> ExtractionRequest:
    messages = tuple(
        MessageRecord(
            id=f"x{i}", episode_id="e", position=i, conversation="c", scope=Scope(user_id="u"), role="user",
            speaker="Ann", content=text, timestamp=NOON,
        )
        for i, text in enumerate(texts)
    )  # fmt: skip
    return ExtractionRequest(messages=messages, at=NOON)


def test_replies_come_from_a_list_in_order():
    """Strings, whole replies and errors; prompts are recorded."""
    llm = ScriptedLLM(["one", Reply(text="two", calls=3), ModelUnavailable("down")])

    assert "one" == llm.complete(PROMPT).text
    assert 3 == llm.complete(PROMPT).calls
    with pytest.raises(ModelUnavailable):
        llm.complete(PROMPT)
    with pytest.raises(ModelReplyError, match="no more replies"):
        llm.complete(PROMPT)
    assert [PROMPT] * 4 == llm.prompts


def test_replies_come_from_a_function():
    """Of the prompt; tokens are estimated at four characters each."""
    reply = ScriptedLLM(lambda prompt: prompt.user[:8]).complete(PROMPT)

    assert ("u" * 8, 20, 2) == (reply.text, reply.prompt_tokens, reply.completion_tokens)


def test_hash_vectors_follow_the_words():
    """Equal words, equal vectors; shared words, nearer; nothing in, nothing out."""
    embedder = HashEmbedder(128)
    same, upper, near, far = embedder.embed(["red apple pie", "RED apple PIE!", "red apple", "quantum physics"])

    assert np.allclose(same, upper)
    assert same @ near > same @ far
    assert ((0, 128), "hash-1:128:l2", 128) == (embedder.embed([]).shape, embedder.fingerprint, embedder.dimensions)
    assert 1 == embedder.calls


def test_hash_vectors_have_length_one():
    """Also of texts without any word, and of lone surrogates."""
    vectors = HashEmbedder().embed(["", "!!!", "a \ud800 b", "x " * 1000])

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0)


def test_hash_vectors_are_the_same_in_every_process():
    """Python's own string hash is salted; this one is not."""
    code = "from graphmem.models.scripted import HashEmbedder; print(HashEmbedder(32).embed(['a b c'])[0].tolist())"
    command = [sys.executable, "-c", code]
    outputs = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}

    assert 1 == len(outputs)


def test_a_scripted_extractor_answers_from_its_script():
    """A list, a function, or each message word for word."""
    draft = Draft(facts=(FactDraft(text="Ann likes tea", message=0),))
    listed = ScriptedExtractor([draft, ModelUnavailable("down")])

    assert draft == listed.extract(request("hi"))
    with pytest.raises(ModelUnavailable):
        listed.extract(request("hi"))
    assert Draft() == listed.extract(request("hi"))
    assert draft == ScriptedExtractor(lambda _: draft).extract(request("hi"))
    assert ["a", "b"] == [fact.text for fact in ScriptedExtractor().extract(request("a", " ", "b")).facts]


def test_faults_strike_on_the_chosen_calls():
    """And on every call when none is chosen."""
    llm = FailingLLM(ScriptedLLM(lambda _: "ok"), on_calls=[2])
    assert "ok" == llm.complete(PROMPT).text
    with pytest.raises(ModelUnavailable):
        llm.complete(PROMPT)
    assert "ok" == llm.complete(PROMPT).text
    llm.close()

    embedder = FailingEmbedder(HashEmbedder(8), fault=lambda: OSError("disk"))
    assert ("hash-1:8:l2", 8) == (embedder.fingerprint, embedder.dimensions)
    with pytest.raises(OSError, match="disk"):
        embedder.embed(["x"])
    embedder.close()

    with pytest.raises(ModelUnavailable):
        FailingExtractor(ScriptedExtractor()).extract(request("x"))
    assert 1 == len(FailingExtractor(ScriptedExtractor(), on_calls=[9]).extract(request("x")).facts)
