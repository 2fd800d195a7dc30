"""LoCoMo: long conversations in dated sessions, with questions whose evidence is known.

The numbers of the categories are those of the data's own code: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop,
5 adversarial. The Mem0 paper prints other labels over 1, 3 and 4; both stand in every table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.records import Category, Conversation, Dataset, KnownFact, Question, Session, Turn
from graphmem.importing import locomo
from graphmem.importing.json_files import fingerprint, load

CATEGORIES = (
    Category(key="4", name="single-hop", paper="Open domain"),
    Category(key="1", name="multi-hop", paper="Single-hop"),
    Category(key="2", name="temporal", paper="Temporal"),
    Category(key="3", name="open-domain", paper="Multi-hop"),
    Category(key="5", name="adversarial", averaged=False),
)
UNANSWERABLE = 5
EMPTY = "…"
"""Text of a turn that holds none, such as a photo without a caption."""


def read(path: Path) -> Dataset:
    """A file in the shape of locomo10.json."""
    document = load(path)
    if not isinstance(document, list | dict):
        raise InputError(path.name, "is not a list of LoCoMo samples.", advice="Give a file such as locomo10.json.")
    records = document if isinstance(document, list) else [document]
    samples = [locomo.conversation(record, index) for index, record in enumerate(records)]
    names = [sample.sample_id for sample in samples]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"record {index + 1}", f"key 'sample_id' is {name!r}, which an earlier record has.")
    return Dataset(
        name="locomo",
        path=str(path),
        sha256=fingerprint(path),
        categories=CATEGORIES,
        conversations=tuple(_conversation(sample) for sample in samples),
    )


def _conversation(sample: locomo.Conversation) -> Conversation:
    known = {turn.dia_id for turn in sample.turns}
    return Conversation(
        id=sample.sample_id,
        speakers=sample.speakers,
        sessions=tuple(_session(sample.sample_id, session) for session in sample.sessions),
        facts=tuple(_facts(sample, known)),
        questions=tuple(_question(sample.sample_id, n, q, known) for n, q in enumerate(sample.questions)),
    )


def _session(sample_id: str, session: locomo.Session) -> Session:
    return Session(
        id=f"{sample_id}/session_{session.number}",
        at=session.at,
        turns=tuple(Turn(id=t.dia_id, speaker=t.speaker, text=t.content or EMPTY) for t in session.turns),
    )


def _facts(sample: locomo.Conversation, known: set[str]) -> Iterator[KnownFact]:
    """What the data's own model observed; a fact without a turn of the conversation has no provenance and is left."""
    for seen in sample.observations:
        sources = tuple(turn for turn in seen.dia_ids if turn in known)
        if sources and seen.text.strip():
            yield KnownFact(text=seen.text, sources=sources, subject=seen.speaker)


def _question(sample_id: str, place: int, asked: locomo.Question, known: set[str]) -> Question:
    return Question(
        id=f"{sample_id}/{place}",
        conversation=sample_id,
        text=asked.question,
        answer=asked.answer,
        category=str(asked.category),
        evidence=tuple(turn for turn in locomo.dialogue_ids(asked.evidence) if turn in known),
        unanswerable=asked.category == UNANSWERABLE,
        adversarial_answer=asked.adversarial_answer,
    )
