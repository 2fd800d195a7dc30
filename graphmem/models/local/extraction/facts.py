"""From a parsed message to statements: self-contained sentences with who, when and how sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from graphmem.models.local.clauses import Clause, clauses, is_verb, subject_of
from graphmem.models.local.extraction import modality, salience
from graphmem.models.local.extraction.antecedents import Thread, Tie, follow, kin
from graphmem.models.local.extraction.bonds import Bond, Bonds, Edge
from graphmem.models.local.extraction.constructions import Reading
from graphmem.models.local.extraction.entities import Names
from graphmem.models.local.extraction.persons import THINGS, THIRD, Persons
from graphmem.models.local.extraction.relations import Relations
from graphmem.models.local.extraction.times import Time, find, settle
from graphmem.models.local.extraction.wording import Wording, trimmed, without_vocative
from graphmem.values import EntityDraft, FactDraft, RelationDraft

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

_WH = {"what", "who", "whom", "whose", "where", "when", "why", "how", "which"}
_SAYING = {"say", "think", "guess", "hope", "suppose", "believe", "hear", "know", "mean", "agree"}
_SAID = {"dobj", "ccomp", "xcomp", "prep", "dative"}
"""What a verb of saying needs to say anything; in "luck, my mother says" it was cut off."""
MIN_WORDS, MAX_WORDS = 3, 60
_SURE = 0.9
"""Confidence of bonds."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A message ready to be read: its parse, its people and the moment it was written."""

    doc: Doc
    persons: Persons
    base: datetime
    index: int = 0
    title: str = ""
    """For a document: what a pronoun or "the ..." at the head of a sentence stands for."""
    offset: int = 0
    content: str = ""
    """The whole message; the doc starts at `offset` of it."""
    repeated: frozenset[int] = frozenset()
    """Offsets in the doc of subjects that the message leaves out."""
    thread: Thread = field(default_factory=Thread)
    """Whom pronouns may mean, from the message before on."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A fact draft with its salience, before the filter."""

    draft: FactDraft
    score: float


def statements(passage: Passage, names: Names) -> Iterator[Statement]:
    """The statements of a message, in order; questions, greetings and thanks give none."""
    times = find(passage.doc.text, passage.base)
    thread = passage.thread
    for sentence in passage.doc.sents:
        text = sentence.text.strip()
        before = thread.last[0] if thread.last is not None else thread.guess
        follow(sentence, passage.persons, names, thread)
        if not text or _is_question(sentence) or (not passage.title and salience.is_small_talk(text)):
            yield from _left(_bonds(sentence, passage, names, thread, before), passage, thread)
            continue
        asked = _nickname(sentence, passage)
        if asked is not None:
            yield Statement(asked, 1.0)
            continue
        bonds = _bonds(sentence, passage, names, thread, before)
        for clause in clauses(sentence):
            statement = _statement(clause, passage, names, times, thread, bonds)
            if statement is not None:
                yield statement
                thread.told |= _carried(statement)
        yield from _left(bonds, passage, thread)


def _bonds(
    sentence: Span, passage: Passage, names: Names, thread: Thread, before: EntityDraft | None
) -> tuple[Bond, ...]:
    """What a sentence takes for granted ("my sister Ann"); documents speak of others than their readers' kin."""
    found = Bonds(names, thread.found)
    return () if passage.title else (*found.given(sentence), *found.pointed(sentence, before))


def _carried(statement: Statement) -> set[Tie]:
    """The relations that go with a statement that is surely kept."""
    if statement.score < salience.THRESHOLD:
        return set()
    ties = (r for r in statement.draft.relations if r.lasting or r.confidence >= _SURE)
    return {(r.source, r.type, r.target) for r in ties}


def _left(bonds: Sequence[Bond], passage: Passage, thread: Thread) -> Iterator[Statement]:
    """Bonds that no statement of the message carries, as facts of their own."""
    for bond in bonds:
        edge = bond.edge
        tie = (edge.source.name, edge.type, edge.target.name)
        if tie in thread.told:
            continue
        thread.told.add(tie)
        relation = RelationDraft(source=tie[0], type=tie[1], target=tie[2], confidence=0.9, lasting=edge.lasting)
        draft = FactDraft(
            text=bond.text, message=passage.index, quote=_quote(bond.words, passage), subject=edge.target.name,
            entities=(edge.target, edge.source), relations=(relation,), confidence=0.8,
            modality="ended" if bond.ended else "asserted",
        )  # fmt: skip
        yield Statement(draft, 1.0)


