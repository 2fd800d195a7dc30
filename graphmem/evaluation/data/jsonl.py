"""Data of one's own: JSON Lines, one conversation a line.

{"id": "c1", "sessions": [{"date": "2024-03-02", "turns": [{"id": "t1", "speaker": "Ana", "text": "..."}]}],
 "questions": [{"question": "...", "answer": "...", "evidence": ["t1"], "category": "work", "unanswerable": false}],
 "facts": [{"text": "...", "evidence": ["t1"], "relations": [["Ana", "works_at", "Acme"]]}]}

`turns` may stand beside `id` in place of `sessions`. Ids of turns are those of the line; without one a turn is called
`<session>:<place>`, both from 1. `facts`, `category`, `date`, `speaker` and the `id` of a question may be absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.data.fields import moment, question
from graphmem.evaluation.records import Category, Conversation, Dataset, KnownFact, Question, Session, Turn
from graphmem.importing.json_files import as_object, entry, fingerprint, lines, optional


def read(path: Path) -> Dataset:
    """A file of conversations."""
    conversations: list[Conversation] = []
    for number, record in lines(path):
        if isinstance(record, InputError):
            raise record
        conversations.append(_conversation(record, f"line {number}"))
        if conversations[-1].id in {c.id for c in conversations[:-1]}:
            raise InputError(f"line {number}", f"key 'id' is {conversations[-1].id!r}, which an earlier line has.")
    kinds = dict.fromkeys(q.category for c in conversations for q in c.questions)
    impossible = {q.category for c in conversations for q in c.questions if q.unanswerable}
    answerable = {q.category for c in conversations for q in c.questions if not q.unanswerable}
    return Dataset(
        name="jsonl",
        path=str(path),
        sha256=fingerprint(path),
        categories=tuple(
            Category(key=kind, name=kind, averaged=kind in answerable or kind not in impossible) for kind in kinds
        ),
        conversations=tuple(conversations),
    )


def _conversation(record: object, where: str) -> Conversation:
    identity = entry(record, "id", str, where)
    if "turns" in as_object(record, where):
        written: Sequence[object] = [record]
    else:
        written = entry(record, "sessions", list, where)
    sessions = tuple(_session(item, identity, n, f"{where}, session {n}") for n, item in enumerate(written, 1))
    known = {turn.id for session in sessions for turn in session.turns}
    if sum(len(s.turns) for s in sessions) != len(known):
        raise InputError(where, "has two turns with one id.", advice="Give each turn of a line an id of its own.")
    return Conversation(
        id=identity,
        speakers=tuple(dict.fromkeys(t.speaker for s in sessions for t in s.turns)),
        sessions=sessions,
        facts=tuple(
            _fact(item, known, f"{where}, fact {n}")
            for n, item in enumerate(optional(record, "facts", list, where) or (), 1)
        ),
        questions=tuple(
            _question(item, identity, n, known, f"{where}, question {n}")
            for n, item in enumerate(optional(record, "questions", list, where) or (), 1)
        ),
        chat=any(len(s.turns) > 1 for s in sessions),
    )


def _session(record: object, conversation: str, number: int, where: str) -> Session:
    date = optional(record, "date", str, where)
    return Session(
        id=f"{conversation}/{number}",
        at=moment(date, f"{where}, date") if date else None,
        turns=tuple(
            _turn(item, f"{number}:{n}", f"{where}, turn {n}")
            for n, item in enumerate(entry(record, "turns", list, where), 1)
        ),
    )


def _turn(record: object, default: str, where: str) -> Turn:
    role = optional(record, "role", str, where)
    return Turn(
        id=optional(record, "id", str, where) or default,
        speaker=optional(record, "speaker", str, where) or role or "user",
        text=entry(record, "text", str, where) or "…",
        role="assistant" if role == "assistant" else "user",
    )


def _fact(record: object, known: set[str], where: str) -> KnownFact:
    relations = [tuple(map(str, r)) for r in optional(record, "relations", list, where) or () if isinstance(r, list)]
    if any(len(relation) != 3 for relation in relations):
        raise InputError(where, "key 'relations' holds something else than [source, type, target].")
    return KnownFact(
        text=entry(record, "text", str, where),
        sources=_evidence(record, known, where),
        subject=optional(record, "subject", str, where),
        relations=tuple((r[0], r[1], r[2]) for r in relations),
    )


def _question(record: object, conversation: str, number: int, known: set[str], where: str) -> Question:
    fields = as_object(record, where)
    return question(
        record,
        where,
        id=f"{conversation}/{fields.get('id', number)}",
        conversation=conversation,
        aliases=tuple(map(str, optional(record, "aliases", list, where) or ())),
        category=str(fields.get("category") or "all"),
        evidence=_evidence(record, known, where),
        unanswerable=bool(fields.get("unanswerable")),
    )


def _evidence(record: object, known: set[str], where: str) -> tuple[str, ...]:
    named = tuple(map(str, optional(record, "evidence", list, where) or ()))
    if missing := [name for name in named if name not in known]:
        raise InputError(where, f"key 'evidence' names {missing[0]!r}, which is no turn of the line.")
    return named
