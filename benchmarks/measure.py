"""What the benchmarks share: timing, percentiles, tables, the machine's name."""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table


def machine() -> str:
    """Processor count, model and Python: what a figure is worth without them is nothing."""
    cpuinfo = Path("/proc/cpuinfo")
    names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    model = names[0].split(":")[1].strip() if names else platform.processor()
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def percentiles(spent: Sequence[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds."""
    return {"p50": round(float(np.percentile(spent, 50)), 2), "p95": round(float(np.percentile(spent, 95)), 2)}


def interleaved(calls: dict[str, Callable[[int], object]], rounds: int) -> dict[str, dict[str, float]]:
    """Each call once a round, so that a noisy machine is noisy for all of them alike."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            spent[name].append(timed(lambda call=call, number=number: call(number)))  # type: ignore[misc]
    return {name: percentiles(values) for name, values in spent.items()}


def memory_mb() -> float:
    """Largest resident memory of this process so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def report(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print one table."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(width=140).print(table)


def write(path: Path | None, figures: dict[str, Any]) -> None:
    """Write the figures with the machine they were taken on."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), **figures}, indent=2), encoding="utf-8")
        print(f"written to {path}")
