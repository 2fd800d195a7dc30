"""The tree of errors is what its drawing says, and every error says what to do."""

from __future__ import annotations

import inspect
import re

import pytest

from graphmem import errors
from graphmem.errors import ConfigError, GraphMemError, InputError, MissingExtra, NotFound, UnknownEntity

DRAWN = re.compile(r"^([│ ]*)(?:[├└]── )?([A-Z]\w+)")


def drawn_parents() -> dict[str, str]:
    """Class -> parent, read from the drawing in the module's docstring."""
    parents, above = {}, {}
    for line in (errors.__doc__ or "").splitlines()[2:]:
        if match := DRAWN.match(line):
            depth = (match.start(2)) // 4
            above[depth] = match.group(2)
            parents[match.group(2)] = above.get(depth - 1, "Exception")
    return parents


def test_the_drawing_is_the_tree():
    """Who reads the docstring knows what to catch."""
    classes = inspect.getmembers(errors, lambda item: inspect.isclass(item) and issubclass(item, GraphMemError))

    assert drawn_parents() == {name: kind.__base__.__name__ for name, kind in classes}


def test_advice_follows_the_message():
    """The text of an error ends with what to do next, and both halves can be read apart."""
    error = ConfigError("It is broken.", advice="Mend it.")

    assert "It is broken. Mend it." == str(error)
    assert ("It is broken.", "Mend it.") == (error.message, error.advice)


def test_a_missing_extra_gives_the_command():
    """The command can be copied as it stands."""
    error = MissingExtra("The local extractor", "local")

    assert "Run: pip install 'graphmem[local]'" == error.advice
    assert "local" == error.extra


def test_an_input_error_names_the_field():
    """A form or a tool can show the problem beside what caused it."""
    error = InputError("k", "must be at least 1.", advice="Pass k=10.")

    assert "k" == error.field
    assert "k: must be at least 1. Pass k=10." == str(error)


@pytest.mark.parametrize(
    ("suggestions", "advice"), [(("Lisbon",), "Did you mean 'Lisbon'?"), ((), "List the names with entities().")]
)
def test_an_unknown_entity_suggests_the_nearest(suggestions: tuple[str, ...], advice: str):
    """A misspelt name leads to the right one."""
    error = UnknownEntity("Lisbn", suggestions)

    assert advice == error.advice
    assert suggestions == error.suggestions


def test_not_found_carries_the_id():
    """The id that was asked for is in the message and on the error."""
    error = NotFound("memory", "m-1")

    assert "m-1" == error.item_id
    assert str(error).startswith("No memory with id 'm-1'.")
