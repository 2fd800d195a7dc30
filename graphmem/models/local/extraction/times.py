"""Times in a sentence, resolved against the moment it was said.

Rules on the text, no parser: the finder has to be right about chat ("two weekends ago", "last Fri") and silent about
the modal "may". Days start at midnight of the clock that the message was written by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
COUNTS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "a": 1, "an": 1, "couple": 2, "few": 3, "several": 4,
}  # fmt: skip

Precision = Literal["day", "week", "weekend", "month", "season", "year"]
Role = Literal["at", "since", "until", "for", "every"]


@dataclass(frozen=True, slots=True)
class Time:
    """A stretch of time named at `start:end` of the text; `begin` is its first moment, `finish` the first one after."""

    start: int
    end: int
    text: str
    begin: datetime
    finish: datetime
    precision: Precision
    role: Role = "at"
    relative: bool = True
    """Whether it needs the message's date to be understood ("last month", "on Friday")."""

    @property
    def words(self) -> str:
        """The time without reference to now: "20 November 2026", "October 2026", "2025"."""
        day = f"{self.begin.day} {self.begin:%B %Y}"
        if self.precision == "season":
            return f"{self._season} {self.begin.year}"
        forms = {"day": day, "week": f"week of {day}", "weekend": f"weekend of {day}", "year": f"{self.begin.year}"}
        return forms.get(self.precision, f"{self.begin:%B %Y}")

    @property
    def told(self) -> str:
        """The words that were said, and what they mean: "last month (October 2026)", "in March 2026"."""
        if re.search(_MONTH, self.text, re.IGNORECASE) and not re.match(
            r"(?:last|this|next)\b", self.text, re.IGNORECASE
        ):
            lead = _LEAD.match(self.text)
            return f"{lead.group() if lead else ''}{self.words}"
        since = "since " if self.role == "for" else ""
        return f"{self.text} ({since}{self.words})"

    @property
    def _season(self) -> str:
        return next(name for name, month in SEASONS.items() if month == self.begin.month)


_N = (
    r"(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"(?:a )?couple(?: of)?|(?:a )?few|several)"
)
_UNIT = r"(?P<unit>day|night|week|weekend|month|year|decade)s?"
_MONTH = r"(?P<month>" + "|".join(f"{m}|{m[:3]}\\.?" for m in MONTHS) + r"|sept\.?)"
_DAY = r"(?P<weekday>" + "|".join(f"{d}|{d[:3]}\\.?" for d in DAYS) + r"|tues\.?|thurs?\.?)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DOM = r"(?P<dom>[0-3]?\d)(?:st|nd|rd|th)?"
_PART = r"(?: (?:morning|afternoon|evening|night))?"

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("iso", r"\b" + _YEAR + r"-(?P<mm>\d\d)-(?P<dd>\d\d)\b"),
    ("date", r"\b(?:the )?" + _DOM + r"(?: of)? " + _MONTH + r"\b(?:,? " + _YEAR + r")?(?!\d)"),
    ("date", r"\b" + _MONTH + r" (?:the )?" + _DOM + r"\b(?!\d)(?:,? " + _YEAR + r")?"),
    ("month", r"\b" + _MONTH + r"(?: of)?,? " + _YEAR + r"\b"),
    ("ago", r"\b" + _N + r" " + _UNIT + r" (?:ago|back|earlier)\b"),
    ("ahead", r"\bin " + _N + r" (?P<unit>day|week|month|year)s?(?:' time)?\b(?! of)"),
    ("span", r"\b(?:for|over|in|during) (?:the )?(?:past|last) " + _N + r"? ?" + _UNIT + r"\b"),
    (
        "span",
        r"\b(?:for|going on) (?:about |almost |nearly |over |more than |around |like )?"
        + _N
        + r" (?P<unit>day|week|month|year|decade)s?(?: now)?\b",
    ),
    (
        "shift",
        r"\b(?P<which>last|this past|past|this coming|this|next|the previous|the following) " + _DAY + _PART + r"\b",
    ),
    ("unit", r"\b(?P<which>last|this past|this|next|the following) (?P<unit>night|week|weekend|month|year)\b"),
    ("season", r"\b(?P<which>last|this past|this|next) (?P<season>spring|summer|fall|autumn|winter)\b"),
    ("season_of", r"\b(?P<season>spring|summer|fall|autumn|winter)(?: of)? " + _YEAR + r"\b"),
    ("shift_month", r"\b(?P<which>last|this past|this|next) " + _MONTH + r"(?![\w'])"),
    (
        "named",
        (
            r"\b(?P<named>the day before yesterday|the day after tomorrow|yesterday|today|tonight|tomorrow|"
            r"this (?:morning|afternoon|evening))\b(?: (?:morning|afternoon|evening|night)\b)?"
        ),
    ),
    ("weekday", r"\bon (?:a )?" + _DAY + _PART + r"\b"),
    ("year", r"\b(?:in|since|until|till|from|by|of|back in|during) " + _YEAR + r"\b(?!-)"),
    ("decade", r"\b(?:in|since) the (?:early |late |mid-?)?(?P<decade>(?:19|20)\d0)s\b"),
    (
        "month",
        r"\b(?:in|since|until|till|from|by|back in|during|early|late|mid|end of|beginning of) "
        + _MONTH
        + r"(?![\w'])(?! (?:i|you|we|he|she|they|be|have)\b)",
    ),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _PATTERNS)
