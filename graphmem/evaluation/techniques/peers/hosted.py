"""Zep and ChatGPT's memory are services: they are not run here. What they answered is read from a result file.

The file is the JSON of the LoCoMo framework, `{"0": [{"question", "response", "context", "search_memory_time", …}]}`
by number of the conversation in the data or by its id, and its name is `zep_search_results.json` or
`openai_results.json`. It lies in the working folder or in `results/` there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphmem.errors import ConfigError, InputError
from graphmem.evaluation.records import Conversation, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts

FILES = {"zep": "zep_search_results.json", "openai": "openai_results.json"}
PLACES = (Path("results"), Path())
SERVICES = {"zep": "Zep", "openai": "ChatGPT's memory"}


def result_file(technique: str) -> Path:
    """The result file of a service. Raises ConfigError when there is none."""
    name = FILES[technique]
    found = next((place / name for place in PLACES if (place / name).is_file()), None)
    if found is None:
        raise ConfigError(
            f"{SERVICES[technique]} is a hosted service: the technique {technique!r} only reads its results.",
            advice=f"Put {name} into results/.",
        )
    return found


class Hosted:
    """The answers of a service to the questions of one conversation."""

    def __init__(self, technique: str, parts: Parts) -> None:
        self._parts = parts
        self._file = result_file(technique)
        self._answers: dict[str, Mapping[str, Any]] = {}

    def ingest(self, conversation: Conversation) -> Ingested:
        """Find the conversation's part of the file. Raises InputError when its questions are not in it."""
        wanted = {question.text for question in conversation.questions}
        by_question = {
            str(entry.get("question")): entry for part in _parts_of(self._file).values() for entry in _entries(part)
        }
        self._answers = {text: by_question[text] for text in wanted if text in by_question}
        if missing := sorted(wanted - self._answers.keys()):
            raise InputError(
                str(self._file), f"has no answer to {missing[0]!r}.", advice="Is it of the same data? Or give --limit."
            )
        return Ingested(conversation=conversation.id)

    def context(self, question: Question) -> Retrieved:
        """What the service answered, with the context and the time that the file tells."""
        entry = self._answers[question.text]
        seconds = entry.get("search_memory_time", entry.get("search_time", 0.0))
        return Retrieved(
            text=str(entry.get("context") or ""),
            response=str(entry.get("response") or ""),
            milliseconds={"search": float(seconds or 0.0) * 1000},
        )

    def close(self) -> None:
        """Nothing is held."""


def _parts_of(file: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise InputError(str(file), f"cannot be read: {exc}.", advice="It is the JSON of the framework.") from exc
    if not isinstance(document, Mapping):
        raise InputError(str(file), "is no object of conversations.", advice='Such as {"0": [{"question": ...}]}.')
    return document


def _entries(part: object) -> list[Mapping[str, Any]]:
    return [entry for entry in part if isinstance(entry, Mapping)] if isinstance(part, list) else []
