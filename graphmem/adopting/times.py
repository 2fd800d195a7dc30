"""Times as other engines write them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(value: object) -> datetime | None:
    """An aware datetime in UTC from milliseconds, a datetime of Python or of the Neo4j driver, or an ISO text.

    A time without a zone is taken as UTC. None for what is no time.
    """
    native = getattr(value, "to_native", None)
    if native is not None:
        value = native()
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value / 1000, UTC)
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