def _nickname(sentence: Span, passage: Passage) -> FactDraft | None:
    """The name that somebody asks to be called by: "Call me Liz", "You can call me Max"."""
    verb = sentence.root
    who = subject_of(verb)
    asked = verb.tag_ == "VB" and verb.lemma_ == "call" and (who is None or who.lower_ == "you")
    me = next((c for c in verb.children if c.dep_ == "dobj" and c.lower_ == "me"), None)
    name = next((c for c in verb.children if c.dep_ in {"oprd", "attr"} and c.pos_ == "PROPN"), None)
    if not asked or me is None or name is None or any(c.dep_ == "neg" for c in verb.children):
        return None
    speaker = EntityDraft(name=passage.persons.speaker, type="Person")
    called = EntityDraft(name=sentence.doc[name.left_edge.i : name.i + 1].text, type="Person")
    alias = RelationDraft(source=speaker.name, type="also_known_as", target=called.name, confidence=0.9)
    words = [t for t in sentence if verb.left_edge.i <= t.i <= name.i]
    return FactDraft(
        text=f"{speaker.name} is also called {called.name}.", message=passage.index, quote=_quote(words, passage),
        subject=speaker.name, entities=(speaker, called), relations=(alias,), confidence=0.9,
    )  # fmt: skip


def _is_question(sentence: Span) -> bool:
    words = [t for t in sentence if not t.is_punct and not t.is_space]
    if not words or "?" in sentence.text.strip()[-3:]:
        return True
    first = words[0]
    inverted = is_verb(first) and first.dep_ in {"aux", "ROOT"} and len(words) > 1 and words[1].dep_ == "nsubj"
    return (first.lower_ in _WH and first.dep_ != "mark" and first.head.dep_ != "advcl") or inverted


def _statement(
    clause: Clause,
    passage: Passage,
    names: Names,
    times: Sequence[Time],
    thread: Thread,
    bonds: Sequence[Bond] = (),
) -> Statement | None:
    clause = without_vocative(clause, passage.persons)
    clause = _named_alone(clause, names, thread)
    words = trimmed(clause, passage.persons)
    least = MIN_WORDS - (clause.inherited or salience.is_habit(clause, words))
    if not least <= len(words) <= MAX_WORDS or not _has_a_subject(clause, words):
        return None
    subject, who = _subject(clause, passage, names, thread)
    mine = _times_of(words, times, passage)
    ahead = modality.may_lie_ahead(clause)
    main = [settle(t, passage.base, ahead) for t in mine if not _is_subordinate(t, clause)]
    reading = modality.reading(clause, any(t.begin > passage.base for t in main))
    if not _can_stand(clause, words, subject, reading, thread):
        return None
    ahead = reading.modality == "planned" or not (reading.past or _is_perfect(clause))
    aims = [t for t in mine if _is_aim(t, clause)]
    mine = [settle(t, passage.base, ahead or t in aims) for t in mine]
    begins = [] if aims else mine
    read = Relations(names, passage.persons, thread.found).of(clause, words, subject, reading)
    edges = _with_bonds(read, bonds, words, reading)
    if subject is None and edges:
        subject = edges[0].source
    draft = _draft(clause, words, passage, names, thread, subject, reading, edges, mine, begins)
    others = [e for e in draft.entities if e.name != draft.subject]
    signs = salience.Signs(
        subject=who,
        names=sum(not e.weak for e in others),
        phrases=sum(e.weak for e in others),
        times=len(mine),
        typed=sum(e.confidence >= salience.TYPED for e in edges),
        modality=reading.modality,
        negated=reading.negated,
        past=reading.past,
    )
    return Statement(draft, 1.0 if passage.title else salience.score(clause, words, signs))


def _with_bonds(edges: Sequence[Edge], bonds: Sequence[Bond], words: Sequence[Token], reading: Reading) -> list[Edge]:
    """The bonds that these words take for granted, then the edges between others."""
    inside = {t.i for t in words}
    given = [
        b.edge
        for b in bonds
        if inside.issuperset(t.i for t in b.words) and (not b.ended or reading.modality == "ended")
    ]
    tied = {(g.source.name, g.target.name) for g in given}
    return given + [e for e in edges if (e.source.name, e.target.name) not in tied]


def _is_aim(time: Time, clause: Clause) -> bool:
    """Whether something was moved to this day."""
    before = clause.head.doc.text[: time.start].rstrip().casefold()
    return before.endswith((" to", " until", " till", " for", " to the")) and modality.is_moved(clause)


