"""Replies are kept before they are used."""

from __future__ import annotations

import pytest

from graphmem.errors import ModelUnavailable
from graphmem.models.contracts import Prompt, Reply
from graphmem.models.journal import JournalledLLM, Rejects, prompt_hash
from graphmem.models.scripted import ScriptedLLM

PROMPT = Prompt(task="extract", system="s", user="u", json_schema={"type": "object"})


class Kept:
    """The journal of a ledger, in memory; a second write to one key is refused, as a stricter ledger might."""

    def __init__(self) -> None:
        self.replies: dict[tuple[str, str], Reply] = {}

    def reply(self, episode_id: str, key: str) -> Reply | None:
        return self.replies.get((episode_id, key))

    def journal(self, episode_id: str, key: str, reply: Reply) -> None:
        assert (episode_id, key) not in self.replies
        self.replies[episode_id, key] = reply


def test_a_reply_is_paid_for_once():
    """The second time it comes from the journal and costs nothing."""
    kept, llm = Kept(), ScriptedLLM(["first"])
    first = JournalledLLM(llm, kept, "e1").complete(PROMPT)
    again = JournalledLLM(llm, kept, "e1").complete(PROMPT)

    assert ("first", 1) == (first.text, first.calls)
    assert ("first", 0, 0, 0) == (again.text, again.calls, again.prompt_tokens, again.completion_tokens)
    assert 1 == len(llm.prompts)


def test_a_reply_is_kept_before_it_is_used():
    """It is in the journal when the caller gets it."""
    kept = Kept()
    reply = JournalledLLM(ScriptedLLM(["text"]), kept, "e1").complete(PROMPT)

    assert [reply] == list(kept.replies.values())


def test_episodes_do_not_share_replies():
    """The same prompt of another episode asks the model."""
    kept, llm = Kept(), ScriptedLLM(["one", "two"])

    assert "one" == JournalledLLM(llm, kept, "e1").complete(PROMPT).text
    assert "two" == JournalledLLM(llm, kept, "e2").complete(PROMPT).text


def test_a_failure_is_not_kept():
    """The next try asks again."""
    kept = Kept()
    llm = JournalledLLM(ScriptedLLM([ModelUnavailable("down"), "up"]), kept, "e1")
    with pytest.raises(ModelUnavailable):
        llm.complete(PROMPT)

    assert {} == kept.replies
    assert "up" == llm.complete(PROMPT).text


def test_a_rejected_reply_never_comes_back():
    """Each rejection leads to a new question, also after a restart; nothing is overwritten."""
    kept, model = Kept(), ScriptedLLM(["bad", "worse", "good"])
    texts = []
    for _ in range(2):
        llm = JournalledLLM(model, kept, "e1")
        texts.append(llm.complete(PROMPT).text)
        llm.reject(PROMPT)
    texts += [JournalledLLM(model, kept, "e1").complete(PROMPT).text for _ in range(2)]

    assert ["bad", "worse", "good", "good"] == texts
    assert 3 == len(model.prompts)


def test_rejecting_nothing_is_a_no_op():
    """There may be no reply to a prompt that failed."""
    kept = Kept()
    llm = JournalledLLM(ScriptedLLM(["x"]), kept, "e1")
    llm.reject(PROMPT)
    llm.close()

    assert {} == kept.replies
    assert isinstance(llm, Rejects)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "resolve"},
        {"system": "other"},
        {"user": "other"},
        {"json_schema": None},
        {"schema_name": "other"},
        {"max_tokens": 1},
    ],
)
def test_whatever_shapes_a_reply_is_in_the_hash(change):
    """Two prompts share a hash only when nothing differs."""
    assert prompt_hash(PROMPT) != prompt_hash(PROMPT.model_copy(update=change))
    assert prompt_hash(PROMPT) != prompt_hash(PROMPT, "another model")
    assert prompt_hash(PROMPT) == prompt_hash(PROMPT.model_copy())
    assert 64 == len(prompt_hash(PROMPT))


def test_another_model_for_a_task_is_another_question():
    """A reply of the model before is not taken for its own."""

    class Named(ScriptedLLM):
        name = "small"

        def model_for(self, task: str) -> str:
            return f"{self.name}-{task}"

    kept, llm = Kept(), Named(["one", "two"])
    journal = JournalledLLM(llm, kept, "e1")
    texts = [journal.complete(PROMPT).text]
    llm.name = "big"
    texts.append(journal.complete(PROMPT).text)

    assert ["one", "two"] == texts
