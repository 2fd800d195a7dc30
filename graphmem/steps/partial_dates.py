"""ISO 8601 dates as models write them, whole or partial, completed to moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2})"
    r"(?:[T ](?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?)?)?"
)


def first_moment(text: str) -> datetime | None:
    """The start of the year, month or day named, or the moment itself; None when it is no such date.

    A time without a zone is UTC, as the messages' own dates are.
    """
    span = _span(text)
    return span[0] if span else None


def last_moment(text: str) -> datetime | None:
    """The end of the year, month or day named (the start of the next one), or the moment itself."""
    span = _span(text)
    return span[1] if span else None


def _span(text: str) -> tuple[datetime, datetime] | None:
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    try:
        if match["time"]:
            moment = _with_time(year, month, day, match["time"], match["zone"] or "Z")
            return moment, moment
        start = datetime(year, month, day, tzinfo=UTC)
        return start, _end(start, month=bool(match["month"]), day=bool(match["day"]))
    except (ValueError, OverflowError):
        return None


def _with_time(year: int, month: int, day: int, time: str, zone: str) -> datetime:
    hour, minute, *second = time.split(":")
    offset = "+00:00" if zone == "Z" else zone
    stamp = f"{year:04}-{month:02}-{day:02}T{int(hour):02}:{minute}:{(second or ['00'])[0][:2]}{offset}"
    return datetime.fromisoformat(stamp).astimezone(UTC)


def _end(start: datetime, *, month: bool, day: bool) -> datetime:
    if day:
        return start + timedelta(days=1)
    if month:
        following = start.replace(day=28) + timedelta(days=4)
        return following.replace(day=1)
    return start.replace(year=start.year + 1)
