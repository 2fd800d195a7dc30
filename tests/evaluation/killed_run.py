"""A run in a process of its own, which ends it without warning in the middle of a line. Arguments: data, folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from graphmem import Settings
from graphmem.evaluation import data, opening
from graphmem.evaluation.folders import RunFolder
from graphmem.evaluation.plans import Plan
from graphmem.evaluation.records import Record, Timing
from graphmem.evaluation.runs import Run
from graphmem.evaluation.techniques.contract import Options

LEFT = 3
"""Questions that are finished before the end."""


def main(path: str, folder: str) -> None:
    """Run `graphmem+` until so many questions are written, then tear the next line."""
    keep, done = RunFolder.keep, []

    def counted(self: RunFolder, record: Record, timing: Timing) -> None:
        if len(done) == LEFT:
            with self.layout.records.open("a", encoding="utf-8") as file:
                file.write(record.model_dump_json()[:40])
            os._exit(9)
        done.append(record)
        keep(self, record, timing)

    RunFolder.keep = counted  # type: ignore[method-assign]
    plan = Plan.of(data.read("locomo", path), "graphmem+", Options())
    with opening.models(Settings(embedder="hash"), Path(folder)) as models:
        Run(plan, models, Path(folder)).execute()


if __name__ == "__main__":
    main(*sys.argv[1:])
