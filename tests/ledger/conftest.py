from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem.ledger.sql import SqlLedger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger with both external stores."""
    opened = SqlLedger.open(tmp_path / "ledger.db", graph_store=True)
    yield opened
    opened.close()
