"""LoCoMo files: long conversations in dated sessions, with questions whose evidence is known.

Shape: a list of {"sample_id", "conversation": {"speaker_a", "speaker_b", "session_1", "session_1_date_time", ...},
"observation": {"session_1_observation": {speaker: [[fact, dia_id or list of them], ...]}}, "qa": [...]}.
Only "conversation" is required. The format is that of snap-research/locomo, data/locomo10.json.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from graphmem.errors import InputError
from graphmem.importing import dates
from graphmem.importing.batches import Batch, Labels, Refused
from graphmem.importing.json_files import as_object, entry, load, optional
from graphmem.values import Message, Moment, Value

TURNS_A_BATCH = 10
"""Turns given to one add. Small enough to show progress, large enough to embed in one go."""

_DIALOGUE_ID = re.compile(r"D\s*:?\s*(\d+)\s*:\s*(\d+)")
_SESSION = re.compile(r"session_(\d+)")
_DATE_FORMATS = ("%I:%M %p on %d %B, %Y", "%I:%M %p on %B %d, %Y", "%I:%M %p on %d %b, %Y")


class Turn(Value):
    """One turn of a session; `caption` describes the photo sent with it."""

    dia_id: str
    speaker: str
    text: str
    caption: str | None = None

    @property
    def content(self) -> str:
        """The text, with the caption of the photo behind it."""
        return f"{self.text} [photo: {self.caption}]".strip() if self.caption else self.text


class Session(Value):
    """The turns of one sitting; `at` is in UTC, for the files name no time zone."""

    number: int
    at: Moment
    turns: tuple[Turn, ...]


class Observation(Value):
    """A fact about a speaker that a model extracted, with the turns it comes from."""

    speaker: str
    text: str
    dia_ids: tuple[str, ...]
    session: int


class Question(Value):
    """A question; category 5 has no answer in the conversation."""

    question: str
    answer: str
    category: int
    evidence: tuple[str, ...]
    adversarial_answer: str = ""
    """The tempting answer to a question that has none."""


class Conversation(Value):
    """One sample of the file."""

    sample_id: str
    speakers: tuple[str, ...]
    sessions: tuple[Session, ...]
    observations: tuple[Observation, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns, in order."""
        return tuple(turn for session in self.sessions for turn in session.turns)


def conversations(path: str | Path) -> Iterator[Conversation]:
    """The samples of a LoCoMo file, in its order. Raises InputError naming the record and key that is wrong."""
    for index, record in enumerate(_samples(load(path))):
        yield conversation(record, index)


def is_locomo(document: object) -> bool:
    """Whether a JSON document has the shape of a LoCoMo file (or of one of its samples)."""
    samples = _samples(document)
    return bool(samples) and isinstance(samples[0], Mapping) and isinstance(samples[0].get("conversation"), Mapping)


def batches(document: object, labels: Labels, fingerprint: str) -> Iterator[Batch | Refused]:
    """Adds of at most TURNS_A_BATCH turns of one session; a sample that is malformed is refused as a whole."""
    place = 0
    for index, record in enumerate(_samples(document)):
        try:
            sample = conversation(record, index)
        except InputError as error:
            yield Refused(item=_sample_name(record, index), reason=error.message)
            continue
        for session, turns in _slices(sample):
            yield _batch(sample, session, turns, labels, f"{fingerprint}:{place}")
            place += 1


def conversation(record: object, index: int = 0) -> Conversation:
    """One sample, read from its JSON object. Raises InputError."""
    where = _sample_name(record, index)
    fields = as_object(record, where)
    body = entry(record, "conversation", dict, where)
    numbers = sorted(int(found[1]) for key in body if (found := _SESSION.fullmatch(str(key))))
    sessions = tuple(_session(body, number, where) for number in numbers)
    return Conversation(
        sample_id=str(fields.get("sample_id") or f"sample-{index + 1}"),
        speakers=tuple(str(body[key]) for key in ("speaker_a", "speaker_b") if key in body),
        sessions=tuple(session for session in sessions if session.turns),
        observations=tuple(_observations(optional(record, "observation", dict, where) or {}, where)),
        questions=tuple(
            _question(item, f"{where}, qa {n}") for n, item in enumerate(optional(record, "qa", list, where) or (), 1)
        ),
    )


