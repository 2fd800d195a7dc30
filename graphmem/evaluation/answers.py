"""From a context to an answer: one prompt for all techniques, so that only what they found differs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from graphmem import assets
from graphmem.evaluation.records import Question
from graphmem.models.contracts import LLM, Prompt

ANSWER_PROMPT = "answer.md"
MAX_TOKENS = 200
"""Of an answer, which should have a handful of words."""
NOTHING = "(none)"


def answer(llm: LLM, question: Question, context: str, relations: Sequence[tuple[str, str, str]]) -> str:
    """The model's answer, on one line."""
    return " ".join(llm.complete(prompt(question, context, relations)).text.split())


def prompt(question: Question, context: str, relations: Sequence[tuple[str, str, str]]) -> Prompt:
    """The request; a question that was asked at a known moment says so."""
    asked = f" (asked on {question.asked_at:%Y-%m-%d})" if question.asked_at else ""
    system, user = assets.prompt(
        ANSWER_PROMPT,
        memories=context or NOTHING,
        relations=relation_lines(relations) or NOTHING,
        question=question.text + asked,
    )
    return Prompt(task="answer", system=system, user=user, max_tokens=MAX_TOKENS)


def relation_lines(relations: Sequence[tuple[str, str, str]]) -> str:
    """One relation a line: "Ana works at Acme"."""
    return "\n".join(f"{source} {kind.replace('_', ' ')} {target}" for source, kind, target in relations)


def prompt_hash(name: str) -> str:
    """SHA-256 of a prompt file: a run with other prompts is another run."""
    return hashlib.sha256(assets.text(name).encode()).hexdigest()
