from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.upkeep.worlds import fill, opened


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with something of everything, closed; copy it before you change it."""
    home = tmp_path_factory.mktemp("filled") / "home"
    clock = Clock(datetime(2024, 1, 15, 12, tzinfo=UTC))
    with opened(home, clock) as memory:
        fill(memory, clock)
    return home


@pytest.fixture
def clock() -> Clock:
    """A week after the filled home was made."""
    return Clock(datetime(2024, 1, 22, 12, tzinfo=UTC))


@pytest.fixture
def one(filled: Path, tmp_path: Path) -> Path:
    """A filled home of one's own."""
    from tests.upkeep.worlds import copied

    return copied(filled, tmp_path / "one")