def dialogue_ids(written: object) -> tuple[str, ...]:
    """The turn ids in what the file gives as evidence: a string or a list, joined by `;`, `,` or spaces.

    "D8:6; D9:17" gives both, "D:11:26" and "D30:05" mean D11:26 and D30:5, a lone "D" gives none.
    """
    parts = written if isinstance(written, list | tuple) else (written,)
    found = (match for part in parts for match in _DIALOGUE_ID.finditer(str(part)))
    return tuple(dict.fromkeys(f"D{int(match[1])}:{int(match[2])}" for match in found))


def moment(written: str, where: str) -> datetime:
    """A session's date, such as "1:56 pm on 8 May, 2023" or ISO, taken as UTC."""
    return dates.moment(written, where, _DATE_FORMATS, like="1:56 pm on 8 May, 2023")


def _samples(document: object) -> Sequence[object]:
    if isinstance(document, Mapping) and "conversation" in document:
        return (document,)
    return document if isinstance(document, list) else ()


def _sample_name(record: object, index: int) -> str:
    name = record.get("sample_id") if isinstance(record, Mapping) else None
    return f"record {index + 1}" + (f" ({name})" if name else "")


def _session(body: Mapping[str, object], number: int, where: str) -> Session:
    key = f"session_{number}"
    turns = entry(body, key, list, where)
    if not turns:
        return Session(number=number, at=datetime.min.replace(tzinfo=UTC), turns=())
    written = entry(body, f"{key}_date_time", str, where)
    return Session(
        number=number,
        at=moment(written, f"{where}, {key}_date_time"),
        turns=tuple(_turn(turn, f"{where}, {key}, turn {n}") for n, turn in enumerate(turns, 1)),
    )


def _turn(turn: object, where: str) -> Turn:
    written = entry(turn, "dia_id", str, where)
    clean = dialogue_ids(written)
    caption = as_object(turn, where).get("blip_caption")
    return Turn(
        dia_id=clean[0] if clean else written,
        speaker=entry(turn, "speaker", str, where),
        text=entry(turn, "text", str, where),
        caption=str(caption) if caption else None,
    )


def _observations(sessions: Mapping[str, object], where: str) -> Iterator[Observation]:
    for key in sessions:
        found = _SESSION.match(key)
        number = int(found[1]) if found else 0
        by_speaker = entry(sessions, key, dict, f"{where}, observation")
        for speaker in by_speaker:
            for fact in entry(by_speaker, speaker, list, f"{where}, {key}"):
                if not isinstance(fact, list) or len(fact) < 2:
                    raise InputError(f"{where}, {key}, {speaker}", f"{fact!r:.60} is not a pair of fact and turn ids.")
                yield Observation(speaker=speaker, text=str(fact[0]), dia_ids=dialogue_ids(fact[1]), session=number)


def _question(item: object, where: str) -> Question:
    text = entry(item, "question", str, where)
    category = entry(item, "category", int, where)
    fields = as_object(item, where)
    answer, tempting = fields.get("answer"), fields.get("adversarial_answer")
    return Question(
        question=text,
        answer="" if answer is None else str(answer),
        category=category,
        evidence=dialogue_ids(fields.get("evidence") or ()),
        adversarial_answer="" if tempting is None else str(tempting),
    )


def _slices(sample: Conversation) -> Iterator[tuple[Session, tuple[Turn, ...]]]:
    for session in sample.sessions:
        for start in range(0, len(session.turns), TURNS_A_BATCH):
            yield session, session.turns[start : start + TURNS_A_BATCH]


def _batch(sample: Conversation, session: Session, turns: Sequence[Turn], labels: Labels, key: str) -> Batch:
    run_id = f"{sample.sample_id}/session_{session.number}"
    return Batch(
        item=f"{run_id}, {turns[0].dia_id} to {turns[-1].dia_id}",
        messages=tuple(
            Message(content=t.content, name=t.speaker, timestamp=session.at, metadata={"dia_id": t.dia_id})
            for t in turns
        ),
        scope=labels.scope({"user_id": sample.sample_id, "run_id": run_id}),
        key=key,
    )
