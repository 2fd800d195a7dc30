"""Runs made up for the tests of the report: their figures follow from a seed, their files are real."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from graphmem.evaluation.lines import Lines, replace
from graphmem.evaluation.metrics.scores import scores
from graphmem.evaluation.records import (
    Category,
    Found,
    Ingested,
    Judgement,
    Layout,
    Manifest,
    Question,
    Record,
    Spent,
    Timing,
)
from graphmem.evaluation.results import measurements
from graphmem.values import Value

CATEGORIES = (
    Category(key="4", name="single-hop", paper="Open domain"),
    Category(key="1", name="multi-hop", paper="Single-hop"),
    Category(key="2", name="temporal", paper="Temporal"),
    Category(key="3", name="open-domain", paper="Multi-hop"),
    Category(key="5", name="adversarial", averaged=False),
)
SKILL = {"graphmem": 0.72, "graphmem+": 0.76, "bm25": 0.6, "chroma": 0.63, "rag": 0.55, "full-context": 1.0,
         "langmem": 0.5, "mem0": 0.58, "graphiti": 0.61, "zep": 0.64}  # fmt: skip


class _Text(Value):
    sha256: str
    text: str


def questions(conversations: int, each: int) -> list[Question]:
    """Questions with one to three turns of evidence."""
    dice = random.Random(1)
    return [
        Question(
            id=f"c{c}-q{n}", conversation=f"c{c}", text=f"What did Ann say about thing {n} <b>?", answer=f"thing {n}",
            category=CATEGORIES[n % 5].key, unanswerable=n % 5 == 4,
            evidence=tuple(f"c{c}:D{dice.randint(1, 300)}" for _ in range(dice.randint(1, 3))),
        )
        for c in range(conversations)
        for n in range(each)
    ]  # fmt: skip


def make(
    out: Path, technique: str, asked: Sequence[Question], *, answers: bool = False, done: int | None = None,
    mode: str = "raw", context: int = 400,
) -> Path:  # fmt: skip
    """A run in `out`; with `done` it was killed after so many questions."""
    dice = random.Random(technique)
    layout = Layout(out / f"{technique}-{mode}")
    ids = tuple(dict.fromkeys(q.conversation for q in asked))
    manifest = Manifest(
        technique=technique, label=f"{technique}-{mode}", dataset="locomo", data_path="absent.json",
        data_sha256="0" * 64, categories=CATEGORIES, conversations=ids, questions=len(asked), mode=mode, top_k=30,
        models={"embedder": "hash"}, created_at=datetime(2024, 5, 1, tzinfo=UTC),
    )  # fmt: skip
    replace(layout.manifest, manifest.model_dump_json())
    tokens = 24_000 if technique == "full-context" else dice.randint(300, 6000)
    records = [_record(layout, technique, q, dice, tokens, answers, context) for q in asked[:done]]
    pace = dice.uniform(5, 90)
    timings = [
        Timing(question_id=q.id, search=dice.lognormvariate(0, 0.4) * pace, answer=900.0 if answers else None)
        for q in asked[:done]
    ]
    judged = [
        Judgement(question_id=r.question.id, judge="strict", run=run, correct=r.response == r.question.answer)
        for r in records
        for run in range(2)
        if answers and not r.question.unanswerable
    ]
    ingested = [Ingested(conversation=c, items=600, memory_tokens=18_000, disk_bytes=9_000_000, milliseconds=4000.0)
                for c in ids]  # fmt: skip
    spent = [Spent(stage="answer", model="m", calls=len(records), prompt_tokens=9, dollars=0.5)] if answers else []
    for path, values in (
        (layout.records, records), (layout.timings, timings), (layout.judgements, judged),
        (layout.ingested, ingested), (layout.spending, spent),
    ):  # fmt: skip
        path.write_text("".join(v.model_dump_json() + "\n" for v in values), "utf-8")
    if done is None:
        replace(layout.metrics, scores(manifest.label, CATEGORIES, records, judged).model_dump_json())
        replace(layout.measurements, measurements(manifest.label, timings, ingested, spent).model_dump_json())
    return layout.folder


def _record(
    layout: Layout, technique: str, asked: Question, dice: random.Random, tokens: int, answers: bool, context: int
) -> Record:
    hit = dice.random() < SKILL[technique]
    places = [f"{asked.conversation}:D{dice.randint(301, 600)}" for _ in range(30)]
    if hit:
        places[dice.randint(0, 12)] = asked.evidence[0]
    found = tuple(Found(id=place, sources=(place,)) for place in places)
    text = f"{technique} context of {asked.id}: " + "word & <word> " * (context // 14)
    digest = hashlib.sha256(text.encode()).hexdigest()
    Lines(layout.contexts, _Text).append(_Text(sha256=digest, text=text))
    response = None if not answers else asked.answer if hit else "something else"
    return Record(
        question=asked, found=() if technique == "full-context" else found,
        shown=asked.evidence if technique == "full-context" else tuple(places), context=digest,
        context_tokens=tokens + dice.randint(-80, 80), response=response,
    )  # fmt: skip
