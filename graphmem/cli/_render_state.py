"""The state of the home and the settings, as lines and as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from graphmem.cli._print import data, line
from graphmem.cli._render import count, fields, flat, table, words

__all__ = ["field_table", "fields", "setting_table", "settings", "status", "verified"]

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.settings import Effective
    from graphmem.values import StatusReport, VerifyReport


def field_table(value: object) -> Iterator[RenderableType]:
    """The fields of a value as a table."""
    yield table(("name", "value"), flat(data(value)))


_STORES = ("chroma", "neo4j")
_COUNTED = {"memories": "memory", "messages": "message", "relations": "relation", "vectors": "vector"}
"""Tables that mean something to a reader, and the noun of one row."""


def status(found: StatusReport) -> Iterator[RenderableType]:
    """Where and what the memory is; then what waits."""
    held = {"holds": ", ".join(count(found.counts.get(many, 0), one, many) for many, one in _COUNTED.items())}
    shown = {"home": found.home, **held, **data(found)}
    hidden = {"counts", "unfinished", "pending"} | {key for key, value in shown.items() if value in ("", None)}
    yield from fields({key: value for key, value in shown.items() if key not in hidden})
    if found.unfinished:
        yield words(f"Not finished: {', '.join(f'{n:,} {state}' for state, n in found.unfinished.items())}.", "yellow")
        yield words("Finish them with: graphmem retry")
    if found.pending:
        yield words(f"{count(found.pending, 'write is', 'writes are')} still on the way to a store.")


def verified(report: VerifyReport) -> Iterator[RenderableType]:
    """Differences between the ledger and the stores."""
    for difference in report.differences:
        yield words(f"{difference.store}: {difference.item} is {difference.problem}", "red")
    stores = ", ".join(f"{report.checked[store]:,} in {store}" for store in _STORES if store in report.checked)
    rows = sum(number for what, number in report.checked.items() if what not in _STORES)
    checked = f"{rows:,} rows of the ledger" + (f" and {stores}" if stores else "")
    yield words(f"{count(len(report.differences), 'difference', 'differences')} ({checked} checked)")
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
