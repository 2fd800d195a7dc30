"""The folder of a run, and the folders of the memories that runs share.

OUT/<label>/                  a run, see `records.Layout`
OUT/memories/<store>-<mode>/  what techniques keep, one folder a conversation; made and paid for once
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pydantic import ValidationError

from graphmem.errors import InputError
from graphmem.evaluation.answers import prompt_hash
from graphmem.evaluation.lines import Lines, replace
from graphmem.evaluation.plans import READING, Models, Plan
from graphmem.evaluation.records import Conversation, Ingested, Judgement, Layout, Manifest, Record, Spent, Timing
from graphmem.evaluation.techniques import registry
from graphmem.values import Value

MEMORIES = "memories"
_ODD = re.compile(r"[^\w.-]+")


class Text(Value):
    """A context, by its digest."""

    sha256: str
    text: str


class Made(Value):
    """What a memory was made from and with; `milliseconds` once it is whole."""

    data_sha256: str
    mode: str
    embedder: str
    batch: int = 0
    model: str = ""
    prompts: str = ""
    milliseconds: float | None = None


class RunFolder:
    """What a run has so far, in memory and on disk. Threads may share it: each writes other questions."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._records = Lines(layout.records, Record)
        self._contexts = Lines(layout.contexts, Text)
        self._ingested = Lines(layout.ingested, Ingested)
        self._judgements = Lines(layout.judgements, Judgement)
        self._timings = Lines(layout.timings, Timing)
        self.records: dict[str, Record] = {}
        self.judgements: dict[tuple[str, str, int], Judgement] = {}
        self.ingested: dict[str, Ingested] = {}
        self.timings: dict[str, Timing] = {}
        self.contexts: dict[str, str] = {}

    @classmethod
    def open(cls, layout: Layout, manifest: Manifest, *, resume: bool) -> RunFolder:
        """A new folder, or with `resume` one that is there. Raises InputError when it holds another run."""
        folder = cls(layout)
        if layout.manifest.is_file():
            before = read_manifest(layout)
            if not resume:
                raise InputError(
                    "--out", f"{layout.folder} holds a run already.", advice="Give --resume, or another --out."
                )
            if problem := before.differs(manifest):
                raise InputError(
                    "--resume", f"{layout.folder} is another run, {problem}.", advice="Choose another --out."
                )
            manifest = manifest.model_copy(update={"created_at": before.created_at})
            folder._load()
        replace(layout.manifest, manifest.model_dump_json(indent=2) + "\n")
        return folder

    def _load(self) -> None:
        for lines in (self._records, self._contexts, self._ingested, self._judgements, self._timings):
            lines.mend()
        Lines(self.layout.spending, Spent).mend()
        self.records = {r.question.id: r for r in self._records.read()}
        self.judgements = {(j.question_id, j.judge, j.run): j for j in self._judgements.read()}
        self.ingested = {i.conversation: i for i in self._ingested.read()}
        self.timings = {t.question_id: t for t in self._timings.read()}
        self.contexts = {c.sha256: c.text for c in self._contexts.read()}

    def keep_context(self, text: str) -> str:
        """Write a context once; its digest."""
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        if digest not in self.contexts:
            self.contexts[digest] = text
            self._contexts.append(Text(sha256=digest, text=text))
        return digest

    def keep(self, record: Record, timing: Timing) -> None:
        """Write a question that is finished."""
        self.timings[timing.question_id] = timing
        self._timings.append(timing)
        self.records[record.question.id] = record
        self._records.append(record)

    def keep_judgement(self, judgement: Judgement) -> None:
        """Write a judgement."""
        self.judgements[judgement.question_id, judgement.judge, judgement.run] = judgement
        self._judgements.append(judgement)

    def keep_ingested(self, ingested: Ingested) -> None:
        """Write a conversation that is in the memory."""
        self.ingested[ingested.conversation] = ingested
        self._ingested.append(ingested)


def read_manifest(layout: Layout) -> Manifest:
    """The manifest of a run. Raises InputError."""
    try:
        return Manifest.model_validate_json(layout.manifest.read_bytes())
    except (OSError, ValidationError) as exc:
        raise InputError(str(layout.manifest), "is no manifest of this version.", advice="Run it anew.") from exc


class MemoryFolder:
    """What a technique keeps of one conversation, shared by the techniques of one store."""

    def __init__(self, out: Path, plan: Plan, conversation: Conversation) -> None:
        store = registry.entry(plan.technique).store
        self.folder = out / MEMORIES / f"{store}-{plan.options.mode}" / file_name(conversation.id)
        self.spending = self.folder.with_name(f"{self.folder.name}.spending.jsonl")
        self._made = self.folder.with_name(f"{self.folder.name}.made.json")

    def begin(self, plan: Plan, models: Models) -> Made:
        """Say what it is made from. Raises InputError when it was made from something else."""
        wanted = _made(plan, models)
        if not self._made.is_file():
            replace(self._made, wanted.model_dump_json())
            return wanted
        there = Made.model_validate_json(self._made.read_bytes())
        if there.model_copy(update={"milliseconds": None}) != wanted:
            advice = "Choose another --out."
            raise InputError("--out", f"{self.folder} was made from other data or with other models.", advice=advice)
        Lines(self.spending, Spent).mend()
        return there

    def finish(self, made: Made, milliseconds: float) -> None:
        """It is whole; the time counts once, whatever reads it later."""
        replace(self._made, made.model_copy(update={"milliseconds": round(milliseconds, 1)}).model_dump_json())

    @property
    def disk_bytes(self) -> int:
        """Of all its files."""
        return sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())


def _made(plan: Plan, models: Models) -> Made:
    reads = plan.options.mode == "llm" and models.llm is not None
    batch = plan.options.batch if plan.options.mode in {"local", "llm"} else 0
    return Made(
        data_sha256=plan.dataset.sha256,
        mode=plan.options.mode,
        embedder=models.embedder.fingerprint,
        batch=batch,
        model=f"{models.llm.model_for('extract')}, {models.llm.model_for('resolve')}" if reads and models.llm else "",
        prompts=" ".join(map(prompt_hash, READING)) if reads else "",
    )


def file_name(identity: str) -> str:
    """A name for a file from any id; ids that differ give names that differ."""
    plain = _ODD.sub("_", identity)[:80]
    digest = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:8]
    return plain if plain == identity and plain.strip(".") else f"{plain}-{digest}"


def spent_in(out: Path) -> float:
    """Dollars booked anywhere in a folder, by this run and earlier ones."""
    files = sorted(out.rglob("*spending.jsonl")) if out.is_dir() else []
    return sum(line.dollars or 0.0 for file in files for line in Lines(file, Spent).read())