def _is_subordinate(time: Time, clause: Clause) -> bool:
    """Whether a time belongs to a clause below: what comes "because I am moving in May" need not come in May."""
    below = [c for c in clause.head.children if c.dep_ == "advcl" and subject_of(c) is not None]
    return any(t.idx == time.start for c in below for t in c.subtree)


def _named_alone(clause: Clause, names: Names, thread: Thread) -> Clause:
    """Names Tom alone in "her brother Tom lives" where nobody knows who she is."""
    head = clause.subject_head
    if head is None or not _is_a_strangers(head, thread):
        return clause
    named = next((c for c in head.children if c.dep_ == "appos" and names.strong(c) is not None), None)
    if named is None and head.pos_ == "PROPN" and names.strong(head) is not None:
        kept = {head.i}
    elif named is not None:
        kept = {t.i for t in named.subtree}
    else:
        return clause
    subject = tuple(t for t in clause.subject if t.i in kept)
    dropped = {t.i for t in clause.subject} - kept
    return replace(clause, subject=subject, tokens=tuple(t for t in clause.tokens if t.i not in dropped))


def _is_a_strangers(noun: Token, thread: Thread) -> bool:
    """Whether it belongs to a "he" or "she" whom the message does not name."""
    return any(c.dep_ == "poss" and c.lower_ in {"his", "her"} and c.i not in thread.found for c in noun.children)


def _has_a_subject(clause: Clause, words: Sequence[Token]) -> bool:
    """Its own, an inherited one, or none at all as chat leaves out "I" ("Went hiking yesterday")."""
    if clause.subject:
        return True
    first = words[0]
    return clause.head.i == first.i and first.tag_ == "VBD" and not clause.inherited


def _subject(  # noqa: PLR0911 - one line a way of naming somebody
    clause: Clause, passage: Passage, names: Names, thread: Thread
) -> tuple[EntityDraft | None, str | None]:
    head = clause.subject_head
    if head is None:
        return EntityDraft(name=passage.persons.speaker, type="Person"), "speaker"
    speaker = passage.persons.speaker
    if modality.is_arranged_by_others(clause):
        whose = [c for o in clause.head.children if o.dep_ == "dobj" for c in o.children if c.dep_ == "poss"]
        if any(passage.persons.named(c) == speaker for c in whose):
            return EntityDraft(name=speaker, type="Person"), "speaker"
    if any(c.dep_ == "conj" and passage.persons.named(c) == speaker for c in head.children):
        return EntityDraft(name=speaker, type="Person"), "speaker"
    if head.i in thread.found:
        return thread.found[head.i], "named"
    relative = kin(head, passage.persons)
    if relative is not None:
        named = next((e for c in head.children if c.dep_ == "appos" and (e := names.strong(c)) is not None), None)
        return named or relative[0], "named"
    entity = names.strong(head)
    if entity is not None:
        return entity, "speaker" if entity.name == passage.persons.speaker else _other(entity, passage.persons)
    if passage.title and (head.lower_ in THIRD | THINGS or any(c.lower_ == "the" for c in head.children)):
        entity = EntityDraft(name=passage.title)
        if head.lower_ in THIRD | {"it", "they"}:
            thread.found[head.i] = entity
        return entity, "named"
    if head.pos_ == "PROPN" and any(c.dep_ == "poss" for c in head.children):
        # "My ex-wife Ana" is Ana, though no recogniser knows her.
        return EntityDraft(name=head.text, type="Person"), "named"
    owner = next((names.strong(c) for c in head.children if c.dep_ == "poss"), None)
    return owner, "speaker" if owner is not None and owner.name == passage.persons.speaker else None


def _other(entity: EntityDraft, persons: Persons) -> str:
    return "other" if entity.name == persons.other else "named"


def _can_stand(
    clause: Clause, words: Sequence[Token], subject: EntityDraft | None, reading: Reading, thread: Thread
) -> bool:
    """Whether a reader who was not there would understand it."""
    head = clause.subject_head
    nobody = head is None or head.lower_ in THIRD | THINGS | {"there", "you"} | _WH
    if subject is None and nobody and not modality.is_arranged_by_others(clause):
        return False
    if head is not None and head.pos_ != "PROPN" and _is_a_strangers(head, thread):
        return False
    if head is not None and head.lower_ in {"you", "ya"} and (subject is None or reading.modality == "hypothetical"):
        return False
    if clause.head.tag_ == "VB" and not clause.subject:
        return False
    if clause.head.lemma_ in _SAYING and not any(c.dep_ in _SAID and c in words for c in clause.head.children):
        return False
    return not any(t.lower_ == "if" and t.dep_ == "mark" for t in words)


