"""The extractor that asks a chat model: one request for the facts of all messages of an episode."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graphmem.errors import ModelReplyError
from graphmem.models.contracts import LLM, ExtractionRequest, Prompt, Reply
from graphmem.models.journal import Rejects
from graphmem.steps import extraction
from graphmem.values import Draft, MessageRecord, Outcome, Usage

MAX_CHARACTERS = 24_000
"""Of the messages of one request, about 6,000 tokens; more is split before anything is asked."""
MIN_CHARACTERS = 400
"""A single message shorter than this is not split any further."""
_OUTCOMES: tuple[Outcome, ...] = ("none", "ok", "repaired", "retried")
_SENTENCE_END = re.compile(r"(?<=[.!?。！？\n])\s*")


class LLMExtractor:
    """Facts from a chat model. A reply that cannot be read is asked for once more, naming the problem; one that was
    cut off at the token limit is asked for again in two halves.
    """

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def with_llm(self, llm: LLM) -> LLMExtractor:
        """The same extractor on another chat model."""
        return LLMExtractor(llm)

    def extract(self, request: ExtractionRequest) -> Draft:
        """The facts of the request, with what was dropped and what it cost. Raises ModelError."""
        if not _worth_asking(request):
            return Draft()
        if sum(len(message.content) for message in request.messages) > MAX_CHARACTERS:
            return self._in_halves(request)
        first = self._attempt(extraction.prompt(request), request)
        if isinstance(first, Draft):
            return first
        usage, problem = first
        if problem is None:
            return _retried(self._in_halves(request), usage)
        second = self._attempt(extraction.prompt(request, problem=problem), request)
        if isinstance(second, Draft):
            return _retried(second, usage)
        if second[1] is None:
            return _retried(self._in_halves(request), usage + second[0])
        raise ModelReplyError(f"Two replies in a row could not be used. {second[1]}", advice="Use another model.")

    def _attempt(self, prompt: Prompt, request: ExtractionRequest) -> Draft | tuple[Usage, str | None]:
        """The draft, or what the attempt cost and what was wrong; no problem means that the reply was cut off."""
        usage = Usage()
        try:
            reply = self._llm.complete(prompt)
            usage = _usage(reply)
            if reply.truncated:
                if next(_halves(request), None) is None:
                    # Nothing is left to split: a retry must reach the model again.
                    self._reject(prompt)
                return usage, None
            return _with_usage(extraction.parse(reply.text, request), usage)
        except ModelReplyError as exc:
            self._reject(prompt)
            return usage, exc.message

    def _reject(self, prompt: Prompt) -> None:
        if isinstance(self._llm, Rejects):
            self._llm.reject(prompt)

    def _in_halves(self, request: ExtractionRequest) -> Draft:
        """Both halves of the messages one after the other; the second sees the end of the first as context."""
        halves = tuple(_halves(request))
        if not halves:
            raise ModelReplyError(
                "The model's reply to a short message was cut off.", advice="Raise the token limit of the model."
            )
        drafts = [(offset, self.extract(half)) for offset, half in halves]
        usage = Usage()
        for _, draft in drafts:
            usage += draft.usage
        return Draft(
            facts=tuple(
                fact.model_copy(update={"message": fact.message + offset}) for offset, d in drafts for fact in d.facts
            ),
            dropped=tuple(dropped for _, draft in drafts for dropped in draft.dropped),
            outcome=max((draft.outcome for _, draft in drafts), key=_OUTCOMES.index),
            usage=usage,
        )


def _worth_asking(request: ExtractionRequest) -> bool:
    """Something was said by somebody whose words may become facts."""
    return any(
        any(character.isalnum() for character in message.content)
        for message in request.messages
        if message.role == "user" or request.include_assistant
    )


def _halves(request: ExtractionRequest) -> Iterator[tuple[int, ExtractionRequest]]:
    """Two requests with the index of their first message; none when the request is one short message."""
    messages = request.messages
    if len(messages) > 1:
        middle = _middle(messages)
        yield 0, request.model_copy(update={"messages": messages[:middle]})
        recent = (*request.recent, *messages[:middle])[-extraction.MAX_RECENT :]
        yield middle, request.model_copy(update={"messages": messages[middle:], "recent": recent})
    elif len(messages[0].content) >= MIN_CHARACTERS:
        for part in _split_text(messages[0].content):
            message = messages[0].model_copy(update={"content": part})
            yield 0, request.model_copy(update={"messages": (message,)})


def _middle(messages: tuple[MessageRecord, ...]) -> int:
    """The index at which half of the text lies before; at least one message on each side."""
    half = sum(len(message.content) for message in messages) / 2
    total = 0.0
    for index, message in enumerate(messages):
        total += len(message.content)
        if total >= half:
            return min(max(index + (total - half < len(message.content) / 2), 1), len(messages) - 1)
    return len(messages) // 2


def _split_text(text: str) -> tuple[str, str]:
    """At the end of a sentence nearest to the middle, else at a space, else in the middle."""
    middle = len(text) // 2
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if 0 < match.end() < len(text)]
    spaces = [at for at in (text.find(" ", middle), text.rfind(" ", 0, middle)) if at > 0]
    near = [end for end in ends if len(text) // 5 < end < len(text) * 4 // 5] or spaces or [middle]
    cut = min(near, key=lambda at: abs(at - middle))
    return text[:cut], text[cut:]


def _usage(reply: Reply) -> Usage:
    return Usage(
        model_calls=reply.calls,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        milliseconds={"model": reply.milliseconds},
    )


def _retried(draft: Draft, usage: Usage) -> Draft:
    """A draft that took more than one request; `usage` is what the others cost."""
    return _with_usage(draft, usage).model_copy(update={"outcome": "retried"})


def _with_usage(draft: Draft, usage: Usage) -> Draft:
    return draft.model_copy(update={"usage": usage + draft.usage})
