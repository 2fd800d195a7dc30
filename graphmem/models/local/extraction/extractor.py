"""Facts, entities and relations from English conversation, with rules on a parse: no key, no network.

It reads less than a language model does: one sentence at a time, pronouns of the third person only within a message,
English only. Everything it proposes quotes its source and carries a confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphmem.models.contracts import ExtractionRequest
from graphmem.models.local import language
from graphmem.models.local.claims import mending
from graphmem.models.local.claims.reader import Reader
from graphmem.models.local.extraction import coordination, salience
from graphmem.models.local.extraction.antecedents import Named, carried
from graphmem.models.local.extraction.corrections import Said, corrected
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.facts import Passage, Statement, statements
from graphmem.models.local.extraction.persons import SPEAKER, THIRD, Persons
from graphmem.models.local.extraction.slots import agreed, same_types
from graphmem.models.local.extraction.stand_ins import Plain, plainly, renamed
from graphmem.values import Claim, Draft, Dropped, FactDraft, Mention, MessageRecord

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

BATCH = 64
NEAR = 0.6
"""Share of the threshold from which on a statement is read for the slots it may fill."""
LONGEST = 200_000
"""Characters of one message that are read for facts; the rest stays searchable as raw text."""


class LocalExtractor:
    """The default extractor: spaCy's small English model and rules."""

    def __init__(self, threshold: float = salience.THRESHOLD) -> None:
        self._threshold = threshold
        self._loaded: Language | None = None
        self._claims_reader: Reader | None = None

    @property
    def _nlp(self) -> Language:
        if self._loaded is None:
            self._loaded = language.load()
        return self._loaded

    @property
    def _reader(self) -> Reader:
        if self._claims_reader is None:
            self._claims_reader = Reader(self._nlp)
        return self._claims_reader

    def extract(self, request: ExtractionRequest) -> Draft:
        """Propose facts for the request. Raises MissingExtra when spaCy or its model is not installed."""
        people = _speakers(request)
        read = self._read(request.messages, people, request.include_assistant, self._before(request, people))

        @cache
        def recent() -> list[Said]:
            earlier = self._read(request.recent, people, request.include_assistant).facts
            return [Said(request.recent[f.message].speaker, f) for f in earlier]

        names = [name for name, _ in people]
        saved, dropped = self._saved(read.faint, names)
        facts = self._with_claims(corrected(read.facts, request.messages, recent), names)
        facts = sorted([agreed(f) for f in [*facts, *saved]], key=lambda f: _place(f, request.messages))
        return Draft(facts=tuple(facts), mentions=_unique(same_types(facts, read.mentions)), dropped=tuple(dropped))

    def _read(
        self,
        messages: Sequence[MessageRecord],
        people: Sequence[tuple[str, str]],
        include_assistant: bool,
        before: _Before | None = None,
    ) -> _Read:
        """The facts of each message, without claims and without corrections."""
        before = before or _Before()
        facts: list[FactDraft] = []
        faint: list[Statement] = []
        mentions: list[Mention] = []
        for passage, names in self._passages(messages, people):
            mentions += _mentions(passage, names)
            passage.thread.last = before.last_of(passage)
            before.note(passage, names)
            if not _gives_facts(messages[passage.index], include_assistant):
                continue
            for statement in statements(passage, names):
                if statement.score >= self._threshold or statement.draft.correction:
                    facts.append(statement.draft)
                else:
                    faint.append(statement)
        return _Read(facts, faint, mentions)

    def _before(self, request: ExtractionRequest, people: Sequence[tuple[str, str]]) -> _Before:
        """Whom the first message may mean by "she": somebody of the message that it answers."""
        before = _Before()
        if request.recent and request.messages and _THIRD_PERSON.search(request.messages[0].content):
            for passage, names in self._passages(request.recent[-2:], people):
                before.note(passage, names)
        return before

    def _saved(self, faint: Sequence[Statement], people: Sequence[str]) -> tuple[list[FactDraft], list[Dropped]]:
        """What seemed not worth keeping: facts that fill a slot all the same ("Sid cycles to work"), and the rest."""
        near = [s.draft for s in faint if s.score >= self._threshold * NEAR and s.draft.subject is not None]
        saved = [f for f in self._with_claims(near, people) if any(_fills(c) for c in f.claims)]
        kept = {(f.message, f.text) for f in saved}
        rest = [s.draft for s in faint if (s.draft.message, s.draft.text) not in kept]
        return saved, [Dropped(reason="not salient", text=f.text) for f in rest]

    def _with_claims(self, facts: Sequence[FactDraft], people: Sequence[str]) -> list[FactDraft]:
        """The facts with what resolution compares, read from their own sentences in one batch."""
        # A name in small letters ("maria works") is no name to the tagger; subjects are compared without case.
        plain = [plainly(fact, people) for fact in facts]
        docs = self._nlp.pipe([_BRACKETED.sub("", p.text[:1].upper() + p.text[1:]) for p in plain], batch_size=BATCH)
        return [
            fact.model_copy(update={"claims": self._claims(doc, p)})
            for fact, p, doc in zip(facts, plain, docs, strict=True)
        ]

    def _claims(self, doc: Any, plain: Plain) -> tuple[Claim, ...]:
        return tuple(renamed(claim, plain.names) for claim in self._reader.read(doc, plain.owner))

    def mentions(self, messages: Sequence[MessageRecord]) -> tuple[Mention, ...]:
        """What each message names: the edges of the graph walk, for messages that give no facts."""
        people = _people(messages)
        found = [m for passage, names in self._passages(messages, people) for m in _mentions(passage, names)]
        return _unique(found)

    def _passages(
        self, messages: Sequence[MessageRecord], people: Sequence[tuple[str, str]]
    ) -> Iterator[tuple[Passage, Names]]:
        jobs = [
            (piece, (index, offset))
            for index, message in enumerate(messages)
            for offset, piece in language.pieces(language.plain(language.readable(message.content[:LONGEST])))
        ]
        for parsed, (index, offset) in self._nlp.pipe(jobs, as_tuples=True, batch_size=BATCH):
            message = messages[index]
            persons = _persons(message, people)
            title = _title(message)
            doc, repeated = self._reread(parsed)
            passage = Passage(doc, persons, _local(message), index, title, offset, message.content, repeated)
            yield passage, Names(doc, persons)

    def _reread(self, doc: Doc) -> tuple[Doc, frozenset[int]]:
        """The text parsed once more where verbs were read as nouns, and where subjects were put in."""
        doc = mending.christened(self._nlp, mending.mended(self._nlp, doc))
        joining = coordination.misread(doc)
        if not joining:
            return doc, frozenset()
        return self._nlp(coordination.restated(doc.text, joining)), coordination.repeated(joining)


