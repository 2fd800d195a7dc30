"""Asking a model for the facts of some messages, and reading its reply.

Pure: the prompt and the draft are values. Nothing in a reply is trusted. Messages are named by local indices, a fact
must quote its message, relations must join entities that are there; what fails is dropped, one item at a time, and
counted with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphmem import assets
from graphmem.models.contracts import ExtractionRequest, Prompt
from graphmem.steps.extraction_reply import Reading, facts_of
from graphmem.steps.replies import read_json
from graphmem.values import Draft, MessageRecord

MAX_RECENT = 4
MAX_RECENT_CHARACTERS = 300
"""Of one earlier message: enough to see whom "she" means."""
MAX_FACTS = 200
MAX_ENTITIES = 300

_ASSISTANT_OUT = (
    "Take nothing from messages of the assistant, system or tools, unless the user confirms it; they are context."
)
_ASSISTANT_IN = "Take facts from what the assistant says, too; say in the text that the assistant said it."


def _text(limit: int) -> Mapping[str, Any]:
    return {"type": "string", "maxLength": limit}


def _list(items: Mapping[str, Any], limit: int) -> Mapping[str, Any]:
    return {"type": "array", "maxItems": limit, "items": items}


def _one_of(*values: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": list(values)}


def _object(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMA = _object(
    entities=_list(_object(name=_text(120), type=_text(40)), MAX_ENTITIES),
    facts=_list(
        _object(
            message=_text(8),
            quote=_text(400),
            text=_text(600),
            kind=_one_of("semantic", "episodic", "procedural"),
            modality=_one_of("asserted", "ended", "past", "planned", "hypothetical"),
            correction={"type": "boolean"},
            valid_from=_text(25),
            valid_to=_text(25),
            subject=_text(120),
            relations=_list(_list(_text(120), 3), 8),
        ),
        MAX_FACTS,
    ),
)
"""Of the reply. Every array and string has a bound, so that a grammar cannot run for ever."""


def prompt(request: ExtractionRequest, *, problem: str = "") -> Prompt:
    """The one request that asks for the facts of all messages.

    `problem` names what was wrong with an earlier reply to the same request.
    """
    system, user = assets.prompt(
        "extract.md",
        assistant_rule=_ASSISTANT_IN if request.include_assistant else _ASSISTANT_OUT,
        earlier=_earlier(request.recent[-MAX_RECENT:]),
        messages="\n".join(f"m{number} {_line(m)}" for number, m in enumerate(request.messages, 1)),
    )
    if request.instructions.strip():
        system += f"\n\nInstructions of this application:\n{request.instructions.strip()}"
    if problem:
        user += f"\n\nAn earlier reply could not be used: {problem} Reply with the whole JSON object and nothing else."
    return Prompt(
        task="extract",
        system=system,
        user=user,
        json_schema=SCHEMA,
        schema_name="memory",
        max_tokens=reply_tokens(sum(len(m.content) for m in request.messages)),
    )


def reply_tokens(characters: int) -> int:
    """Room for the reply: facts with quotes take several times the words they come from."""
    return max(2000, min(8000, 600 + 2 * characters))


def parse(text: str, request: ExtractionRequest) -> Draft:
    """The facts of a reply that hold up. Raises ModelReplyError when the reply as a whole cannot be read."""
    reading = Reading(request)
    found = read_json(text)
    draft = reading.draft(*facts_of(found.values))
    return draft.model_copy(update={"outcome": "repaired" if found.repaired or draft.dropped else "ok"})


def _earlier(recent: Sequence[MessageRecord]) -> str:
    if not recent:
        return ""
    lines = "\n".join(_line(message, MAX_RECENT_CHARACTERS) for message in recent)
    return f"Earlier:\n{lines}\n"


def _line(message: MessageRecord, limit: int | None = None) -> str:
    """`[2024-05-08 Wed 13:56] Ann (user): text`; the weekday helps with "last Friday"."""
    moment = message.timestamp.strftime("%Y-%m-%d %a %H:%M")
    who = message.speaker if message.speaker == message.role else f"{message.speaker} ({message.role})"
    content = message.content if limit is None or len(message.content) <= limit else message.content[:limit] + "…"
    return f"[{moment}] {who}: {content}"
