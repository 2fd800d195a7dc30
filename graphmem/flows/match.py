"""Pattern queries: `match("?p works_at Acme", "?p lives_in ?c")` gives one row for each way to fill the variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from graphmem.errors import InputError
from graphmem.flows.relate import Asked, resolve
from graphmem.steps.relation_types import mirrored, relation_type
from graphmem.values import Entity, Relation

_TOKEN = re.compile(r"\"[^\"]+\"|'[^']+'|\S+")
ADVICE = 'Write "subject relation object", for example "?p works_at Acme"; put names with spaces in double quotes.'

Row = dict[str, str]


class Pattern(NamedTuple):
    """One triple with variables; a term that starts with `?` is a variable."""

    source: str
    type: str
    target: str


class _Binding(NamedTuple):
    """Entity ids by variable, and what to show for them."""

    ids: dict[str, str]
    names: Row


def parse(text: str) -> Pattern:
    """Read one pattern. Raises InputError."""
    found = _split(text)
    if found is None:
        raise InputError("pattern", f"{text!r} is not a pattern.", advice=ADVICE)
    return found


def _split(text: str) -> Pattern | None:
    tokens = _TOKEN.findall(text) if isinstance(text, str) else []
    if len(tokens) < 3:
        return None
    inner = range(1, len(tokens) - 1)
    place = 1 if len(tokens) == 3 else next((i for i in inner if "_" in tokens[i]), None)
    if place is None:
        return None
    parts = Pattern(_unquote(" ".join(tokens[:place])), tokens[place], _unquote(" ".join(tokens[place + 1 :])))
    return parts if all(part.strip("? ") for part in parts) else None


def _unquote(term: str) -> str:
    return term[1:-1] if len(term) > 1 and term[0] == term[-1] and term[0] in "\"'" else term


def match(asked: Asked, patterns: Sequence[str], limit: int) -> tuple[Row, ...]:
    """Rows of bindings, variable -> name, without duplicates, in a stable order.

    Raises InputError for a malformed pattern and UnknownEntity for a name nobody bears.
    """
    if not patterns:
        raise InputError("patterns", "is empty.", advice=ADVICE)
    rows = [_Binding({}, {})]
    for pattern in [parse(text) for text in patterns]:
        rows = list(_join(asked, pattern, rows))
        if not rows:
            return ()
    distinct = {tuple(sorted(row.ids.items())): row.names for row in rows}
    ordered = sorted(distinct.items(), key=lambda item: (tuple(item[1].values()), item[0]))
    return tuple(names for _, names in ordered[:limit])


def _join(asked: Asked, pattern: Pattern, rows: Sequence[_Binding]) -> Iterable[_Binding]:
    """Extend every row by every relation that fits the pattern; one fetch, narrowed by what is bound already."""
    ends = {term: _bound(asked, term, rows) for term in (pattern.source, pattern.target)}
    narrowest = min((ids for ids in ends.values() if ids is not None), key=len, default=None)
    kind = None if pattern.type.startswith("?") else relation_type(pattern.type)
    kinds = None if kind is None else list(dict.fromkeys(filter(None, (kind, mirrored(kind)))))
    found = asked.relations(None if narrowest is None else sorted(narrowest), kinds)
    for relation in (way for r in found for way in _ways(r, kind)):
        if any(ids is not None and end.id not in ids for end, ids in _sides(relation, pattern, ends)):
            continue
        for row in rows:
            if (extended := _extend(row, pattern, relation)) is not None:
                yield extended


def _ways(relation: Relation, kind: str | None) -> tuple[Relation, ...]:
    """A relation as it stands and as its target has it, where that is what the pattern asks for."""
    if kind is None:
        return (relation,)
    turned = relation.model_copy(update={"source": relation.target, "target": relation.source, "type": kind})
    return tuple(
        way for way, fits in ((relation, relation.type == kind), (turned, mirrored(relation.type) == kind)) if fits
    )


def _sides(
    relation: Relation, pattern: Pattern, ends: dict[str, set[str] | None]
) -> tuple[tuple[Entity, set[str] | None], ...]:
    return (relation.source, ends[pattern.source]), (relation.target, ends[pattern.target])


def _bound(asked: Asked, term: str, rows: Sequence[_Binding]) -> set[str] | None:
    """Entity ids a term may stand for; None: any."""
    if not term.startswith("?"):
        return {e.id for e in resolve(asked, term)}
    return {row.ids[term] for row in rows} if term in rows[0].ids else None


def _extend(row: _Binding, pattern: Pattern, relation: Relation) -> _Binding | None:
    ids, names = dict(row.ids), dict(row.names)
    terms = (
        (pattern.source, relation.source.id, relation.source.name),
        (pattern.target, relation.target.id, relation.target.name),
        (pattern.type, relation.type, relation.type),
    )
    for term, identity, name in terms:
        if not term.startswith("?"):
            continue
        if ids.setdefault(term, identity) != identity:
            return None
        names[term[1:]] = name
    return _Binding(ids, names)
