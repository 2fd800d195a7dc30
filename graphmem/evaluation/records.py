"""The values of an evaluation, and the files of a run.

A run is one technique on one data set in one mode. Its folder (see `Layout`) holds what was asked, found and answered,
apart from what depends on the machine: `answers.json` and `metrics.json` are byte for byte the same when a run was
killed and resumed; times, costs and sizes are in `timings.jsonl`, `spending.jsonl` and `measurements.json`.

All shares are in [0, 1], all times in milliseconds, all prices in US dollars. Ids of questions are unique in a data
set, those of turns in a conversation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from graphmem.values import Moment, Value

CUTS = (2, 5, 10, 20, 30)
"""Ranks at which recall is measured; nDCG at those from 5 on."""
DEPTH = max(CUTS)
"""Items that every technique ranks, at least, whatever its context shows."""

DatasetName = Literal["locomo", "longmemeval", "musique", "jsonl", "generated"]
Mode = Literal["raw", "recorded", "local", "llm"]
"""What is remembered of a conversation. raw: the messages; recorded: and facts that the data brings along; local: and
what the local extractor finds; llm: and what a chat model finds."""
Level = Literal["turn", "session"]
Judge = Literal["generous", "strict"]
Stage = Literal["ingest", "search", "answer", "judge"]


# What is asked


class Turn(Value):
    """Something said, or one passage of a document; `text` has the caption of a photo behind it."""

    id: str
    speaker: str
    text: str
    role: Literal["user", "assistant"] = "user"


class Session(Value):
    """Turns that follow one another; `at` is the real date of the session. A passage is a session of one turn."""

    id: str
    at: Moment | None = None
    turns: tuple[Turn, ...]


class KnownFact(Value):
    """A fact that the data holds, with the turns it comes from; `relations` are (source, type, target)."""

    text: str
    sources: tuple[str, ...]
    subject: str | None = None
    relations: tuple[tuple[str, str, str], ...] = ()


class Question(Value):
    """A question about one conversation.

    `evidence` are ids of turns, or of sessions where `level` says so. A question that cannot be answered from the
    conversation is `unanswerable`: the right reply is that it is not mentioned.
    """

    id: str
    conversation: str
    text: str
    answer: str = ""
    aliases: tuple[str, ...] = ()
    """Other answers that are right."""
    category: str = ""
    evidence: tuple[str, ...] = ()
    level: Level = "turn"
    unanswerable: bool = False
    adversarial_answer: str = ""
    """The tempting wrong answer to an unanswerable question."""
    asked_at: Moment | None = None


class Conversation(Value):
    """What one memory is made from, and what it is asked. Passages of a corpus are one conversation."""

    id: str
    speakers: tuple[str, ...] = ()
    sessions: tuple[Session, ...]
    facts: tuple[KnownFact, ...] = ()
    questions: tuple[Question, ...] = ()
    chat: bool = True
    """Turns answer one another; False for passages."""

    @property
    def turns(self) -> Iterator[Turn]:
        """All turns, in order."""
        return (turn for session in self.sessions for turn in session.turns)


class Category(Value):
    """A kind of question; `paper` is the label that the Mem0 paper prints over the same questions."""

    key: str
    name: str
    paper: str = ""
    averaged: bool = True
    """Counted in the averages over all questions; LoCoMo's adversarial questions are not."""


class Dataset(Value):
    """A file of conversations, read. `sha256` is that of the file, or of the files of a folder in order."""

    name: DatasetName
    path: str
    sha256: str
    categories: tuple[Category, ...]
    """In the order in which tables show them."""
    conversations: tuple[Conversation, ...]

    @property
    def questions(self) -> Iterator[Question]:
        """All questions, in order."""
        return (question for conversation in self.conversations for question in conversation.questions)


# What a technique gives


class Found(Value):
    """One place of a ranking: a message, a fact, a turn of a chunk. `sources` are the turns that it rests on."""

    id: str
    sources: tuple[str, ...]
    kind: str = "message"
    score: float = 0.0


