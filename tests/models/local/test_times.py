"""Times in a sentence, against the moment it was said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from graphmem.models.local.extraction.times import find, settle

BASE = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I went yesterday", "20 November 2026"),
        ("the day before yesterday", "19 November 2026"),
        ("see you tomorrow", "22 November 2026"),
        ("last Friday we met", "20 November 2026"),
        ("last Saturday we met", "14 November 2026"),
        ("next Fri", "27 November 2026"),
        ("two weekends ago", "weekend of 7 November 2026"),
        ("last weekend", "weekend of 14 November 2026"),
        ("last week", "week of 9 November 2026"),
        ("next month", "December 2026"),
        ("last month", "October 2026"),
        ("three years ago", "2023"),
        ("a couple of days ago", "19 November 2026"),
        ("in 2019", "2019"),
        ("since March 2024", "March 2024"),
        ("in May", "May 2026"),
        ("in December", "December 2026"),
        ("on May 5, 2023", "5 May 2023"),
        ("on the 5th of May 2023", "5 May 2023"),
        ("on 2023-05-08", "8 May 2023"),
        ("last summer", "summer 2026"),
        ("last June", "June 2026"),
        ("in the early 1990s", "1990"),
        ("in two weeks", "week of 30 November 2026"),
    ],
)
def test_words_are_resolved(text, words):
    """Relative and absolute times get a day, a week, a month, a season or a year."""
    (time,) = find(text, BASE)

    assert words == time.words


@pytest.mark.parametrize(
    "text",
    ["I may go", "we may 5 of us", "it may be", "they march on", "every Friday", "each year", "nothing",
     "I sat with my mar 5", "a second of silence"],
)  # fmt: skip
def test_what_is_no_time_is_left_alone(text):
    """The modal "may", repetitions are not resolved."""
    assert () == find(text, BASE)


@pytest.mark.parametrize(
    ("text", "role", "year"),
    [("since 2020", "since", 2020), ("until June 2027", "until", 2027), ("for four years", "for", 2022)],
)
def test_roles(text, role, year):
    """A time can be where something begins, where it stops, or how long it lasts."""
    (time,) = find(text, BASE)

    assert (role, year) == (time.role, time.begin.year)


def test_a_weekday_and_a_month_turn_to_the_side_of_the_verb():
    """ "On Friday" and "in May" are ahead when the verb looks ahead."""
    (friday,) = find("on Friday", BASE)
    (may,) = find("in May", BASE)

    assert "20 November 2026" == settle(friday, BASE, future=False).words
    assert "27 November 2026" == settle(friday, BASE, future=True).words
    assert "May 2027" == settle(may, BASE, future=True).words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("last month", "last month (October 2026)"),
        ("in May", "in May 2026"),
        ("for four years", "for four years (since 2022)"),
        ("on Friday", "on Friday (20 November 2026)"),
    ],
)
def test_what_was_said_is_kept_beside_what_it_means(text, told):
    """The resolved time stands in brackets, or completes a date without a year."""
    (time,) = find(text, BASE)

    assert told == time.told