_EVERY = re.compile(r"\b(?:every|each)\s+$", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:in|on|since|until|till|from|by|of|back in|during|early|late|mid|end of|beginning of|for)\s+", re.I
)


def find(text: str, base: datetime) -> tuple[Time, ...]:
    """The times named in `text`, in order and without overlaps; `base` is the aware moment it was written."""
    found: list[Time] = []
    for name, pattern in _COMPILED:
        for match in pattern.finditer(text):
            if any(match.start() < t.end and t.start < match.end() for t in found):
                continue
            if _EVERY.search(text[: match.start()]):
                continue
            time = _resolve(name, match, text, base)
            if time is not None:
                found.append(time)
    return tuple(sorted(found, key=lambda t: t.start))


def _resolve(name: str, match: re.Match[str], text: str, base: datetime) -> Time | None:
    if match.groupdict().get("month") and _is_a_modal(match):
        return None
    try:
        stretch = _RULES[name](match, base)
    except (ValueError, OverflowError):  # 31 June, or a count that leaves the calendar
        return None
    if stretch is None:
        return None
    begin, finish, precision = stretch
    start, role = match.start(), _role(name, match, text)
    absolute = name in {"iso", "season_of", "year", "decade"} or bool(match.groupdict().get("year"))
    return Time(start, match.end(), match.group(), begin, finish, precision, role, not absolute)


def _is_a_modal(match: re.Match[str]) -> bool:
    word = match.group("month")
    return word.lower() in {"may", "mar", "march"} and word[0].islower()


def _role(name: str, match: re.Match[str], text: str) -> Role:
    words = (text[max(0, match.start() - 8) : match.start()] + match.group()).lower()
    if name == "span":
        return "for"
    if re.search(r"\bsince (?:the )?" + re.escape(_LEAD.sub("", match.group().lower())), words):
        return "since"
    if re.search(r"\b(?:until|till) (?:the )?" + re.escape(_LEAD.sub("", match.group().lower())), words):
        return "until"
    return "at"


Stretch = tuple[datetime, datetime, Precision]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> Stretch:
    begin = _midnight(moment)
    return begin, begin + timedelta(days=1), "day"


def _week(moment: datetime) -> Stretch:
    begin = _midnight(moment) - timedelta(days=moment.weekday())
    return begin, begin + timedelta(days=7), "week"