@dataclass
class _Before:
    """The person of the message before, as messages go by."""

    named: Named | None = None

    def last_of(self, passage: Passage) -> Named | None:
        """Whom the message before named, for the first passage of a message."""
        return self.named if passage.offset == 0 else None

    def note(self, passage: Passage, names: Names) -> None:
        """A message went by; of a long one, its last piece counts."""
        self.named = carried(passage.doc, passage.persons, names, self.named)


class _Read(NamedTuple):
    """What a first reading of messages gives."""

    facts: list[FactDraft]
    faint: list[Statement]
    mentions: list[Mention]


def _fills(claim: Claim) -> bool:
    """Whether it fills a slot of somebody's life; likes and counts are too many to tell anything."""
    slot = claim.slot or ""
    if claim.modality == "ended":
        return slot != ""
    holds = claim.affirmed and claim.modality == "asserted" and "weak" not in claim.markers
    return holds and slot != "" and ":" not in slot and slot not in {"value", "amount", "where"}


def _place(fact: FactDraft, messages: Sequence[MessageRecord]) -> tuple[int, int]:
    return fact.message, messages[fact.message].content.find(fact.quote)


def _speakers(request: ExtractionRequest) -> list[tuple[str, str]]:
    people = _people([*request.messages, *request.recent])
    known = {name for name, _ in people}
    return people + [(name, "user") for name in request.participants if name not in known]


def _people(messages: Sequence[MessageRecord]) -> list[tuple[str, str]]:
    """(name, role) of everybody who speaks, each once."""
    people = {m.speaker: m.role for m in messages if m.role in {"user", "assistant"}}
    return list(people.items())


def _persons(message: MessageRecord, people: Sequence[tuple[str, str]]) -> Persons:
    """The people as this message sees them; an unnamed assistant is nobody."""
    named = [name for name, role in people if not (role == "assistant" and name.casefold() == "assistant")]
    others = [name for name in named if name != message.speaker]
    return Persons(message.speaker, others[0] if len(others) == 1 else None, tuple(named))


def _gives_facts(message: MessageRecord, include_assistant: bool) -> bool:
    return message.role == "user" or (message.role == "assistant" and include_assistant)


_BRACKETED = re.compile(r" \((?:since |week of |weekend of )?[\w ]*\d{4}\)")
"""The resolved time behind a relative one: it says nothing new and would only disturb the parse."""

_FIRST_PERSON = re.compile(r"\b(?:" + "|".join(sorted(SPEAKER - {"us"})) + r")\b", re.IGNORECASE)


_THIRD_PERSON = re.compile(r"\b(?:" + "|".join(sorted(THIRD)) + r")\b", re.IGNORECASE)


def _title(message: MessageRecord) -> str:
    """The title of a document; empty for what somebody says about themselves."""
    title = message.metadata.get("title")
    return title if isinstance(title, str) and not _FIRST_PERSON.search(message.content) else ""


def _local(message: MessageRecord) -> datetime:
    """The message's moment on its writer's clock (metadata `timezone`: a zone name or an offset such as +02:00)."""
    zone = _zone(message.metadata)
    return message.timestamp.astimezone(zone) if zone is not None else message.timestamp


def _zone(metadata: Mapping[str, Any]) -> tzinfo | None:
    named = metadata.get("timezone")
    if not isinstance(named, str):
        return None
    offset = re.fullmatch(r"([+-])(\d\d):?(\d\d)", named)
    if offset:
        shift = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-shift if offset[1] == "-" else shift)
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _mentions(passage: Passage, names: Names) -> Iterator[Mention]:
    for entity in names.within(passage.doc, pronouns=False):
        yield Mention(message=passage.index, entity=entity)


def _unique(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    return tuple({(m.message, m.entity.name): m for m in mentions}.values())
