"""What a raw message names, without a parser."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graphmem.steps.mentions import mentions


def named(text):
    return [entity.name for entity in mentions(text) if not entity.weak]


def weak(text):
    return [entity.name for entity in mentions(text) if entity.weak]


def test_names_inside_a_sentence_are_found():
    """Runs of capitalised words, not the first word of a sentence."""
    assert ["New York", "Alice Smith"] == named("We drove to New York with Alice Smith. Then it rained.")


def test_quoted_titles_and_years_are_found():
    """A title keeps its spelling."""
    assert ["a quiet place", "2019"] == named('i saw "a quiet place" in 2019')


def test_content_words_are_search_keys():
    """Function words are none."""
    assert ["painted", "lake", "sunrise"] == weak("i painted the lake at sunrise")


def test_each_entity_comes_once():
    """However often it is said, and in whatever case."""
    assert ["lake"] == weak("the lake, the Lake, the LAKE") or ["Lake"] == named("the lake, the Lake, the LAKE")[:1]


def test_a_text_without_words_names_nothing():
    """Empty, punctuation and emoji."""
    assert () == mentions("") == mentions("?! … 🙂")


@given(st.text())
def test_any_text_can_be_read(text):
    """Names are never blank."""
    assert all(entity.name.strip() for entity in mentions(text))
