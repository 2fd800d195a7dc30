"""A chat model whose replies are kept before they are used, so that a crash never pays twice."""

from __future__ import annotations

import hashlib
import json
from typing import Protocol, runtime_checkable

from graphmem.faults import reach
from graphmem.models.contracts import LLM, Prompt, Reply, Task

_REJECTED = Reply(text="", model="rejected", calls=0)


class ReplyStore(Protocol):
    """The part of the ledger that a journal needs."""

    def reply(self, episode_id: str, prompt_hash: str) -> Reply | None:
        """A kept reply, or None."""
        ...

    def journal(self, episode_id: str, prompt_hash: str, reply: Reply) -> None:
        """Keep a reply."""
        ...


@runtime_checkable
class Rejects(Protocol):
    """A model that can be told that its last reply to a prompt was of no use."""

    def reject(self, prompt: Prompt) -> None:
        """Never give this reply again; the next `complete` of the same prompt asks anew."""
        ...


@runtime_checkable
class NamesModels(Protocol):
    """A chat model that knows which of its models answers a task; its name is part of the hash of a prompt."""

    def model_for(self, task: Task) -> str:
        """The name of the model."""
        ...


def prompt_hash(prompt: Prompt, model: str = "", attempt: int = 0) -> str:
    """SHA-256 of all that shapes the reply, in hexadecimal; `attempt` counts the replies rejected before."""
    parts = [prompt.task, prompt.system, prompt.user, prompt.json_schema, prompt.schema_name, prompt.max_tokens, model]
    if attempt:
        parts.append(attempt)
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=dict)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


class JournalledLLM:
    """Looks a prompt up in the journal of one episode before it asks the model.

    A reply from the journal has `calls=0` and no tokens: they were paid for before. `rejected` replies stay in the
    journal, marked, and are passed over; so a retry after a bad reply reaches the model again.

    The reply to a `resolve` prompt is used at once, in the plan that is committed next: it is kept in the same
    transaction (`owed`), and only a crash in the milliseconds between asks for it again.
    """

    def __init__(self, llm: LLM, ledger: ReplyStore, episode_id: str) -> None:
        self._llm = llm
        self._ledger = ledger
        self._episode_id = episode_id
        self.owed: list[tuple[str, Reply]] = []
        """Replies to keep with the commit that follows from them, each with the hash of its prompt."""

    def complete(self, prompt: Prompt) -> Reply:
        """The kept reply, or the model's, which is kept first. Raises what the model raises."""
        key, kept = self._look_up(prompt)
        if kept is not None:
            return kept.model_copy(update={"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "milliseconds": 0.0})
        reply = self._llm.complete(prompt)
        reach("reply.received")
        if prompt.task == "resolve":
            self.owed.append((key, reply))
        else:
            self._ledger.journal(self._episode_id, key, reply)
        return reply

    def reject(self, prompt: Prompt) -> None:
        """Mark the kept reply to `prompt`; a no-op when there is none."""
        key, kept = self._look_up(prompt)
        if kept is not None:
            self._ledger.journal(self._episode_id, _mark(key), _REJECTED)

    def close(self) -> None:
        """The model behind belongs to the caller; nothing is closed."""

    def _look_up(self, prompt: Prompt) -> tuple[str, Reply | None]:
        """The hash of the first attempt that was not rejected, and its reply if there is one."""
        model = self._llm.model_for(prompt.task) if isinstance(self._llm, NamesModels) else ""
        attempt = 0
        while True:
            key = prompt_hash(prompt, model, attempt)
            kept = self._ledger.reply(self._episode_id, key)
            if kept is None or self._ledger.reply(self._episode_id, _mark(key)) is None:
                return key, kept
            attempt += 1


def _mark(key: str) -> str:
    return hashlib.sha256(f"{key} rejected".encode()).hexdigest()
