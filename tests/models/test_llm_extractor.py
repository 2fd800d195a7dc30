"""The extractor that asks a chat model: second questions, halves, and what they cost."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from graphmem.errors import ModelRefused, ModelReplyError, ModelUnavailable
from graphmem.models.contracts import ExtractionRequest, Prompt, Reply, UsesLLM
from graphmem.models.journal import JournalledLLM
from graphmem.models.llm_extractor import MAX_CHARACTERS, LLMExtractor
from graphmem.models.openai import OpenAIChat
from graphmem.models.scripted import ScriptedLLM
from graphmem.values import MessageRecord, Scope
from tests.stub_server import Answer, StubServer

NOON = datetime(2024, 5, 8, 12, tzinfo=UTC)


def message(content: str, index: int = 0, role: str = "user") -> MessageRecord:
    return MessageRecord(
        id=f"id-{index}", episode_id="e", position=index, conversation="c", scope=Scope(user_id="ann"), role=role,
        speaker="Ann", content=content, timestamp=NOON,
    )  # fmt: skip


def request(*contents: str, **options) -> ExtractionRequest:
    messages = tuple(message(content, index) for index, content in enumerate(contents))
    return ExtractionRequest(messages=messages, participants=("Ann",), at=NOON, **options)


def echo(user: str) -> str:
    """A model that takes every sentence of every message as a fact."""
    facts = []
    for index, content in re.findall(r"^(m\d+) \[[^]]*\] Ann \(user\): (.*)$", user, re.MULTILINE):
        facts += [
            {"message": index, "quote": sentence, "text": f"Ann says: {sentence}", "subject": "Ann"}
            for sentence in re.findall(r"[^.]+\.", content)
        ]
    return json.dumps({"entities": [{"name": "Ann", "type": "Person"}], "facts": facts})


def sentences(count: int, start: int = 0) -> str:
    return " ".join(f"Fact number {n} is worth keeping in mind for a long time." for n in range(start, start + count))


def cut_above(limit: int):
    """A model whose replies are cut off when they would be longer than `limit` characters."""

    def complete(prompt: Prompt) -> Reply:
        text = echo(prompt.user)
        return Reply(text=text[:limit], truncated=len(text) > limit, prompt_tokens=10, completion_tokens=5)

    return complete


def test_one_question_for_all_messages():
    """Facts with the index of their message, and the cost of the one call."""
    llm = ScriptedLLM(lambda prompt: echo(prompt.user))
    draft = LLMExtractor(llm).extract(request("I like tea. I own a boat.", "Ok.", "I live in Rome."))

    assert [0, 0, 1, 2] == [fact.message for fact in draft.facts]
    assert (1, 1) == (draft.usage.model_calls, len(llm.prompts))
    assert draft.usage.prompt_tokens > 100


@pytest.mark.parametrize("contents", [("",), ("  ", "!?"), ()])
def test_nothing_said_is_no_question(contents):
    """Blank messages cost nothing."""
    llm = ScriptedLLM()

    assert () == LLMExtractor(llm).extract(request(*contents)).facts
    assert [] == llm.prompts


def test_the_assistant_alone_is_no_question():
    """Unless its facts are wanted."""
    llm = ScriptedLLM(['{"facts": []}'])
    asked = ExtractionRequest(messages=(message("Hello Ann.", role="assistant"),), at=NOON)
    LLMExtractor(llm).extract(asked)
    assert [] == llm.prompts

    LLMExtractor(llm).extract(asked.model_copy(update={"include_assistant": True}))
    assert 1 == len(llm.prompts)


@pytest.mark.parametrize("bad", ["", "Sorry, no.", '{"facts": [{"text": "An', '{"properties": {}}'])
def test_an_unreadable_reply_is_asked_for_once_more(bad):
    """With the problem named; both calls are counted."""
    llm = ScriptedLLM([bad, echo("m1 [x] Ann (user): I like tea.")])
    draft = LLMExtractor(llm).extract(request("I like tea."))

    assert (1, 2) == (len(draft.facts), draft.usage.model_calls)
    assert "could not be used" not in llm.prompts[0].user
    assert "could not be used" in llm.prompts[1].user


def test_two_unreadable_replies_are_an_error():
    """Never half a reading, never an empty success."""
    llm = ScriptedLLM(["no", "no again", "unused"])
    with pytest.raises(ModelReplyError, match="Two replies"):
        LLMExtractor(llm).extract(request("I like tea."))

    assert 2 == len(llm.prompts)


@pytest.mark.parametrize("fault", [ModelUnavailable("down"), ModelRefused("key")])
def test_other_failures_are_passed_on_at_once(fault):
    """The model has done its own waiting."""
    llm = ScriptedLLM([fault, "unused"])
    with pytest.raises(type(fault)):
        LLMExtractor(llm).extract(request("I like tea."))

    assert 1 == len(llm.prompts)


def test_a_model_that_raises_for_an_empty_reply_is_asked_again():
    """An empty reply and an unreadable one are the same to the caller."""
    llm = ScriptedLLM([ModelReplyError("empty"), echo("m1 [x] Ann (user): I like tea.")])

    assert 1 == len(LLMExtractor(llm).extract(request("I like tea.")).facts)


def test_a_cut_reply_leads_to_two_halves():
    """Every fact of both halves, with the index in the whole request; all calls summed."""
    texts = [sentences(3, start=3 * n) for n in range(4)]
    draft = LLMExtractor(ScriptedLLM(cut_above(1500))).extract(request(*texts))

    assert [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 == [fact.message for fact in draft.facts]
    assert (3, 30) == (draft.usage.model_calls, draft.usage.prompt_tokens)


def test_the_second_half_sees_the_first_as_context():
    """Pronouns still have something to point at."""
    llm = ScriptedLLM(cut_above(1200))
    LLMExtractor(llm).extract(request(sentences(4), sentences(4, start=50)))

    assert "Earlier:" in llm.prompts[2].user
    assert "Fact number 0" in llm.prompts[2].user


def test_one_long_message_is_cut_between_sentences():
    """Down to pieces whose replies fit; no sentence is lost or halved."""
    draft = LLMExtractor(ScriptedLLM(cut_above(1200))).extract(request(sentences(32)))

    assert [f"Fact number {n}" for n in range(32)] == [fact.quote[: len(f"Fact number {n}")] for n, fact in
                                                       enumerate(draft.facts)]  # fmt: skip
    assert {0} == {fact.message for fact in draft.facts}


def test_a_short_message_that_is_cut_every_time_is_an_error():
    """Splitting ends."""
    llm = ScriptedLLM(lambda _: Reply(text="{", truncated=True))
    with pytest.raises(ModelReplyError, match="cut off"):
        LLMExtractor(llm).extract(request("I like tea."))

    assert 1 == len(llm.prompts)


def test_very_long_input_is_split_before_it_is_asked():
    """200 kB in one message: no prompt is larger than a model takes."""
    text = sentences(3500)
    llm = ScriptedLLM(lambda prompt: echo(prompt.user))
    draft = LLMExtractor(llm).extract(request(text))

    assert len(text) > 200_000
    assert 3500 == len(draft.facts)
    assert max(len(prompt.user) for prompt in llm.prompts) < MAX_CHARACTERS + 200


def test_text_without_sentences_can_be_split():
    """By spaces, or anywhere."""
    llm = ScriptedLLM(lambda prompt: Reply(text="{", truncated=True) if len(prompt.user) > 900 else '{"facts": []}')

    assert () == LLMExtractor(llm).extract(request("word " * 400, "x" * 3000)).facts


def test_a_journalled_model_can_take_the_place():
    """The engine passes one an episode."""
    extractor = LLMExtractor(ScriptedLLM())
    other = extractor.with_llm(ScriptedLLM(lambda prompt: echo(prompt.user)))

    assert isinstance(extractor, UsesLLM)
    assert 1 == len(other.extract(request("I like tea.")).facts)


class Kept:
    """The journal of a ledger, in memory."""

    def __init__(self) -> None:
        self.replies: dict[tuple[str, str], Reply] = {}

    def reply(self, episode_id: str, key: str) -> Reply | None:
        return self.replies.get((episode_id, key))

    def journal(self, episode_id: str, key: str, reply: Reply) -> None:
        self.replies[episode_id, key] = reply


def test_a_replay_from_the_journal_costs_nothing():
    """Also when a reply had been cut off and split."""
    kept, llm = Kept(), ScriptedLLM(cut_above(1500))
    asked = request(*[sentences(3, start=3 * n) for n in range(4)])
    first, again = (LLMExtractor(JournalledLLM(llm, kept, "e1")).extract(asked) for _ in "ab")

    assert first.facts == again.facts
    assert (3, 0, 3) == (first.usage.model_calls, again.usage.model_calls, len(llm.prompts))


def test_a_retry_after_bad_replies_asks_anew():
    """A failed episode does not fail for ever on what is in its journal."""
    kept = Kept()
    llm = ScriptedLLM(["bad", "bad", echo("m1 [x] Ann (user): I like tea.")])
    with pytest.raises(ModelReplyError):
        LLMExtractor(JournalledLLM(llm, kept, "e1")).extract(request("I like tea."))

    assert 1 == len(LLMExtractor(JournalledLLM(llm, kept, "e1")).extract(request("I like tea.")).facts)


@pytest.mark.parametrize("accepts", ["schema", "json", "text"])
def test_over_http_the_counts_are_those_of_the_server(accepts):
    """The whole way: prompt, request, retry, halves, facts."""
    answers = iter([Answer("not json"), None, Answer('{"fac', finish_reason="length"), None, None])

    def chat(body: dict) -> str | Answer:
        return next(answers) or echo(body["messages"][1]["content"])

    with StubServer(chat, accepts=accepts) as stub:
        extractor = LLMExtractor(OpenAIChat("m", provider="custom", base_url=stub.base_url))
        drafts = [extractor.extract(request("I like tea. I own a boat.", "I live in Rome.")) for _ in "ab"]

        assert [3, 3] == [len(draft.facts) for draft in drafts]
        assert stub.seen.chat_calls == sum(draft.usage.model_calls for draft in drafts)
        assert stub.seen.prompt_tokens == sum(draft.usage.prompt_tokens for draft in drafts)
        assert stub.seen.completion_tokens == sum(draft.usage.completion_tokens for draft in drafts)
        assert stub.seen.prompt_tokens / stub.seen.chat_calls < 1500
