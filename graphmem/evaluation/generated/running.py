"""A benchmark, run: its conversations go into a memory, its questions come out as a table of accuracy."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from graphmem.evaluation.generated.asking import USER, Answered, ask
from graphmem.evaluation.generated.documents import Benchmark, Line
from graphmem.memory import Memory
from graphmem.models.contracts import ExtractionRequest
from graphmem.models.scripted import ScriptedExtractor
from graphmem.settings import Settings
from graphmem.values import Draft, Message, Value

Reader = Literal["local", "scripted"]
Advance = Callable[[int], None]
LINE = "line"
"""Metadata key under which a message keeps the id of its line; the extractors do not look at it."""


class Score(Value):
    """Answers of one kind of question, or of all."""

    kind: str
    asked: int
    right: int
    untrue: int
    """Answers that hold a value that was denied, only planned, or over."""

    @property
    def accuracy(self) -> float:
        """Share of exact answers, in [0, 1]."""
        return self.right / self.asked if self.asked else 0.0


class Result(Value):
    """What a run of the benchmark found."""

    people: int
    seed: int
    templates: str
    extractor: Reader
    embedder: str
    turns: int
    facts_told: int
    memories: int
    ingest_seconds: float
    ask_seconds: float
    scores: tuple[Score, ...]
    overall: Score
    wordings: Mapping[str, tuple[int, int]]
    """Template that says how things are -> (tellings, those from which some relation between the two was taken)."""
    wrong: tuple[Answered, ...]


def run(
    benchmark: Benchmark,
    extractor: Reader,
    *,
    embedder: str = "",
    home: Path | None = None,
    advance: Advance = lambda _: None,
) -> Result:
    """Ingest and ask. `embedder` is a setting's name; by default the scripted run hashes words, the local one reads.

    The home is a temporary folder unless one is given. Raises MissingExtra when the local models are not installed.
    """  # fmt: skip
    embedder = embedder or ("hash" if extractor == "scripted" else "auto")
    with (
        tempfile.TemporaryDirectory(prefix="graphmem-") as folder,
        _opened(benchmark, extractor, embedder, home or Path(folder) / "home") as memory,
    ):
        started = time.perf_counter()
        messages, wordings = _ingest(memory, benchmark, advance)
        ingested = time.perf_counter()
        answers = [ask(memory, question, messages) for question in benchmark.questions]
        asked = time.perf_counter()
        status = memory.status()
    return Result(
        people=benchmark.people, seed=benchmark.seed, templates=benchmark.templates, extractor=extractor,
        embedder=status.embedder, turns=sum(1 for _ in benchmark.lines),
        facts_told=sum(len(line.facts) for line in benchmark.lines), memories=status.counts.get("memories", 0),
        ingest_seconds=round(ingested - started, 2), ask_seconds=round(asked - ingested, 2),
        scores=scores(answers), overall=_score("all", answers), wordings=wordings,
        wrong=tuple(a for a in answers if not a.right),
    )  # fmt: skip


def scores(answers: Iterable[Answered]) -> tuple[Score, ...]:
    """A score a kind of question, in the order of the questions."""
    groups: dict[str, list[Answered]] = {}
    for answer in answers:
        groups.setdefault(answer.question.kind, []).append(answer)
    return tuple(_score(kind, group) for kind, group in groups.items())


def _score(kind: str, answers: list[Answered]) -> Score:
    return Score(
        kind=kind, asked=len(answers), right=sum(a.right for a in answers), untrue=sum(a.untrue for a in answers)
    )


def _opened(benchmark: Benchmark, extractor: Reader, embedder: str, home: Path) -> Memory:
    chosen = perfect(benchmark) if extractor == "scripted" else None
    settings = Settings(home=home, embedder=embedder, extractor="local" if chosen is None else "none")
    return Memory.open(settings, extractor=chosen, clock=lambda: benchmark.now.astimezone(UTC))


def perfect(benchmark: Benchmark) -> ScriptedExtractor:
    """An extractor that takes from every line what the world says, and nothing from all others."""
    known = {line.id: line for line in benchmark.lines}

    def read(request: ExtractionRequest) -> Draft:
        return Draft(
            facts=tuple(
                fact.model_copy(update={"message": index})
                for index, message in enumerate(request.messages)
                for fact in known[message.metadata[LINE]].facts
            )
        )

    return ScriptedExtractor(read)


def _ingest(
    memory: Memory, benchmark: Benchmark, advance: Advance
) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    """Add every conversation; the ids of messages by line, and how often each template was understood."""
    messages: dict[str, str] = {}
    wordings: dict[str, tuple[int, int]] = {}
    for talk in benchmark.talks:
        said = [_message(line, talk.at) for line in talk.lines]
        result = memory.add(said, user_id=USER, run_id=talk.id, at=talk.at)
        messages |= dict(zip((line.id for line in talk.lines), result.message_ids, strict=True))
        stored = {frozenset((r.source.name, r.target.name)) for r in result.relations_added}
        for line in talk.lines:
            if pairs := _stated(line):
                told, understood = wordings.get(line.template, (0, 0))
                wordings[line.template] = (told + 1, understood + (pairs <= stored))
        advance(len(said))
    return messages, wordings


def _stated(line: Line) -> set[frozenset[str]]:
    """The pairs of names between which a line says that something holds."""
    return {frozenset((r.source, r.target)) for f in line.facts if f.modality == "asserted" for r in f.relations}


def _message(line: Line, at: datetime) -> Message:
    return Message(role="user", name=line.speaker, content=line.text, timestamp=at, metadata={LINE: line.id})
