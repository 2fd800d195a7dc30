"""What the tests of evaluations share: small data, and runs that need no weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from graphmem import Settings
from graphmem.evaluation import data, opening
from graphmem.evaluation.plans import Plan
from graphmem.evaluation.records import Dataset, Layout
from graphmem.evaluation.runs import Outcome, Run
from graphmem.evaluation.techniques.contract import Options

HERE = Path(__file__).parent / "data"
Execute = Callable[..., Outcome]


@pytest.fixture
def talks() -> Dataset:
    """Two small conversations with eight questions."""
    return data.read("locomo", HERE / "locomo.json")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of the runs."""
    return tmp_path / "out"


@pytest.fixture
def execute(out: Path, talks: Dataset) -> Execute:
    """Run a technique; keywords are those of `Options`, `Plan` and `Run`."""

    def run(
        technique: str,
        *,
        dataset: Dataset | None = None,
        resume: bool = False,
        workers: int = 1,
        discard: bool = False,
        folder: Path | None = None,
        **options: object,
    ) -> Outcome:
        plan = Plan.of(dataset or talks, technique, Options(**options))  # type: ignore[arg-type]
        with opening.models(Settings(embedder="hash"), folder or out) as models:
            return Run(plan, models, folder or out, resume=resume, workers=workers, discard=discard).execute()

    return run


def files(layout: Layout) -> dict[str, bytes]:
    """What must be the same, however a run came about."""
    return {path.name: path.read_bytes() for path in (layout.answers, layout.metrics)}
