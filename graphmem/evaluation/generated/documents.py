"""The values of a generated benchmark, and the file that holds one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from graphmem.errors import InputError
from graphmem.evaluation.generated.words import Half
from graphmem.values import FactDraft, Moment, Value

FORMAT = 1

Kind = Literal[
    "now", "who", "as of", "what changed", "2 hops", "3 hops", "4 hops", "paths", "ended", "used to", "denied",
    "not said to be so", "corrected", "told late", "back again", "homonyms", "search",
]  # fmt: skip
"""What a question tests. now, who: one hop, from either end; as of: one hop in the past; ended: over and nothing in
its place; used to: over before anybody spoke; not said to be so: plans, dreams, questions; told late: the older change
is told after the newer one; back again: A, B, A as three intervals; search: in words, with the right evidence."""


class Line(Value):
    """One turn of a conversation, with the facts that a perfect reader takes from it."""

    id: str
    speaker: str
    text: str
    facts: tuple[FactDraft, ...] = ()
    template: str = ""
    """The template behind the fact, to see which wordings are missed."""


class Talk(Value):
    """A conversation of two people on one day."""

    id: str
    at: Moment
    lines: tuple[Line, ...]


class Ask(Value):
    """How a question is put to the public API.

    match: bindings of `variable` for `patterns`; intervals: targets of the relations of `name`, oldest first; changes:
    what began and ended between `as_of` and `until`; paths: the shortest ways from `name` to `target`; search: `text`
    in words, right when a hit names the answer and cites `evidence`.
    """

    call: Literal["match", "intervals", "changes", "paths", "search"]
    patterns: tuple[str, ...] = ()
    variable: str = "x"
    name: str = ""
    target: str = ""
    type: str = ""
    as_of: Moment | None = None
    until: Moment | None = None


class Question(Value):
    """A question with its exact answer: values in order for intervals, a set of values for all others."""

    id: str
    kind: Kind
    text: str
    ask: Ask
    answer: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    """Values that would be wrong: what was denied, planned, over."""
    evidence: tuple[str, ...] = ()
    """Ids of the lines that say it."""


class Benchmark(Value):
    """A world in conversation, and what is asked about it at `now`."""

    format: int = FORMAT
    people: int
    seed: int
    templates: Half
    now: Moment
    talks: tuple[Talk, ...]
    questions: tuple[Question, ...]

    @property
    def lines(self) -> Iterator[Line]:
        """All turns, in order."""
        return (line for talk in self.talks for line in talk.lines)


def save(benchmark: Benchmark, path: Path) -> None:
    """Write a benchmark as JSON, the same bytes for the same benchmark."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = benchmark.model_dump(mode="json", exclude_defaults=True) | {"format": FORMAT}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Benchmark:
    """Read a benchmark. Raises InputError naming what is wrong."""
    advice = "Make one with: graphmem eval generate --people 50 --out FILE"
    try:
        return Benchmark.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise InputError("file", f"{path} cannot be read: {exc.strerror}.", advice=advice) from exc
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError("file", f"{path}: {where}: {first['msg']}.", advice=advice) from exc
