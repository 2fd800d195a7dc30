"""A short form of `make faults` for erasures: each way of planting once, on a home with Chroma."""

from __future__ import annotations

from pathlib import Path

from tests.faults.erasures import erasures, found
from tests.faults.planting import WAYS
from tests.lengths import longer


def test_nothing_of_what_was_erased_is_in_any_file(home: Path):
    """Neither words in three scripts, in any case or coding, nor vectors; everybody else is as before."""
    made = erasures(longer(len(WAYS), 40), 0, home)

    assert set(WAYS) == {trial.way for trial in made.trials}
    assert [] == made.wrong
    assert (0, {}) == (made.left, made.at_the_end)
    assert all(trial.vectors > 0 for trial in made.trials if trial.way != "user")


def test_the_search_finds_a_piece_in_any_file(home: Path):
    """In a file of any name and place, as it stands or in capitals."""
    (home / "below").mkdir(parents=True)
    (home / "below" / "left.bin").write_bytes(b"\x00\xff" * 999 + b"QUARKXYZ" + b"\x00")

    assert {"left.bin": 1} == found(home, {b"quarkxyz", b"elsewhere"})
