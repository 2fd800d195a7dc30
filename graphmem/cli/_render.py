"""Results as lines and as tables. Everything shown went through `clean`: a memory cannot steer the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from graphmem.cli._indent import Hanging, Inset
from graphmem.cli._print import clean, data, line
from graphmem.values.records import span
from graphmem.values.results import FINISH

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.values import (
        AddResult,
        Change,
        Context,
        DeleteReport,
        Episode,
        HistoryEntry,
        Hit,
        Memory,
        Page,
        Relation,
        SearchResult,
        Step,
    )

_COLOURS = {"ADD": "green", "UPDATE": "yellow", "DELETE": "red", "NONE": "dim"}
_QUOTE = 200
"""Characters of a quotation that are shown."""
_AROUND = 8
"""Relations shown below the hits of a search."""
_STOP = 60
"""Characters of a stop on a route."""


def words(text: str, style: str = "") -> Text:
    """Text on one line, as it is: no markup in it counts."""
    return Text(line(text), style=style)


def day(moment: datetime | None) -> str:
    """The day of a moment, in UTC; with the time when it is not midnight of a message."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d")


def minute(moment: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def cut(text: str, limit: int = _QUOTE) -> str:
    """One line of at most so many characters."""
    flat = line(text)
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def table(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> Table:
    """A table of plain texts."""
    made = Table(header_style="bold", title_justify="left")
    for column in columns:
        made.add_column(column, overflow="fold")
    for cells in lines:
        made.add_row(*(words("" if cell is None else str(cell)) for cell in cells))
    return made


def inset(text: str, style: str = "dim", left: int = 4) -> RenderableType:
    """A line under another one."""
    return Inset(text, style, left)


def fields(value: object) -> Iterator[RenderableType]:
    """`name  value` lines of a value, nested ones joined by dots."""
    pairs = list(flat(data(value)))
    width = max((len(key) for key, _ in pairs), default=0)
    for key, found in pairs:
        yield words("").append(f"{key:<{width}}  ", style="dim").append(line(found))


def flat(value: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, text) pairs of a JSON value, nested names joined by dots."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from flat(part, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for place, part in enumerate(value):
            yield from flat(part, f"{prefix}.{place}")
    else:
        yield prefix, ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


# add, retry, episodes


def added(result: AddResult) -> Iterator[RenderableType]:
    """What an add did."""
    if result.duplicate:
        yield words("Known already: the same add was accepted before, nothing was written.")
    elif result.status == "failed":
        yield words(f"Kept, but not read yet: {failure(result)} Finish it with: graphmem retry", "yellow")
    elif not result.changes:
        yield words(result.reason or "Kept the messages; they hold no new fact.")
    yield from changes(result.changes)
    for mark, relations in (("+", result.relations_added), ("-", result.relations_ended)):
        for relation in relations:
            yield inset(f"{mark} {relation.source.name} {relation.type} {relation.target.name}", "")
    if result.resolution_id and result.changes:
        yield inset(f"take it back with: graphmem undo {result.resolution_id}", left=0)


def added_table(result: AddResult) -> Iterator[RenderableType]:
    """The changes of an add."""
    yield table(
        ("event", "memory", "text", "was", "reason"),
        ((c.event, c.memory_id, c.text, c.previous_text, c.reason) for c in result.changes),
    )


def changes(found: Iterable[Change]) -> Iterator[RenderableType]:
    """One line a change, and why."""
    for change in found:
        yield Text.assemble(
            (f"{change.event:<8}", _COLOURS[change.event]), words(change.text or change.previous_text or "")
        )
        if change.previous_text and change.text and change.previous_text != change.text:
            yield inset(f"was: {change.previous_text}")
        yield inset(", ".join(part for part in (change.memory_id, change.reason) if part))


def episodes(found: Sequence[Episode]) -> Iterator[RenderableType]:
    """One line an episode."""
    if not found:
        yield words("None.")
    for episode in found:
        notes = ", ".join(part for part in (scope(episode.scope.labels), episode.reason) if part)
        yield Text.assemble((episode.id, "dim"), f"  {minute(episode.occurred_at)}  {episode.status:<8}", words(notes))


def episode_table(found: Sequence[Episode]) -> Iterator[RenderableType]:
    """Episodes."""
    yield table(
        ("id", "when", "scope", "status", "reason", "retry"),
        (
            (e.id, minute(e.occurred_at), scope(e.scope.labels), e.status, e.reason, "yes" if e.retryable else "")
            for e in found
        ),
    )


def retried(results: Sequence[AddResult]) -> Iterator[RenderableType]:
    """What a retry finished."""
    failed = [result for result in results if result.status == "failed"]
    yield words(f"{len(results) - len(failed)} finished, {len(failed)} still failing." if results else "Nothing to do.")
    for result in failed:
        yield inset(f"{result.episode_id}: {failure(result)}")


def failure(result: AddResult) -> str:
    """Why an add is unfinished, without the advice that is meant for Python."""
    return f"{result.reason.removesuffix(FINISH)}." if result.reason.endswith(FINISH) else result.reason


def scope(labels: Mapping[str, str]) -> str:
    """Labels on one line."""
    return " ".join(f"{label.removesuffix('_id')}={value}" for label, value in labels.items())


# search, context, get, list


def hits(result: SearchResult, *, explain: bool) -> Iterator[RenderableType]:
    """Hits with score, source, dates and evidence; then the relations around them."""
    yield from _degraded(result)
    if not result.hits:
        yield words("Nothing found.")
    for place, hit in enumerate(result.hits, 1):
        yield _headline(place, hit)
        yield from (inset(note) for note in _notes(hit))
        if explain and hit.why:
            yield from (inset(note, "cyan") for note in why(hit))
    if near := around(result):
        yield Text("\nAround it", style="bold")
        yield from (inset(relation(r), "", left=2) for r in near[:_AROUND])
        if left := len(result.relations) - len(near[:_AROUND]):
            yield inset(f"and {left} more; -o json has them all", left=2)


def around(result: SearchResult) -> list[Relation]:
    """The relations that the hits speak of: one of them supports it, or names both ends.

    The others are merely the newest of whom the question names, which says nothing about the question.
    """
    ids, texts = {hit.id for hit in result.hits}, [hit.text.casefold() for hit in result.hits]

    def told(found: Relation) -> bool:
        ends = found.source.name.casefold(), found.target.name.casefold()
        return not ids.isdisjoint(found.memory_ids) or any(all(end in text for end in ends) for text in texts)

    return [found for found in result.relations if told(found)]


def hit_table(result: SearchResult, *, explain: bool) -> Iterator[RenderableType]:
    """Hits as a table."""
    yield from _degraded(result)
    columns = ("#", "score", "source", "text", "when", "evidence", "id") + (("why",) if explain else ())
    yield table(
        columns,
        (
            (place, f"{h.score:.2f}", h.source, h.text, _time(h), evidence(h), h.id)
            + (("\n".join(why(h)),) if explain else ())
            for place, h in enumerate(result.hits, 1)
        ),
    )


def why(hit: Hit) -> Iterator[str]:
    """The parts of a score, and the way through the graph."""
    if hit.why is None:
        return
    if parts := [f"{name} {value:.2f}" for name, value in hit.why.signals.items() if value]:
        yield "score: " + ", ".join(parts)
    if hit.why.route:
        yield f"route: {route(hit.why.route)}"


def route(steps: Sequence[Step]) -> str:
    """`Ann -works_at-> Acme`, one chain while each step starts where the last one ended."""
    written, here = "", None
    for step in steps:
        start = "" if step.source == here else ("; " if written else "") + cut(step.source, _STOP)
        written += f"{start} -{step.type}-> {cut(step.target, _STOP)}"
        here = step.target
    return written


def evidence(hit: Hit) -> str:
    """Who said it, in which words."""
    quote = next((e.quote for e in hit.evidence if e.quote), "")
    said = f"{hit.speaker}: " if hit.speaker else ""
    return f'{said}"{cut(quote)}"' if quote and quote != hit.text else said.removesuffix(": ")


def block(found: Context) -> Iterator[RenderableType]:
    """The block as it goes into a prompt."""
    yield Text(clean(found.text))


def memory(found: Memory) -> Iterator[RenderableType]:
    """One memory, whole."""
    yield words(found.text, "bold")
    yield from fields(
        {key: value for key, value in data(found).items() if key != "text" and value not in (None, [], {})}
    )


def memory_table(found: Sequence[Memory]) -> Iterator[RenderableType]:
    """Memories."""
    yield table(
        ("id", "text", "when", "kind", "scope", "metadata"),
        (
            (m.id, m.text, span(m.valid_from, m.valid_to), m.kind, scope(m.scope.labels), m.metadata or "")
            for m in found
        ),
    )


def listed(page: Page) -> Iterator[RenderableType]:
    """One line a memory."""
    if not page.items:
        yield words("None.")
    for item in page.items:
        yield Text.assemble(
            (item.id, "dim"), "  ", words(item.text), (f"  {span(item.valid_from, item.valid_to)}", "dim")
        )
    if page.cursor:
        yield inset(f"more: --cursor {page.cursor}", left=0)


def list_table(page: Page) -> Iterator[RenderableType]:
    """A page of memories."""
    yield from memory_table(page.items)
    if page.cursor:
        yield inset(f"more: --cursor {page.cursor}", left=0)


def relation(found: Relation) -> str:
    """A relation on one line, with its time."""
    return str(found)


def _headline(place: int, hit: Hit) -> Hanging:
    mark = Text.assemble((f"{place:>2}  ", "bold"), (f"{hit.score:.2f}  ", "green"), (f"{hit.source:<7}  ", "cyan"))
    return Hanging(mark, words(hit.text, "bold"))


def _notes(hit: Hit) -> Iterator[str]:
    if parts := [part for part in (_time(hit), evidence(hit)) if part]:
        yield ", ".join(parts)
    yield f"id {hit.id}" + (f", {json.dumps(data(hit.metadata), ensure_ascii=False)}" if hit.metadata else "")


def _time(hit: Hit) -> str:
    return minute(hit.valid_from) if hit.source == "message" else span(hit.valid_from, hit.valid_to)


def _degraded(result: SearchResult) -> Iterator[RenderableType]:
    if result.degraded:
        yield words(f"Could not ask: {', '.join(result.degraded)}. The rest answered.", "yellow")


# update, delete, history


def deleted(report: DeleteReport) -> Iterator[RenderableType]:
    """What went."""
    yield words(f"{'Would delete' if report.dry_run else 'Deleted'} {counts(report)}.")
    if report.resolution_id:
        yield inset(f"take it back with: graphmem undo {report.resolution_id}", left=0)


def counts(report: DeleteReport) -> str:
    """`2 memories, 1 message`."""
    names = {
        "memories": "memory",
        "messages": "message",
        "episodes": "episode",
        "relations": "relation",
        "entities": "entity",
    }
    parts = [count(getattr(report, many), one, many) for many, one in names.items() if getattr(report, many)]
    return ", ".join(parts) or "nothing"


def count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def history(entries: Sequence[HistoryEntry]) -> Iterator[RenderableType]:
    """Oldest first, as the ledger gives them."""
    if not entries:
        yield words("None: no memory has had this id.")
    for entry in entries:
        style = _COLOURS[entry.event]
        yield Text.assemble(
            (minute(entry.at), "dim"),
            "  ",
            (f"{entry.event:<8}", style),
            words(entry.text or entry.previous_text or ""),
        )
        if entry.previous_text and entry.text and entry.previous_text != entry.text:
            yield inset(f"was: {entry.previous_text}")
        if notes := [n for n in (entry.reason, entry.resolution_id and f"resolution {entry.resolution_id}") if n]:
            yield inset(", ".join(notes))


def history_table(entries: Sequence[HistoryEntry]) -> Iterator[RenderableType]:
    """History."""
    yield table(
        ("when", "event", "text", "was", "reason", "resolution"),
        ((minute(e.at), e.event, e.text, e.previous_text, e.reason, e.resolution_id) for e in entries),
    )
