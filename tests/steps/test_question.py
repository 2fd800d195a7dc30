"""A question is read without a model: names, dates, and whether it asks when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.question import DateSpan, dates, grams, has_time, is_echo, named, overlaps, parse
from graphmem.steps.words import is_stop, words


def day(year, month, number):
    return datetime(year, month, number, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What happened on 8 May 2023?", [DateSpan(2023, 5, 8)]),
        ("What happened on May 8th, 2023?", [DateSpan(2023, 5, 8)]),
        ("What happened on 2023-05-08?", [DateSpan(2023, 5, 8)]),
        ("Who came in June 2022?", [DateSpan(2022, 6, None)]),
        ("Who came on the 3rd of August?", [DateSpan(None, 8, 3)]),
        ("Who came in May?", [DateSpan(None, 5, None)]),
        ("What did she buy in 2021?", [DateSpan(2021, None, None)]),
        ("May I ask what she may buy?", []),
        ("Between 1 May 2023 and 3 June 2023?", [DateSpan(2023, 5, 1), DateSpan(2023, 6, 3)]),
        ("Room 2500 or 12?", []),
    ],
)
def test_explicit_dates_are_read_as_far_as_they_are_given(text, expected):
    """Day, month and year in their usual orders; the modal `may` is no month."""
    assert expected == list(dates(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("When did Ann move?", True),
        ("How long has she lived there?", True),
        ("What year did it open?", True),
        ("Where does Ann live?", False),
    ],
)
def test_questions_about_time_are_recognised(text, expected):
    """`when`, `how long` and `what year` ask for a time."""
    assert expected == parse(text).asks_when


def test_grams_are_runs_of_content_words_longest_first():
    """Runs neither start nor end in a stop word, and lose the possessive."""
    expected = ("brother of ann paint", "brother of ann", "ann paint", "brother", "ann", "paint")

    assert expected == grams("What did the brother of Ann's paint?")


@pytest.mark.parametrize(("said", "expected"), [(8, True), (29, True), (30, False), (7, False)])
def test_a_day_echoes_for_three_weeks(said, expected):
    """A message may be about a date when it was sent on it or up to 21 days later."""
    assert expected == is_echo(DateSpan(2023, 5, 8), day(2023, 5, said))


def test_a_month_without_a_year_fits_every_year():
    """The year of the message, or the one before it for an echo over new year."""
    december = DateSpan(None, 12, None)

    assert [True, True, False] == [is_echo(december, day(2023, 12, 5)), is_echo(december, day(2024, 1, 10)),
                                   is_echo(december, day(2024, 6, 1))]  # fmt: skip


def test_a_fact_overlaps_the_dates_at_which_it_held():
    """From its beginning to its end; without a beginning nothing is known."""
    span, now = DateSpan(2023, 5, None), day(2025, 1, 1)

    assert overlaps(span, day(2022, 1, 1), day(2023, 5, 2), now)
    assert not overlaps(span, day(2023, 6, 1), None, now)
    assert not overlaps(span, None, None, now)


@pytest.mark.parametrize(
    "text", ["I saw her yesterday", "We met two weeks ago", "in June", "back in 2019", "on Friday"]
)
def test_time_expressions_are_seen(text):
    """Resolved or not, they can answer a question that asks when."""
    assert has_time(text)


def test_a_text_without_time_has_none():
    """Ordinary words do not count."""
    assert not has_time("I may like the green bicycle")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("What did Caroline's sister say?", ("Caroline",)), ("Did Ann meet Bob?", ("Ann Lee", "Bob")), ("Who came?", ())],
)
def test_participants_are_named_by_their_first_or_whole_name(text, expected):
    """The possessive counts, and so does the first name of somebody with two."""
    assert expected == named(text, ("Caroline", "Ann Lee", "Bob"))


LETTERS = "abs '’-.&_é1"


@given(st.text(LETTERS), st.text(LETTERS, min_size=1))
def test_a_name_is_found_where_the_words_of_a_text_hold_it(text, name):
    """It is the same as taking the text apart: words as they are, or without their genitive."""
    said = {form for word in words(text) for form in (word, word.removesuffix("'s").removesuffix("’s"))}
    parts = words(name)
    alone = parts[:1] if parts and len(parts[0]) > 1 and not is_stop(parts[0]) else parts
    assert ((name,) if parts and said.issuperset(alone) else ()) == named(text, (name,))


@given(st.text())
def test_any_text_can_be_read(text):
    """Reading never fails, and every run has at most four words."""
    assert all(len(run.split(" ")) <= 4 for run in parse(text).grams)
