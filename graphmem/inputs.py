"""What callers give, checked once at the door: every refusal names the field and the fix."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args

from graphmem.errors import InputError, ScopeError
from graphmem.values import SCOPE_LABELS, Fact, Message, Role, Scope, When

MAX_CONTENT = 1_000_000
"""Characters of one message."""
MAX_LABEL = 256
MAX_QUERY = 20_000
MAX_INSTRUCTIONS = 20_000
MAX_METADATA = 64_000
MAX_RESULTS = 1_000
FUTURE_TOLERANCE = timedelta(days=1)
"""Clocks differ; a message from further ahead than this is a mistake."""

ROLES = get_args(Role)
_MESSAGE_KEYS = {"role", "content", "name", "timestamp", "metadata"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

MessageLike = str | Message | Mapping[str, Any]
Time = datetime | date | str | None


def text(field: str, value: object, limit: int) -> str:
    """A non-blank string of at most `limit` characters that can be stored and sent as UTF-8."""
    if not isinstance(value, str):
        raise InputError(field, f"must be text, not {type(value).__name__}.", advice="Decode it, or pass str(value).")
    if not value.strip():
        raise InputError(field, "is empty.", advice="Pass some text.")
    if len(value) > limit:
        raise InputError(field, f"has {len(value):,} characters; at most {limit:,} fit.", advice="Split it.")
    return storable(field, value)


def storable(field: str, value: str) -> str:
    """A string without NUL and without lone surrogates."""
    if "\x00" in value:
        raise InputError(field, "contains a NUL character.", advice="Remove it: value.replace('\\x00', '').")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise InputError(
            field,
            f"contains a lone surrogate at position {exc.start}.",
            advice="Decode the source with the right encoding, or errors='replace'.",
        ) from exc
    return value


def scope(**labels: object) -> Scope:
    """A scope with at least one label. Raises ScopeError."""
    given = {label: value for label, value in labels.items() if value is not None}
    if not given:
        raise ScopeError("scope", "is missing.", advice=f"Give at least one of {', '.join(SCOPE_LABELS)}.")
    return Scope(**{label: _label(label, value) for label, value in given.items()})


def _label(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ScopeError(field, f"must be text, not {type(value).__name__}.", advice="Pass str(value).")
    if not value.strip():
        raise ScopeError(field, "is blank.", advice="Give a name, or leave it out.")
    if len(value) > MAX_LABEL:
        raise ScopeError(field, f"has {len(value):,} characters; at most {MAX_LABEL} fit.", advice="Use a short id.")
    if _CONTROL.search(value):
        raise ScopeError(field, "contains a control character.", advice="Remove it.")
    try:
        return storable(field, value)
    except InputError as exc:
        raise ScopeError(field, exc.message.partition(": ")[2], advice=exc.advice) from exc


def moment(field: str, value: Time) -> datetime | None:
    """An aware datetime in UTC, from a datetime or an ISO 8601 text; a date alone means its first moment in UTC."""
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, str):
        try:
            value = _iso(value)
        except ValueError as exc:
            raise InputError(
                field, f"{value!r} is not a time.", advice="Use ISO 8601, for example 2024-05-08T13:56:00Z."
            ) from exc
    if not isinstance(value, datetime):
        raise InputError(field, f"must be a datetime, not {type(value).__name__}.", advice="Pass an aware datetime.")
    if value.tzinfo is None:
        raise InputError(field, "has no time zone.", advice="Add one, for example 2024-05-08T13:56:00Z.")
    try:
        return value.astimezone(UTC)
    except OverflowError as exc:
        raise InputError(field, "is out of range.", advice="Use a year between 1 and 9999.") from exc


def said(field: str, value: Time, now: datetime) -> datetime | None:
    """When something was said: a moment that is not ahead of `now`. Raises InputError."""
    found = moment(field, value)
    if found is not None and found > now + FUTURE_TOLERANCE:
        raise InputError(field, f"{found.isoformat()} is in the future.", advice="Check its clock or zone.")
    return found


def _iso(value: str) -> datetime:
    found = datetime.fromisoformat(value.strip())
    date_only = re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", value.strip()) is not None
    return found.replace(tzinfo=UTC) if date_only else found


def messages(given: MessageLike | Sequence[MessageLike], now: datetime) -> tuple[Message, ...]:
    """Messages from a string, a dict, a Message or a list of these. Raises InputError naming the item and key."""
    items = [given] if isinstance(given, str | Message | Mapping) else given
    if not isinstance(items, Sequence) or isinstance(items, bytes):
        raise InputError(
            "messages", f"must be text, a message or a list, not {type(given).__name__}.", advice="Pass a string."
        )
    if not items:
        raise InputError("messages", "is empty.", advice="Pass at least one message.")
    return tuple(_message(f"messages[{index}]", item, now) for index, item in enumerate(items))


def _message(field: str, item: MessageLike, now: datetime) -> Message:
    if isinstance(item, str):
        return Message(content=text(field, item, MAX_CONTENT))
    if isinstance(item, Message):
        item = item.model_dump()
    if not isinstance(item, Mapping):
        raise InputError(
            field, f"must be a message, not {type(item).__name__}.", advice="Pass a dict with role, content."
        )
    if unknown := sorted(set(item) - _MESSAGE_KEYS):
        known = ", ".join(sorted(_MESSAGE_KEYS))
        raise InputError(f"{field}.{unknown[0]}", "is not a key of a message.", advice=f"Use {known}.")
    role = item.get("role", "user")
    if role not in ROLES:
        raise InputError(f"{field}.role", f"{role!r} is unknown.", advice=f"Use one of {', '.join(ROLES)}.")
    name = item.get("name")
    return Message(
        role=role,
        content=text(f"{field}.content", item.get("content"), MAX_CONTENT),
        name=None if name is None else text(f"{field}.name", name, MAX_LABEL),
        timestamp=said(f"{field}.timestamp", item.get("timestamp"), now),
        metadata=metadata(f"{field}.metadata", item.get("metadata")),
    )


def metadata(field: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """A JSON object with text keys. Raises InputError."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InputError(field, f"must be a dict, not {type(given).__name__}.", advice="Pass {'key': value}.")
    if wrong := [key for key in given if not isinstance(key, str)]:
        raise InputError(field, f"has a key that is not text: {wrong[0]!r}.", advice="Use str keys.")
    try:
        encoded = json.dumps(dict(given), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as exc:
        raise InputError(field, f"is not JSON: {exc}.", advice="Use text, numbers, booleans, lists and dicts.") from exc
    if len(encoded) > MAX_METADATA:
        raise InputError(
            field, f"has {len(encoded):,} characters; at most {MAX_METADATA:,} fit.", advice="Keep it small."
        )
    storable(field, encoded)
    loaded: dict[str, Any] = json.loads(encoded)
    return loaded


def facts(given: Sequence[Fact | str] | None, size: int) -> tuple[Fact, ...] | None:
    """Supplied facts, each pointing at one of `size` messages. Raises InputError."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InputError("facts", "must be a list of Fact or text.", advice="Pass [Fact(text=...)].")
    checked = []
    for index, item in enumerate(given):
        fact = Fact(text=item) if isinstance(item, str) else item
        if not isinstance(fact, Fact):
            raise InputError(f"facts[{index}]", "must be a Fact or text.", advice="Pass Fact(text=...).")
        text(f"facts[{index}].text", fact.text, MAX_CONTENT)
        for part, value in _named_in(fact):
            storable(f"facts[{index}].{part}", value)
        if not 0 <= fact.message < size:
            raise InputError(
                f"facts[{index}].message", f"{fact.message} is no message of this add.", advice="Count from 0."
            )
        checked.append(fact)
    return tuple(checked)


def _named_in(fact: Fact) -> Iterator[tuple[str, str]]:
    """Every other text of a fact, with the name of its field."""
    yield from (("quote", fact.quote), ("subject", fact.subject or ""))
    for place, entity in enumerate(fact.entities):
        yield from ((f"entities[{place}].name", entity.name), (f"entities[{place}].type", entity.type))
    for place, triple in enumerate(fact.relations):
        yield from ((f"relations[{place}]", part) for part in triple)


def file(field: str, value: object) -> Path:
    """A path from text or a Path; `~` is the home of the user. Raises InputError."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise InputError(field, f"{value!r} is not a path.", advice="Pass the path of a file or folder.")
    try:
        path = Path(value).expanduser()
        os.lstat(path)
    except FileNotFoundError:
        return path
    except (OSError, RuntimeError, UnicodeError) as exc:
        problem = (exc.strerror if isinstance(exc, OSError) else None) or type(exc).__name__
        raise InputError(field, f"{str(value)[:80]!r} cannot be used: {problem}.", advice="Pass another path.") from exc
    return path


def flag(field: str, value: object) -> bool:
    """True or False, and nothing that only counts as one: `dry_run=""` must not delete. Raises InputError."""
    if not isinstance(value, bool):
        raise InputError(field, f"must be True or False, not {value!r}.", advice="Pass a bool.")
    return value


def one_of(field: str, value: object, known: Sequence[str]) -> str:
    """One of the words known. Raises InputError."""
    if not isinstance(value, str) or value not in known:
        raise InputError(field, f"cannot be {value!r}.", advice=f"Use one of {', '.join(known)}.")
    return value


def instructions(value: object) -> str:
    """What to add to a prompt; blank and None are nothing. Raises InputError."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    return text("instructions", value, MAX_INSTRUCTIONS)


def texts(field: str, value: object, limit: int) -> tuple[str, ...]:
    """Texts from a list of them; one text alone is a list of one. Raises InputError."""
    if isinstance(value, str):
        value = (value,)
    if not isinstance(value, Sequence | Set) or isinstance(value, bytes | bytearray):
        raise InputError(field, f"must be a list of text, not {type(value).__name__}.", advice="Pass ['...'].")
    return tuple(text(f"{field}[{place}]", item, limit) for place, item in enumerate(value))


def score(field: str, value: object) -> float | None:
    """A score from 0 to 1, or None. Raises InputError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(field, f"{value!r} is not a score.", advice="Use 0 to 1.")
    return float(value)


def hook(field: str, value: object) -> None:
    """A function of the caller's, or None. Raises InputError."""
    if value is not None and not callable(value):
        raise InputError(field, f"must be a function, not {type(value).__name__}.", advice="See docs/api.md.")


def whole(field: str, value: object, low: int, high: int) -> int:
    """A whole number within bounds. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(field, f"must be a whole number, not {value!r}.", advice=f"Use {low} to {high}.")
    if not low <= value <= high:
        raise InputError(field, f"{value} is out of range.", advice=f"Use {low} to {high}.")
    return value


TRUSTS = ("web", "document", "tool", "assistant", "user", "system")
"""Where a text may come from, least trusted first; the first three are not trusted."""


def trust(value: object) -> str:
    """Where a text comes from, or nothing when the role decides. Raises InputError."""
    if value is not None and value not in TRUSTS:
        raise InputError("trust", f"cannot be {value!r}.", advice=f"Use one of {', '.join(TRUSTS)}.")
    return str(value or "")


def expiry(at: Time, ttl: float | timedelta | None, now: datetime, default_days: float | None) -> datetime | None:
    """When something is no longer to be found; None: never. Raises InputError."""
    if at is not None and ttl is not None:
        raise InputError("ttl", "and expires_at say the same.", advice="Give one of them.")
    if (moment_ := moment("expires_at", at)) is not None:
        return moment_
    days = default_days if ttl is None else ttl
    if days is None:
        return None
    if isinstance(days, bool):
        raise InputError("ttl", f"{days!r} is not a time to live.", advice="Give days, or a timedelta.")
    try:
        span = days if isinstance(days, timedelta) else timedelta(days=days)
        if span <= timedelta(0):
            raise InputError("ttl", f"{days!r} is not a time to live.", advice="Give days above 0, or a timedelta.")
        return now + span
    except (TypeError, ValueError, OverflowError) as exc:
        raise InputError("ttl", f"{days!r} is not a time to live.", advice="Give days, or a timedelta.") from exc


def seconds(field: str, value: object) -> float:
    """A span of more than no time. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise InputError(field, f"must be a number of seconds, not {value!r}.", advice="For example 60.")
    return float(value)


def when(as_of: Time, known_at: Time, now: datetime, *, include_past: bool = False) -> When:
    """The moment a read asks about. Raises InputError."""
    everything = flag("include_past", include_past)
    return When(as_of=moment("as_of", as_of), known_at=moment("known_at", known_at), now=now, everything=everything)
