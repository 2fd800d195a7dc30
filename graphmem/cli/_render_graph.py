"""Entities, relations and paths as lines and as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from graphmem.cli._render import count, cut, inset, relation, table, words
from graphmem.values.records import span

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.values import Entity, EntityCard, Neighbourhood, Path, Relation

_LISTED = 20
"""Relations and facts of an entity that are shown."""


def entities(found: Sequence[Entity]) -> Iterator[RenderableType]:
    """One line an entity."""
    if not found:
        yield words("None.")
    for entity in found:
        yield _titled(entity)


def entity_table(found: Sequence[Entity]) -> Iterator[RenderableType]:
    """Entities."""
    yield table(("name", "type", "aliases", "id"), ((e.name, e.type, ", ".join(e.aliases), e.id) for e in found))


def card(found: EntityCard) -> Iterator[RenderableType]:
    """Everything about one entity."""
    yield _titled(found.entity)
    yield inset(f"mentioned {count(found.mentions, 'time', 'times')}", left=0)
    for title, listed in (("Now", found.now), ("Before", found.before)):
        yield from _listed(title, [inset(relation(r), "", left=2) for r in listed])
    yield from _listed(
        "Facts",
        [
            Text.assemble("  ", words(fact.text), (f"  {span(fact.valid_from, fact.valid_to)}", "dim"))
            for fact in found.facts
        ],
    )


def _listed(title: str, shown: Sequence[RenderableType]) -> Iterator[RenderableType]:
    if shown:
        yield Text(f"\n{title}", style="bold")
    yield from shown[:_LISTED]
    if len(shown) > _LISTED:
        yield inset(f"and {len(shown) - _LISTED:,} more; -o json has them all", left=2)


def relations(found: Sequence[Relation]) -> Iterator[RenderableType]:
    """One relation, and the sentence it comes from."""
    if not found:
        yield words("None.")
    for item in found:
        ended = "dim" if item.valid_to else ""
        yield words(relation(item), ended)
        yield inset(f'"{cut(item.fact)}", memory {", ".join(item.memory_ids)}')


def relation_table(found: Sequence[Relation]) -> Iterator[RenderableType]:
    """Relations."""
    yield table(
        ("source", "relation", "target", "when", "fact", "memories"),
        (
            (r.source.name, r.type, r.target.name, span(r.valid_from, r.valid_to), r.fact, " ".join(r.memory_ids))
            for r in found
        ),
    )


def neighbourhood(found: Neighbourhood) -> Iterator[RenderableType]:
    """The relations, then the entities."""
    yield from relations(found.relations)
    yield inset(", ".join(entity.name for entity in found.entities), "bold", left=0)


def paths(found: Sequence[Path], *, same: bool = False) -> Iterator[RenderableType]:
    """Each way, and the sentence behind each step; `same`: both ends have one name."""
    if not found and same:
        yield words("Both are the same: name two entities.")
    elif not found:
        yield words("They are not connected. Allow more steps with --max-hops, or ask for another time with --as-of.")
    for path in found:
        yield words(route(path), "bold")
        if path.hops == 1:
            yield inset(f'"{cut(path.relations[0].fact)}"')
            continue
        yield from (
            inset(f'{step.source.name} -{step.type}-> {step.target.name}: "{cut(step.fact)}"')
            for step in path.relations
        )


def route(path: Path) -> str:
    """`Maria -works_at-> Acme <-works_at- Bob`."""
    return str(path)


def path_table(found: Sequence[Path]) -> Iterator[RenderableType]:
    """Paths."""
    yield table(
        ("hops", "path", "facts"),
        ((path.hops, route(path), "\n".join(r.fact for r in path.relations)) for path in found),
    )


def rows(found: Sequence[Mapping[str, str]]) -> Iterator[RenderableType]:
    """`?who = Maria  ?where = Lisbon` lines."""
    if not found:
        yield words("No match.")
    for row in found:
        yield words("  ".join(f"{name} = {value}" for name, value in row.items()))


def row_table(found: Sequence[Mapping[str, str]]) -> Iterator[RenderableType]:
    """Bindings, one column a variable."""
    columns = tuple(found[0]) if found else ("no match",)
    yield table(columns, (tuple(row.get(column, "") for column in columns) for row in found))


def cypher(found: Sequence[Mapping[str, object]]) -> Iterator[RenderableType]:
    """`name = Maria  since = 2024-05-01` lines."""
    yield from rows([{name: _cell(value) for name, value in row.items()} for row in found])


def cypher_table(found: Sequence[Mapping[str, object]]) -> Iterator[RenderableType]:
    """Rows of a query, one column a column."""
    yield from row_table([{name: _cell(value) for name, value in row.items()} for row in found])


def _cell(value: object) -> str:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return "" if value is None else str(value)


def _titled(entity: Entity) -> Text:
    also = f"  also {', '.join(entity.aliases)}" if entity.aliases else ""
    return Text.assemble(words(entity.name, "bold"), (f"  {entity.type}", "cyan"), (also, "dim"))
