from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem.ledger.sql import SqlLedger
from tests.ledger.worlds import DATABASES, database


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """An empty ledger with both external stores, on every database."""
    with database(request.param, tmp_path) as where:
        opened = SqlLedger.open(where, graph_store=True)
        yield opened
        opened.close()
