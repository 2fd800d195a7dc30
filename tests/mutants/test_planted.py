"""The planted bugs fit the source: each text is there once, and each test that must notice it exists."""

from __future__ import annotations

import pytest

from tests.architecture.source import ROOT
from tests.mutants.planted import BUGS, Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_the_source(bug: Bug) -> None:
    """Its text occurs once, and the test has a place."""
    path, _, name = bug.test.split(" ")[0].partition("::")
    assert 1 == (ROOT / bug.file).read_text(encoding="utf-8").count(bug.before)
    assert bug.before != bug.after
    assert f"def {name.partition('[')[0]}" in (ROOT / path).read_text(encoding="utf-8")


def test_there_are_enough_of_them() -> None:
    """At least 30, each of another kind."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 30