def _weekend(moment: datetime) -> Stretch:
    """The weekend of the week that `moment` is in."""
    begin = _midnight(moment) + timedelta(days=5 - moment.weekday())
    return begin, begin + timedelta(days=2), "weekend"


def months_later(moment: datetime, months: int) -> datetime:
    """The same day `months` later (or earlier), or the last day of that month."""
    total = moment.year * 12 + moment.month - 1 + months
    first = moment.replace(year=total // 12, month=total % 12 + 1, day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(moment.day, last.day))


def _month(moment: datetime) -> Stretch:
    begin = _midnight(moment).replace(day=1)
    return begin, months_later(begin, 1), "month"


def _year(moment: datetime, years: int = 1) -> Stretch:
    begin = _midnight(moment).replace(month=1, day=1)
    return begin, begin.replace(year=begin.year + years), "year"


def _season(moment: datetime, name: str) -> Stretch:
    begin = _midnight(moment).replace(month=SEASONS[name.lower()], day=1)
    return begin, months_later(begin, 3), "season"


def _count(word: str | None) -> int:
    if not word:
        return 1
    return int(word) if word.isdigit() else COUNTS[word.lower().removeprefix("a ").removesuffix(" of") or "a"]


def _moved(base: datetime, unit: str, count: int) -> Stretch:
    """The day, week, ... `count` units from `base`."""
    unit = unit.lower()
    if unit in {"day", "night"}:
        return _day(base + timedelta(days=count))
    if unit == "week":
        return _week(base + timedelta(weeks=count)) if abs(count) < 6 else _month(base + timedelta(weeks=count))
    if unit == "weekend":
        return _weekend(_last_weekend(base) + timedelta(weeks=count + 1 if count < 0 else count))
    if unit == "month":
        return _month(months_later(base, count))
    return _year(months_later(base, 12 * count * (10 if unit == "decade" else 1)))


def _last_weekend(base: datetime) -> datetime:
    """Saturday of the last weekend that is over or has begun before today."""
    return base - timedelta(days=(base.weekday() - 5) % 7 or 7)


def _weekday(match: re.Match[str]) -> int:
    return next(n for n, day in enumerate(DAYS) if day.startswith(match.group("weekday").lower().rstrip(".")[:3]))


def _month_number(match: re.Match[str]) -> int:
    return next(n for n, m in enumerate(MONTHS, 1) if m.startswith(match.group("month").lower().rstrip(".")[:3]))


def _iso(match: re.Match[str], base: datetime) -> Stretch:
    year, month, day = int(match["year"]), int(match["mm"]), int(match["dd"])
    return _day(base.replace(year=year, month=month, day=day))


def _date(match: re.Match[str], base: datetime) -> Stretch:
    day = _midnight(base).replace(day=1, month=_month_number(match)).replace(day=int(match["dom"]))
    if match["year"]:
        return _day(day.replace(year=int(match["year"])))
    return _day(_nearest_year(day, base))


def _nearest_year(day: datetime, base: datetime) -> datetime:
    """A date without a year is this year's, unless that is more than half a year ahead."""
    return day.replace(year=day.year - 1) if day - base > timedelta(days=183) else day


def _month_of(match: re.Match[str], base: datetime) -> Stretch:
    first = _midnight(base).replace(day=1, month=_month_number(match))
    if match.groupdict().get("year"):
        return _month(first.replace(year=int(match["year"])))
    return _month(_nearest_year(first, base))


def _ago(match: re.Match[str], base: datetime) -> Stretch:
    return _moved(base, match["unit"], -_count(match["n"]))


def _ahead(match: re.Match[str], base: datetime) -> Stretch:
    return _moved(base, match["unit"], _count(match["n"]))


def _span(match: re.Match[str], base: datetime) -> Stretch:
    begin, _, precision = _ago(match, base)
    return begin, _midnight(base) + timedelta(days=1), precision


def _shift(match: re.Match[str], base: datetime) -> Stretch:
    which, target = match["which"].lower(), _weekday(match)
    back = (base.weekday() - target) % 7
    if which in {"last", "past", "this past", "the previous"}:
        return _day(base - timedelta(days=back or 7))
    ahead = (target - base.weekday()) % 7
    return _day(base + timedelta(days=ahead or (7 if which != "this" else 0)))


def _unit(match: re.Match[str], base: datetime) -> Stretch:
    which, unit = match["which"].lower(), match["unit"].lower()
    if unit == "night":
        return _day(base - timedelta(days=1 if which == "last" else 0))
    if unit == "weekend":
        if which in {"last", "this past"}:
            return _weekend(_last_weekend(base))
        return _weekend(base + timedelta(weeks=0 if which == "this" else 1))
    return _moved(base, unit, {"last": -1, "this past": -1, "this": 0}.get(which, 1))


def _which_season(match: re.Match[str], base: datetime) -> Stretch:
    begin, finish, _ = _season(base, match["season"])
    which = match["which"].lower()
    if which in {"last", "this past"} and finish > base:
        return _season(base.replace(day=1, year=base.year - 1), match["season"])
    if which == "next" and begin <= base:
        return _season(base.replace(day=1, year=base.year + 1), match["season"])
    return begin, finish, "season"


def _season_of(match: re.Match[str], base: datetime) -> Stretch:
    return _season(base.replace(day=1, year=int(match["year"])), match["season"])


def _shift_month(match: re.Match[str], base: datetime) -> Stretch:
    first = _midnight(base).replace(day=1, month=_month_number(match))
    which = match["which"].lower()
    if which in {"last", "this past"} and first >= _midnight(base).replace(day=1):
        return _month(first.replace(year=first.year - 1))
    if which == "next" and first <= base:
        return _month(first.replace(year=first.year + 1))
    return _month(first)


def _named(match: re.Match[str], base: datetime) -> Stretch:
    word = match["named"].lower()
    days = {"the day before yesterday": -2, "yesterday": -1, "tomorrow": 1, "the day after tomorrow": 2}
    return _day(base + timedelta(days=days.get(word, 0)))


def _on_weekday(match: re.Match[str], base: datetime) -> Stretch | None:
    """The last one of that name; when the verb looks ahead, `settle` takes the next."""
    if " a " in match.group().lower():
        return None
    return _day(base - timedelta(days=(base.weekday() - _weekday(match)) % 7 or 7))


def _in_year(match: re.Match[str], base: datetime) -> Stretch:
    return _year(base.replace(day=1, year=int(match["year"])))


def _decade(match: re.Match[str], base: datetime) -> Stretch:
    return _year(base.replace(day=1, year=int(match["decade"])), 10)


_RULES: dict[str, Callable[[re.Match[str], datetime], Stretch | None]] = {
    "iso": _iso, "date": _date, "month": _month_of, "ago": _ago, "ahead": _ahead, "span": _span, "shift": _shift,
    "unit": _unit, "season": _which_season, "season_of": _season_of, "shift_month": _shift_month, "named": _named,
    "weekday": _on_weekday, "year": _in_year, "decade": _decade,
}  # fmt: skip


def settle(time: Time, base: datetime, future: bool) -> Time:
    """The time on the side that the verb points to: "I'm leaving on Friday" is the next Friday, not the last."""
    if not future or time.finish > base or not time.relative or time.role not in {"at", "until"}:
        return time
    if (
        time.precision == "day"
        and re.match(r"on \w+", time.text, re.IGNORECASE)
        and not any(c.isdigit() for c in time.text)
    ):
        return replace(time, begin=time.begin + timedelta(days=7), finish=time.finish + timedelta(days=7))
    if re.search(_MONTH, time.text, re.IGNORECASE) and not re.match(r"(?:last|this)\b", time.text, re.IGNORECASE):
        return replace(time, begin=months_later(time.begin, 12), finish=months_later(time.finish, 12))
    return time
