"""Questions over passages that take several steps: MuSiQue, HotpotQA, and a corpus with recorded triples.

Three shapes are read.

- A folder with `passages.json`, a list of {"id", "title", "text", "triples"?}, and `questions*.json`, lists of
  {"id", "question", "answer", "answer_aliases"?, "supporting": [passage ids]}: one corpus for all questions.
- JSON or JSON Lines of {"id", "question", "answer", "paragraphs": [{"idx", "title", "paragraph_text",
  "is_supporting"}]}, as MuSiQue is published: each question has its own passages.
- A JSON list of {"_id", "question", "answer", "context": [[title, [sentence, ...]], ...], "supporting_facts":
  [[title, sentence], ...]}, as HotpotQA is published: the same.

The category of a question is its number of supporting passages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from graphmem.errors import InputError
from graphmem.evaluation.data.fields import question
from graphmem.evaluation.records import Category, Conversation, Dataset, KnownFact, Question, Session, Turn
from graphmem.importing.json_files import as_object, entry, fingerprint, lines, load, optional

CORPUS = "corpus"
"""Id of the one conversation of a folder."""


def read(path: Path) -> Dataset:
    """A folder, or a file of questions with their own passages."""
    files = [path]
    if path.is_dir():
        files = [path / "passages.json", *sorted(path.glob("questions*.json"))]
        if len(files) == 1:
            raise InputError(str(path), "holds no questions*.json.", advice="Put passages.json and questions there.")
        conversations: tuple[Conversation, ...] = (_corpus(files[0], files[1:]),)
    else:
        conversations = tuple(_own(record, where) for where, record in _records(path))
    hops = sorted({q.category for c in conversations for q in c.questions}, key=lambda kind: (len(kind), kind))
    return Dataset(
        name="musique",
        path=str(path),
        sha256=hashlib.sha256("".join(map(fingerprint, files)).encode()).hexdigest()
        if path.is_dir()
        else fingerprint(path),
        categories=tuple(Category(key=kind, name=kind) for kind in hops),
        conversations=conversations,
    )


def _corpus(passages: Path, questions: Sequence[Path]) -> Conversation:
    read_passages = [_passage(record, where) for where, record in _listed(passages)]
    known = {session.id for session, _ in read_passages}
    asked = [_asked(record, where, known) for file in questions for where, record in _listed(file)]
    return Conversation(
        id=CORPUS,
        sessions=tuple(session for session, _ in read_passages),
        facts=tuple(fact for _, facts in read_passages for fact in facts),
        questions=tuple(asked),
        chat=False,
    )


def _passage(record: object, where: str) -> tuple[Session, tuple[KnownFact, ...]]:
    identity = entry(record, "id", str, where)
    turn = Turn(id=identity, speaker=entry(record, "title", str, where), text=entry(record, "text", str, where))
    return Session(id=identity, turns=(turn,)), tuple(_triples(record, identity, where))


def _triples(record: object, identity: str, where: str) -> Iterator[KnownFact]:
    """The triples of a passage; one that is not of three texts is a model's slip and is left out."""
    for triple in optional(record, "triples", list, where) or ():
        if isinstance(triple, list) and len(triple) == 3 and all(str(part).strip() for part in triple):
            source, kind, target = map(str, triple)
            yield KnownFact(text=f"{source} {kind} {target}", sources=(identity,), relations=((source, kind, target),))


def _asked(record: object, where: str, known: set[str]) -> Question:
    supporting = tuple(map(str, entry(record, "supporting", list, where)))
    if missing := [name for name in supporting if name not in known]:
        raise InputError(where, f"key 'supporting' names {missing[0]!r}, which is no passage.")
    return _question(record, entry(record, "id", str, where), CORPUS, supporting, where)


def _question(record: object, identity: str, conversation: str, evidence: Sequence[str], where: str) -> Question:
    return question(
        record,
        where,
        id=identity,
        conversation=conversation,
        aliases=tuple(map(str, optional(record, "answer_aliases", list, where) or ())),
        category=f"{len(evidence)} hops",
        evidence=tuple(evidence),
        unanswerable=as_object(record, where).get("answerable") is False,
    )


def _own(record: object, where: str) -> Conversation:
    """A question with its own passages."""
    fields = as_object(record, where)
    identity = str(fields.get("id") or fields.get("_id") or "")
    if not identity:
        raise InputError(where, "has no key 'id'.")
    passages = dict(_hotpot(record, where) if "context" in fields else _musique(record, where))
    turns = {f"{identity}/{n}": passage for n, passage in passages.items()}
    return Conversation(
        id=identity,
        sessions=tuple(
            Session(id=i, turns=(Turn(id=i, speaker=title, text=text),)) for i, (title, text, _) in turns.items()
        ),
        questions=(_question(record, f"{identity}/0", identity, [i for i, p in turns.items() if p[2]], where),),
        chat=False,
    )


Passage = tuple[str, str, bool]
"""Title, text, and whether it supports the answer."""


def _musique(record: object, where: str) -> Iterator[tuple[str, Passage]]:
    for n, paragraph in enumerate(entry(record, "paragraphs", list, where)):
        here = f"{where}, paragraph {n + 1}"
        title, text = entry(paragraph, "title", str, here), entry(paragraph, "paragraph_text", str, here)
        yield str(paragraph.get("idx", n)), (title, text, bool(paragraph.get("is_supporting")))


def _hotpot(record: object, where: str) -> Iterator[tuple[str, Passage]]:
    facts = entry(record, "supporting_facts", list, where)
    supporting = {str(fact[0]) for fact in facts if isinstance(fact, list) and fact}
    for n, paragraph in enumerate(entry(record, "context", list, where)):
        if not isinstance(paragraph, list) or len(paragraph) != 2 or not isinstance(paragraph[1], list):
            raise InputError(f"{where}, context {n + 1}", "is not a pair of a title and a list of sentences.")
        title, sentences = str(paragraph[0]), map(str, paragraph[1])
        yield str(n), (title, "".join(sentences), title in supporting)


def _records(path: Path) -> Iterator[tuple[str, object]]:
    """(where, record) of a JSON list, or of JSON Lines."""
    if path.suffix == ".jsonl":
        for number, record in lines(path):
            if isinstance(record, InputError):
                raise record
            yield f"line {number}", record
    else:
        yield from _listed(path)


def _listed(path: Path) -> Iterator[tuple[str, object]]:
    document = load(path)
    if not isinstance(document, list):
        kind = "an object" if isinstance(document, Mapping) else type(document).__name__
        raise InputError(path.name, f"is {kind}, not a list of records.")
    return ((f"{path.name}, record {n}", record) for n, record in enumerate(document, 1))
