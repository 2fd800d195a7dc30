"""LongMemEval: questions that each bring a haystack of dated chat sessions with an assistant.

Shape: a list of {"question_id", "question_type", "question", "answer", "question_date", "haystack_dates",
"haystack_session_ids", "haystack_sessions": [[{"role", "content", "has_answer"?}, ...], ...],
"answer_session_ids"}. Where turns are marked `has_answer` they are the evidence, else the answer's sessions are.
A question whose id ends with "_abs" cannot be answered. The format is that of xiaowu0162/LongMemEval.
"""

from __future__ import annotations

from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.data.fields import moment, question
from graphmem.evaluation.records import Category, Conversation, Dataset, Question, Session, Turn
from graphmem.importing.json_files import as_object, entry, fingerprint, load, optional

UNANSWERABLE = "_abs"
KINDS = (
    "single-session-user",
    "single-session-assistant",
    "single-session-preference",
    "multi-session",
    "temporal-reasoning",
    "knowledge-update",
)
ABSTENTION = Category(key="abstention", name="abstention", averaged=False)


def read(path: Path) -> Dataset:
    """A file in the shape of longmemeval_s.json."""
    document = load(path)
    if not isinstance(document, list):
        raise InputError(path.name, "is not a list of questions.", advice="Give a file such as longmemeval_s.json.")
    conversations = tuple(_conversation(record, n) for n, record in enumerate(document, 1))
    kinds = {q.category for c in conversations for q in c.questions}
    named = (*KINDS, *sorted(kinds - set(KINDS) - {ABSTENTION.key}))
    categories = tuple(Category(key=kind, name=kind) for kind in named if kind in kinds)
    return Dataset(
        name="longmemeval",
        path=str(path),
        sha256=fingerprint(path),
        categories=(*categories, ABSTENTION),
        conversations=conversations,
    )


def _conversation(record: object, number: int) -> Conversation:
    name = as_object(record, f"record {number}").get("question_id")
    where = f"record {number}" + (f" ({name})" if name else "")
    identity = entry(record, "question_id", str, where)
    sessions, marked = _sessions(record, identity, where)
    return Conversation(
        id=identity,
        speakers=("user", "assistant"),
        sessions=sessions,
        questions=(_question(record, identity, sessions, marked, where),),
    )


def _sessions(record: object, identity: str, where: str) -> tuple[tuple[Session, ...], tuple[str, ...]]:
    """The sessions, and the ids of the turns that hold the answer."""
    written = entry(record, "haystack_sessions", list, where)
    dates = entry(record, "haystack_dates", list, where)
    names = optional(record, "haystack_session_ids", list, where) or [f"session_{n}" for n in range(len(written))]
    if not len(written) == len(dates) == len(names):
        problem = f"has {len(written)} haystack_sessions, {len(dates)} haystack_dates, {len(names)} ids."
        raise InputError(where, problem, advice="The three lists must be of one length.")
    sessions: list[Session] = []
    marked: list[str] = []
    for place, (turns, date, name) in enumerate(zip(written, dates, names, strict=True)):
        here = f"{where}, haystack_sessions {place + 1}"
        if not isinstance(turns, list):
            raise InputError(here, "is not a list of turns.")
        # A haystack may hold a session twice, so its place is part of its id.
        own = f"{identity}/{place}/{name}"
        read_turns = tuple(_turn(turn, own, n, here) for n, turn in enumerate(turns))
        marked += [t.id for t, turn in zip(read_turns, turns, strict=True) if turn.get("has_answer")]
        sessions.append(Session(id=own, at=moment(str(date), f"{where}, haystack_dates"), turns=read_turns))
    return tuple(s for s in sessions if s.turns), tuple(marked)


def _turn(turn: object, session: str, place: int, where: str) -> Turn:
    here = f"{where}, turn {place + 1}"
    role = entry(turn, "role", str, here)
    if role not in {"user", "assistant"}:
        raise InputError(here, f"key 'role' is {role!r}, not 'user' or 'assistant'.")
    return Turn(
        id=f"{session}:{place}",
        speaker=role,
        text=entry(turn, "content", str, here) or "…",
        role="user" if role == "user" else "assistant",
    )


def _question(
    record: object, identity: str, sessions: tuple[Session, ...], marked: tuple[str, ...], where: str
) -> Question:
    unanswerable = identity.endswith(UNANSWERABLE)
    named = {str(name) for name in optional(record, "answer_session_ids", list, where) or ()}
    of_answer = tuple(s.id for s in sessions if s.id.split("/", 2)[-1] in named)
    return question(
        record,
        where,
        date="question_date",
        id=f"{identity}/0",
        conversation=identity,
        category=ABSTENTION.key if unanswerable else entry(record, "question_type", str, where),
        evidence=marked or of_answer,
        level="turn" if marked else "session",
        unanswerable=unanswerable,
    )