class Retrieved(Value):
    """What a technique gives for a question: the text for the prompt, and the ranking behind it."""

    text: str
    found: tuple[Found, ...] = ()
    """Best first, `DEPTH` places or more, also those that the text does not show; empty when nothing is ranked."""
    shown: tuple[str, ...] = ()
    """Ids of the turns whose content the text shows, itself or as a fact."""
    relations: tuple[tuple[str, str, str], ...] = ()
    """(source, type, target), given to the prompt beside the text."""
    response: str | None = None
    """The answer itself, where a technique brings one along (result files of hosted systems); no model is asked."""
    milliseconds: Mapping[str, float] = Field(default_factory=dict)
    """By part, such as `embed` and `search`; their sum is the time of the search."""


class Ingested(Value):
    """What a technique made of one conversation. What model calls cost stands in `spending.jsonl`."""

    conversation: str
    items: int = 0
    """Things kept: messages, facts, chunks."""
    memory_tokens: int = 0
    """Tokens of all texts that it keeps beside the messages themselves (of the messages, when it keeps only those)."""
    disk_bytes: int = 0
    milliseconds: float = 0.0


# What a run writes


class Record(Value):
    """One question, asked. Holds nothing that depends on the machine."""

    question: Question
    found: tuple[Found, ...] = ()
    shown: tuple[str, ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()
    context: str = ""
    """SHA-256 of the context text, which `contexts.jsonl` holds once."""
    context_tokens: int = 0
    response: str | None = None
    """None when no model was asked."""


class Judgement(Value):
    """What one judge said of one response in one run."""

    question_id: str
    judge: Judge
    run: int
    """From 0."""
    correct: bool
    reason: str = ""


class Timing(Value):
    """How long one question took."""

    question_id: str
    search: float
    """Until the context was there."""
    answer: float | None = None
    """The model's part, when there was one."""


class Spent(Value):
    """One prompt that was paid for, or that failed; written at once."""

    stage: Stage
    conversation: str = ""
    question_id: str = ""
    model: str
    calls: int
    """HTTP requests that were answered, retries among them."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float | None = None
    """None when the price of the model is not known."""


class Manifest(Value):
    """What was run, on what, with what. A run is resumed only when `differs` finds nothing."""

    format: int = 1
    technique: str
    label: str
    """Name of the run's folder, and of its line in tables: `graphmem+-raw`, `rag-500x2-raw`."""
    dataset: DatasetName
    data_path: str
    data_sha256: str
    categories: tuple[Category, ...]
    conversations: tuple[str, ...]
    """Ids of those that were asked about."""
    questions: int
    mode: Mode
    top_k: int
    seed: int = 0
    """Of the draws behind the intervals."""
    settings: Mapping[str, Any] = Field(default_factory=dict)
    """Everything else that shapes the results: chunks, turns of an add."""
    models: Mapping[str, str] = Field(default_factory=dict)
    """By role: `embedder`, `extract`, `resolve`, `answer`, `judge`."""
    prompts: Mapping[str, str] = Field(default_factory=dict)
    """SHA-256 of each prompt file in use."""
    counter: str = ""
    """What counts the tokens of contexts and memories."""
    versions: Mapping[str, str] = Field(default_factory=dict)
    commit: str = ""
    """Commit of the checkout, with `+` behind it when it was changed; empty in an installed package."""
    created_at: Moment | None = None

    def differs(self, other: Manifest) -> str:
        """What keeps a run from being continued as `other`, in words; empty when nothing does.

        More questions, more judges and models for roles that had none may come in; place of the data, versions,
        commit and date do not matter.
        """
        mine, theirs = (m.model_dump(mode="json", include=_IDENTITY) for m in (self, other))
        for key in ("settings", "models", "prompts"):
            before, after = mine.pop(key), theirs.pop(key)
            mine |= {f"{key}, {part}": value for part, value in before.items() if part in after}
            theirs |= {f"{key}, {part}": value for part, value in after.items() if part in before}
        changed = [key for key, value in mine.items() if value != theirs[key]]
        return f"{changed[0]}: {mine[changed[0]]!r} became {theirs[changed[0]]!r}" if changed else ""


_IDENTITY = {
    "format", "technique", "label", "dataset", "data_sha256", "mode", "top_k", "settings", "models", "prompts",
    "counter",
}  # fmt: skip


class Estimate(Value):
    """A mean with its 95 % bootstrap interval.

    Conversations are drawn with all their questions; when there is but one, questions are drawn.
    """

    mean: float
    low: float
    high: float
    n: int
    """Questions."""
    clusters: int
    """What was drawn: conversations, or questions."""
    sd: float | None = None
    """Spread between judge runs, for a judge's score."""


class Scores(Value):
    """`metrics.json`: the quality of one run.

    Names of metrics: `R@2` … `R@30`, `nDCG@5` … `nDCG@30`, `evidence in context`, `context tokens`; with answers `F1`,
    `BLEU-1`, `SQuAD F1`, `judge generous`, `judge strict`; for unanswerable questions `abstention`.
    A metric that was not measured is absent.
    """

    label: str
    overall: Mapping[str, Estimate]
    """Over the questions of categories that are averaged."""
    by_category: Mapping[str, Mapping[str, Estimate]]
    """By `Category.key`."""


class Percentiles(Value):
    """Of a set of times."""

    p50: float
    p95: float
    n: int


class StageCost(Value):
    """What a stage cost over the whole run."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    dollars: float | None = 0.0
    """None when the price of a model is not known."""


class Measurements(Value):
    """`measurements.json`: what depends on the machine and on the models' day."""

    label: str
    search: Percentiles | None = None
    answer: Percentiles | None = None
    total: Percentiles | None = None
    """Search and answer together; without answers the search alone."""
    ingest_seconds: float = 0.0
    ingest: tuple[Ingested, ...] = ()
    costs: Mapping[str, StageCost] = Field(default_factory=dict)
    """By stage."""

    @property
    def memory_tokens(self) -> float:
        """Mean tokens of memory a conversation."""
        return sum(i.memory_tokens for i in self.ingest) / len(self.ingest) if self.ingest else 0.0

    @property
    def disk_bytes(self) -> int:
        """Of all conversations."""
        return sum(i.disk_bytes for i in self.ingest)


class Layout:
    """The files of one run, in the folder `OUT/<label>`."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest = self.folder / "manifest.json"
        """A `Manifest`; written first."""
        self.records = self.folder / "records.jsonl"
        """A `Record` a line, as questions are finished; a torn last line is dropped."""
        self.contexts = self.folder / "contexts.jsonl"
        """`{"sha256": …, "text": …}`, each text once."""
        self.ingested = self.folder / "ingested.jsonl"
        """An `Ingested` a line, as conversations are finished."""
        self.judgements = self.folder / "judgements.jsonl"
        """A `Judgement` a line."""
        self.timings = self.folder / "timings.jsonl"
        """A `Timing` a line; the last one of a question counts."""
        self.spending = self.folder / "spending.jsonl"
        """A `Spent` a line, written as soon as it is known."""
        self.answers = self.folder / "answers.json"
        """`{"records": [...], "judgements": [...]}` in the order of the data; written when the run ends or stops."""
        self.metrics = self.folder / "metrics.json"
        """`Scores`."""
        self.measurements = self.folder / "measurements.json"
        """`Measurements`."""

    @classmethod
    def find(cls, places: Sequence[str | Path]) -> tuple[Layout, ...]:
        """The runs in these folders: each is a run itself, or holds runs; by place and name."""
        found = []
        for place in map(Path, places):
            inside = [place, *sorted(p for p in place.iterdir() if p.is_dir())] if place.is_dir() else []
            found += [cls(folder) for folder in inside if (folder / "manifest.json").is_file()]
        return tuple(found)