def _times_of(words: Sequence[Token], times: Sequence[Time], passage: Passage) -> list[Time]:
    starts = {t.idx for t in words}
    return [t for t in times if t.start in starts]


def _draft(
    clause: Clause, words: Sequence[Token], passage: Passage, names: Names, thread: Thread,
    subject: EntityDraft | None, reading: Reading, edges: Sequence[Edge], times: Sequence[Time], begins: Sequence[Time],
) -> FactDraft:  # fmt: skip
    wording = Wording(passage.persons, {i: e.name for i, e in thread.found.items()}, _worth_telling(times, clause))
    changed = any(e.change for e in edges)
    mode = "asserted" if reading.modality == "past" and changed else reading.modality
    valid_from, valid_to = (None, None) if mode == "planned" else _validity(begins, passage.base, clause)
    quote = _quote(words, passage)
    entities = _entities(clause, words, names, subject, edges, thread)
    return FactDraft(
        text=wording.sentence(clause, words),
        message=passage.index,
        quote=quote,
        kind="episodic" if reading.past and not changed and times else "semantic",
        subject=subject.name if subject is not None else None,
        entities=entities,
        relations=tuple(
            RelationDraft(
                source=e.source.name, type=e.type, target=e.target.name, confidence=e.confidence, lasting=e.lasting
            )
            for e in edges
        ),
        modality=mode,
        correction=_corrects(words[0].sent, passage),
        valid_from=valid_from,
        valid_to=valid_to,
        confidence=0.8 if subject is not None else 0.6,
    )


def _worth_telling(times: Sequence[Time], clause: Clause) -> list[Time]:
    if any(t.lower_ in {"birthday", "anniversary", "born"} for t in clause.tokens):
        return []
    return [t for t in times if t.relative and (t.role != "for" or _is_perfect(clause))]


def _is_perfect(clause: Clause) -> bool:
    return any(c.lemma_ == "have" and c.dep_ == "aux" for c in clause.head.children)


def _validity(times: Sequence[Time], base: datetime, clause: Clause) -> tuple[datetime | None, datetime | None]:
    """When the state or event began, if that is past, and when it will be over, if that was said."""
    begin = end = None
    yearly = any(t.lower_ in {"birthday", "anniversary"} for t in clause.tokens)
    for time in () if yearly else times:
        if time.role == "until":
            end = end or time.finish.astimezone(UTC)
        elif time.role == "for":
            begin = begin or (time.begin.astimezone(UTC) if _is_perfect(clause) else None)
        elif begin is None and time.begin <= base:
            begin = time.begin.astimezone(UTC)
    return begin, end if begin is None or end is None or end > begin else None


def _corrects(sentence: Span, passage: Passage) -> bool:
    """Read in the message itself: "I meant that" was blanked for the parser."""
    written = passage.content[passage.offset :] or passage.doc.text
    before = passage.doc[sentence.start - 1].sent if sentence.start > 0 else None
    return modality.is_correction(
        written[sentence.start_char : sentence.end_char],
        written[before.start_char : before.end_char] if before is not None else "",
    )


def _quote(words: Sequence[Token], passage: Passage) -> str:
    start = min(t.idx for t in words if t.idx not in passage.repeated)
    last = max(words, key=lambda t: t.i)
    text = passage.content or passage.doc.text
    return text[passage.offset + start : passage.offset + last.idx + len(last.text)]


def _entities(
    clause: Clause,
    words: Sequence[Token],
    names: Names,
    subject: EntityDraft | None,
    edges: Sequence[Edge],
    thread: Thread,
) -> tuple[EntityDraft, ...]:
    """Everything the fact names, the ends of its relations first: their types are the surest."""
    found: dict[str, EntityDraft] = {}
    ends = [e for edge in edges for e in (edge.source, edge.target)]
    pronouns = [thread.found[t.i] for t in words if t.i in thread.found]
    for entity in [*ends, *([subject] if subject else []), *pronouns, *names.within(words)]:
        known = found.get(entity.name)
        if known is None or (known.type == "Thing" and entity.type != "Thing"):
            found[entity.name] = entity if known is None else known.model_copy(update={"type": entity.type})
    return tuple(found.values())
