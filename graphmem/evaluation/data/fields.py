"""Fields that data sets write alike, though under names of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from graphmem.evaluation.records import Question
from graphmem.importing import dates
from graphmem.importing.json_files import as_object, entry, optional

_DATES = ("%Y/%m/%d (%a) %H:%M", "%Y/%m/%d %H:%M", "%Y/%m/%d")


def question(record: object, where: str, *, date: str = "asked_at", **own: Any) -> Question:
    """A question with its answer, and when it was asked if the key `date` says so; `own` are its other fields."""
    answer = as_object(record, where).get("answer")
    asked = optional(record, date, str, where)
    return Question(
        text=entry(record, "question", str, where),
        answer="" if answer is None else str(answer),
        asked_at=moment(asked, f"{where}, {date}") if asked else None,
        **own,
    )


def moment(written: str, where: str) -> datetime:
    """A date such as "2023/05/20 (Sat) 02:21" or ISO, taken as UTC. Raises InputError."""
    return dates.moment(written, where, _DATES, like="2023/05/20 (Sat) 02:21")
