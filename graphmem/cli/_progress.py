"""Progress on stderr: a bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from graphmem.cli._print import say

Advance = Callable[[int], None]
_EVERY = 5.0
"""Seconds between two lines when no terminal is there."""


@contextmanager
def progress(title: str, total: int, unit: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Yields a function that is told how many units more are done."""
    if quiet or not total:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(title, total, unit) as advance:
            yield advance
    else:
        yield _lines(title, total, unit)


@contextmanager
def _bar(title: str, total: int, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.0f} {unit}/s" if speed else f"- {unit}/s", style="dim")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(title, total=total)
        yield lambda more: bar.advance(task, more)


def _lines(title: str, total: int, unit: str) -> Advance:
    started = last = time.monotonic()
    done = 0

    def advance(more: int) -> None:
        nonlocal done, last
        done += more
        now = time.monotonic()
        if now - last < _EVERY and done < total:
            return
        last = now
        rate = done / max(now - started, 1e-6)
        say(f"{title}: {done:,} of {total:,} {unit}, {rate:.0f}/s, {(total - done) / rate:.0f} s left")

    return advance
