"""The state of the home and the settings, as lines and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from graphmem.cli._print import data, line
from graphmem.cli._render import count, fields, flat, table, words

__all__ = ["field_table", "fields", "setting_table", "settings", "verified"]

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.settings import Effective
    from graphmem.values import VerifyReport


def field_table(value: object) -> Iterator[RenderableType]:
    """The fields of a value as a table."""
    yield table(("name", "value"), flat(data(value)))


def verified(report: VerifyReport) -> Iterator[RenderableType]:
    """Differences between the ledger and the stores."""
    for difference in report.differences:
        yield words(f"{difference.store}: {difference.item} is {difference.problem}", "red")
    checked = ", ".join(f"{number:,} {what}" for what, number in report.checked.items())
    yield words(
        f"{count(len(report.differences), 'difference', 'differences')}" + (f" ({checked} checked)" if checked else "")
    )
    if report.state:
        yield words(f"state {report.state}", "dim")
    if report.pending:
        yield words(f"{count(report.pending, 'write is', 'writes are')} still on the way to a store.")
    if report.differences:
        yield words("Repair it with: graphmem rebuild")


def settings(effective: Iterable[Effective]) -> Iterator[RenderableType]:
    """`key = value  (origin)` lines."""
    for item in effective:
        yield words(f"{item.key} = {item.value or '(not set)'}").append(f"  {line(item.origin)}", style="dim")


def setting_table(effective: Iterable[Effective]) -> Iterator[RenderableType]:
    """Settings."""
    yield table(("setting", "value", "from"), effective)
