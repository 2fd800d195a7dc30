"""Dates as data sets write them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from graphmem.errors import InputError


def moment(written: str, where: str, forms: Iterable[str], *, like: str) -> datetime:
    """A date in one of the forms of `strptime`, or ISO; UTC unless it names a zone.

    Raises InputError, which gives `like` as an example.
    """
    text = written.strip()
    for form in forms:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        advice = f"Write it like '{like}', or in ISO form."
        raise InputError(where, f"{written!r} is not a date.", advice=advice) from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
