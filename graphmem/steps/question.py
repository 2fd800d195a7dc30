"""Reading a question without a model: the names, dates and the kind of answer it asks for.

Names are not recognised but looked up: every run of one to four words is a key that the ledger may know as an
entity. That costs one indexed query, needs no parser, and finds `lgbtq support group` as well as `Alice Smith`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from graphmem.steps.words import INNER, LETTER, is_stop, words

LONGEST_NAME = 4
ECHO_DAYS = 21
"""People talk about a day until some weeks after it: "yesterday", "last week", "two weekends ago"."""

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
          "november", "december")  # fmt: skip
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"  # noqa: E501
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<year>(?:19|20)\d\d)-(?P<number>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])\b",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_MONTH}\s+{_DAY},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}\b",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}\b",
        rf"\b{_MONTH}\s+{_DAY}\b",
        rf"\b(?:in|on|during|since|by|until|before|after|of|last|this|early|mid|late)[\s-]+{_MONTH}(?!\w)(?!\s+(?:be|have|not)\b)",
        rf"\b{_YEAR}\b",
    )
)
_WHEN = re.compile(
    r"\b(when|how long|how many (?:days|weeks|months|years)|how (?:often|recently|old)|since when|until when"
    r"|(?:what|which) (?:\w+ )?(?:date|day|days|month|year|week|weekend|time|season|decade|century))\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(yesterday|today|tonight|tomorrow|ago|weekends?|fortnight|mornings?|afternoon|evening|recently|lately|nowadays"
    r"|(?:last|next|this|past|every|each|few|couple of|\d+|one|two|three|four|five|six|seven|eight|nine|ten) "
    r"(?:day|night|week|weekend|month|year|summer|winter|spring|fall|autumn|mon|tues|wednes|thurs|fri|satur|sun)\w*"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|(?:jan|febr)uary|march|april|june|july|august|(?:septem|octo|novem|decem)ber"
    r"|(?:in|on|of|since|by|until|last|next) may"
    r"|(?:19|20)\d\d|\d{1,2}(?:st|nd|rd|th)|christmas|halloween|thanksgiving|new year|since|long time"
    r"|(?:day|week|month|year)s?)\b",
    re.IGNORECASE,
)


class DateSpan(NamedTuple):
    """A date as far as it is given; None where the text leaves it open ("in May")."""

    year: int | None
    month: int | None
    day: int | None


class Question(NamedTuple):
    """What can be read off a question."""

    text: str
    grams: tuple[str, ...]
    """Runs of one to four words, longest first, that could name an entity."""
    dates: tuple[DateSpan, ...]
    asks_when: bool


def parse(text: str) -> Question:
    """Read a question. Never fails: what is not found is absent."""
    return Question(text=text, grams=grams(text), dates=dates(text), asks_when=_WHEN.search(text) is not None)


def grams(text: str) -> tuple[str, ...]:
    """All runs of one to four words, longest first, that neither start nor end in a stop word."""
    found = [word.removesuffix("'s").removesuffix("’s") for word in words(text)]
    runs: dict[str, None] = {}
    for length in range(min(LONGEST_NAME, len(found)), 0, -1):
        for start in range(len(found) - length + 1):
            run = found[start : start + length]
            if not is_stop(run[0]) and not is_stop(run[-1]):
                runs[" ".join(run)] = None
    return tuple(runs)


def dates(text: str) -> tuple[DateSpan, ...]:
    """Explicit dates, each place of the text read once and in its longest form."""
    found: list[DateSpan] = []
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < right and left < end for left, right in taken) or _is_modal(match):
                continue
            taken.append((start, end))
            found.append(_span(match.groupdict()))
    return tuple(found)


def _is_modal(match: re.Match[str]) -> bool:
    """`may` is a month only when written `May`."""
    return match.groupdict().get("month") == "may"


def _span(parts: Mapping[str, str | None]) -> DateSpan:
    month = int(parts["number"] or 0) if parts.get("number") else _month_number(parts.get("month"))
    year, day = parts.get("year"), parts.get("day")
    return DateSpan(int(year) if year else None, month, int(day) if day else None)


def _month_number(name: str | None) -> int | None:
    if not name:
        return None
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(name.lower()[:3]))


def interval(span: DateSpan, year: int) -> tuple[date, date]:
    """First and last day of a date; `year` stands in where it names none."""
    year = span.year or year
    if span.month is None:
        return date(year, 1, 1), date(year, 12, 31)
    last = monthrange(year, span.month)[1]
    if span.day is None:
        return date(year, span.month, 1), date(year, span.month, last)
    day = date(year, span.month, min(span.day, last))
    return day, day


def is_echo(span: DateSpan, moment: datetime, days: int = ECHO_DAYS) -> bool:
    """Something said at `moment` may be about the date: said on it, or at most `days` later."""
    said = moment.date()
    years = (span.year,) if span.year else (said.year, said.year - 1)
    return any(first <= said <= last + timedelta(days=days) for first, last in (interval(span, y) for y in years))


def overlaps(span: DateSpan, valid_from: datetime | None, valid_to: datetime | None, now: datetime) -> bool:
    """A fact with a known beginning was true at some moment of the date."""
    if valid_from is None:
        return False
    end = valid_to or now
    years = (span.year,) if span.year else range(valid_from.year, min(end.year, valid_from.year + 100) + 1)
    for first, last in (interval(span, year) for year in years):
        opening = datetime(first.year, first.month, first.day, tzinfo=UTC)
        closing = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
        if valid_from < closing and opening < end:
            return True
    return False


def has_time(text: str) -> bool:
    """The text holds a time expression, resolved or not."""
    return _TIME.search(text) is not None


def named(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` that the text says, by the whole name or by its first word; in the order of `names`."""
    folded = text.casefold()
    return tuple(n for n in names if (parts := _saying(n)) and all(part.search(folded) for part in parts))


@lru_cache(maxsize=4096)
def _saying(name: str) -> tuple[re.Pattern[str], ...]:
    """What a text must hold to say a name: its first word, or all of them where that one says little by itself."""
    parts = words(name)
    alone = parts[:1] if parts and len(parts[0]) > 1 and not is_stop(parts[0]) else parts
    return tuple(map(_whole, alone))


def _whole(word: str) -> re.Pattern[str]:
    """The word as `words` would give it, or its genitive. Taking every text apart costs ten times as much."""
    return re.compile(rf"(?<!{LETTER})(?<!{LETTER}{INNER}){re.escape(word)}(?:['’]s)?(?!{INNER}?{LETTER})")
