"""Is the answer right? A chat model says so, leniently or strictly; both are reported, under its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from graphmem import assets
from graphmem.errors import ModelReplyError
from graphmem.evaluation.records import Judge, Judgement, Question
from graphmem.models.contracts import LLM, Prompt
from graphmem.steps.replies import read_json
from graphmem.values import Value

JUDGES: tuple[Judge, ...] = ("generous", "strict")
PROMPTS: Mapping[Judge, str] = {judge: f"judge_{judge}.md" for judge in JUDGES}
MAX_TOKENS = 300
TRIES = 2
"""Replies asked for when one cannot be read."""
_ENOUGH = 300
"""Characters of a reason that are kept."""


class Verdict(Value):
    """The reply of a judge."""

    reason: str = ""
    label: Literal["CORRECT", "WRONG"]


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "label": {"type": "string", "enum": ["CORRECT", "WRONG"]}},
    "required": ["reason", "label"],
    "additionalProperties": False,
}


def judge(llm: LLM, judge: Judge, run: int, question: Question, response: str) -> Judgement:
    """One judgement. Raises ModelReplyError when no reply could be read."""
    asked = prompt(judge, question, response)
    for left in reversed(range(TRIES)):
        try:
            verdict = parse(llm.complete(asked).text)
            break
        except ModelReplyError:
            if not left:
                raise
    return Judgement(
        question_id=question.id,
        judge=judge,
        run=run,
        correct=verdict.label == "CORRECT",
        reason=verdict.reason[:_ENOUGH],
    )


def prompt(judge: Judge, question: Question, response: str) -> Prompt:
    """The request; other right answers stand beside the expected one."""
    expected = " / ".join((question.answer, *question.aliases))
    system, user = assets.prompt(
        PROMPTS[judge], question=question.text, expected=expected, answer=response or "(empty)"
    )
    return Prompt(
        task="judge", system=system, user=user, json_schema=SCHEMA, schema_name="verdict", max_tokens=MAX_TOKENS
    )


def parse(text: str) -> Verdict:
    """The verdict in a reply; a bare label will do. Raises ModelReplyError."""
    bare = text.strip().strip(".*").upper()
    if bare in {"CORRECT", "WRONG"}:
        return Verdict.model_validate({"label": bare})
    for value in read_json(text).values:
        if isinstance(value, dict) and "label" in value:
            try:
                label = str(value["label"]).strip().upper()
                return Verdict.model_validate({"label": label, "reason": str(value.get("reason") or "")})
            except ValidationError:
                continue
    raise ModelReplyError("The judge's reply has no label CORRECT or WRONG.", advice="Use another judge_model.")
