"""Reading fact sentences as claims: what holds of whom, which slot it fills, what has ended.

English, third person ("Tom moved to Austin last month."). Everything that the rules of `steps/resolution` compare is
in the claims, so that they need neither a parser nor a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphmem.models.local.phrases import Phrase, fits, is_employer, kind_of, lemma, phrase, shortened
from graphmem.steps.resolution.constructions import Construction, Frame, builtin, index
from graphmem.steps.resolution.words import stem, typed
from graphmem.values import Claim, Modality

Token = Any
Span = Any

_MODALS = frozenset(["might", "may", "could", "would", "should", "must", "ought"])
_FUTURE = frozenset({"will", "shall", "'ll", "wo"})
_PLANS = frozenset(
    [
        "plan",
        "want",
        "hope",
        "wish",
        "intend",
        "consider",
        "think",
        "dream",
        "try",
        "attempt",
        "decide",
        "aim",
        "expect",
        "wonder",
        "talk",
        "like",
        "threaten",
        "promise",
        "need",
        "apply",
        "offer",
        "agree",
        "refuse",
        "long",
        "hesitate",
        "prepare",
        "look",
        "ask",
        "tell",
        "say",
        "suggest",
        "imagine",
        "mean",
        "fear",
        "worry",
        "arrange",
        "contemplate",
        "debate",
        "discuss",
        "propose",
        "pretend",
        "claim",
        "encourage",
        "recommend",
        "advise",
    ]
)
_TENTATIVE = frozenset(["almost", "nearly", "maybe", "perhaps", "probably", "possibly", "hypothetically"])
_CHANGE = re.compile(
    r"(?i)\b(now|nowadays|these days|for good|finally|instead|at last|from now on|permanently|anymore|"
    r"any ?more|any longer|no longer|since|back|again|at long last|once and for all|from \w+day|actually|for ever|forever)\b"
)
_ADDITION = re.compile(
    r"(?i)\b(also|too|another|still|both|as well|additionally|in addition|besides|even|second|sometimes|occasionally|"
    r"on the side|at weekends|on (the )?weekends|at night|in the evenings?|on (mon|tues|wednes|thurs|fri|satur|sun)days|part-time|other|more|extra|apart from|alongside)\b"
)
_BRIEF = re.compile(
    r"(?i)\b(for (a|the|one|two|three|four|five|six|a few|several|\d+) (\w+ )?(minute|hour|day|night|weekend|week|month)s?|"
    r"for (christmas|easter|now|today|tonight|lunch|dinner|breakfast|a bit|a while)|temporarily|this (morning|week|weekend|evening)|"
    r"tonight|today|on holiday|on vacation|briefly|once)\b"
)
_USED = re.compile(r"(?i)\bused to\b")
_STATES = frozenset(
    [
        "live",
        "reside",
        "dwell",
        "work",
        "be",
        "have",
        "weigh",
        "cost",
        "eat",
        "drive",
        "play",
        "study",
        "attend",
        "date",
        "go",
        "take",
        "cycle",
        "walk",
        "bike",
        "run",
        "ride",
        "bank",
        "commute",
        "stay",
        "carpool",
        "chair",
        "like",
        "love",
        "hate",
        "own",
        "use",
        "wear",
        "drink",
        "speak",
        "know",
        "keep",
    ]
)
_EVENT_SLOTS = frozenset({"turn"})
_POSITIVE = frozenset(["love", "like", "enjoy", "adore", "relish", "appreciate", "cherish", "dig", "favour"])
_NEGATIVE = frozenset(["hate", "dislike", "detest", "loathe", "despise", "fear", "dread"])
_KIN = typed("kin")
_PRONOUNS = frozenset({"he", "she", "they", "it"})
_SKIPPED = frozenset({"DET", "ADV", "PART", "INTJ"})
_UNCHANGING = frozenset({"quit", "cut", "put", "shut", "let", "split", "hit", "cast", "shed", "set", "wed"})
"""Past and present look alike; "Vic quit smoking" has no -s, so it is past."""


@dataclass(frozen=True)
class _Clause:
    """One verb with its subjects and what follows it."""

    verb: Token
    subjects: tuple[Phrase, ...]
    tokens: tuple[Token, ...]
    modality: Modality
    affirmed: bool
    passive: bool
    past: bool
    perfect: bool
    progressive: bool
    markers: tuple[str, ...]
    subject_end: str = ""


@dataclass(frozen=True)
class _Match:
    construction: Construction
    groups: Mapping[str, Phrase]
    inner: Token | None = None
    """The verb of a gerund that fills {object}: `stopped playing tennis`."""
    word: str = ""


class Reader:
    """Turns sentences into claims. Takes a spaCy pipeline with tagger, parser, lemmatiser and names."""

    def __init__(self, nlp: Any, constructions: Iterable[Construction] = ()) -> None:
        self._nlp = nlp
        self._frames = index([*builtin(), *constructions])

    def claims(self, texts: Sequence[str]) -> tuple[tuple[Claim, ...], ...]:
        """Claims of every text, in order; the main clause comes first. A text without a clause has none."""
        return tuple(self.read(doc) for doc in self._nlp.pipe(texts))

    def read(self, parsed: Any) -> tuple[Claim, ...]:
        """Claims of a parsed Doc or Span."""
        doc = parsed if hasattr(parsed, "sents") and not hasattr(parsed, "start") else parsed.as_doc()
        found = self._read(doc, "")
        mended = _mended(doc) if not found or _is_fused(doc) else None
        if mended is None:
            return found
        text, subject = mended
        return self._read(self._nlp(text), subject)

    def _read(self, doc: Any, owner: str) -> tuple[Claim, ...]:
        chunks = {t.i: chunk for chunk in doc.noun_chunks for t in chunk}
        found: list[Claim] = []
        for sentence in doc.sents:
            for clause in _clauses(sentence, chunks, owner):
                owner = owner or _owner(clause)
                found.extend(self._read_clause(clause, chunks, owner))
        return tuple(dict.fromkeys(found))

    def _read_clause(self, clause: _Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
        claims: list[Claim] = []
        matched = list(_matches(clause, self._frames, chunks, owner))
        for match in matched:
            claims.extend(_constructed(clause, match, chunks, owner))
        plain = _plain(clause, chunks, owner)
        return [*plain, *claims] if plain else claims


_FUSED = frozenset({"NNS", "NN", "VBZ", "VBD", "VBN"})


def _is_fused(doc: Any) -> bool:
    """A name and a plural noun as one phrase, "Sid cycles", are a subject and its verb."""
    return len(doc) > 2 and doc[0].pos_ == "PROPN" and doc[0].head.i == 1 and doc[1].tag_ == "NNS" and doc[1].is_lower


def _mended(doc: Any) -> tuple[str, str] | None:
    """ "Vic smokes" and "The flight leaves" are read as nouns: put a pronoun for the subject. (text, subject)."""
    first = next(iter(doc.noun_chunks), None)
    end = first.end if first is not None and first.start == 0 else 1
    cut = next((t.i for t in reversed(doc[1:end]) if t.tag_ in _FUSED and t.is_lower and t.dep_ != "appos"), end)
    subject = [t for t in doc[:cut] if t.pos_ != "DET"]
    named = bool(subject) and all(t.text[:1].isupper() for t in subject) and doc[0].pos_ != "DET"
    common = cut < end and subject and subject[-1].pos_ == "NOUN" and doc[cut].tag_ != "NN"
    if cut >= len(doc) - 1 or not (named or common):
        return None
    return f"{'She' if named else 'It'} {doc[cut:].text}", "".join(t.text_with_ws for t in subject).strip()


def _owner(clause: _Clause) -> str:
    first = clause.subjects[0] if clause.subjects else None
    return first.text if first and (first.proper or first.type == "person") and not first.possessor else ""


# --- clauses -------------------------------------------------------------------------------------------------------


def _clauses(sentence: Span, chunks: Mapping[int, Span], owner: str) -> list[_Clause]:
    verbs = _verbs(sentence.root)
    if not verbs and sentence.root.pos_ in {"VERB", "AUX"}:
        verbs = [sentence.root]
    found: list[_Clause] = []
    for verb in sorted(verbs, key=lambda v: v.i):
        following = [v.left_edge.i for v in verbs if v.i > verb.i and v.left_edge.i > verb.i]
        end = min([*following, sentence.end])
        subjects = _subjects(verb, chunks, owner) or (found[0].subjects if found else ())
        owner = owner or (subjects[0].text if subjects and subjects[0].proper and not subjects[0].possessor else "")
        found.append(_clause(verb, subjects, tuple(sentence.doc[verb.i : end]), sentence))
    return [c for c in found if c.subjects]


def _verbs(root: Token) -> list[Token]:
    """The finite verbs whose clauses are asserted: the root, what is joined to it, and a clause set before it."""
    mistaken = root.tag_ == "NNS" and any(c.dep_ == "nsubj" and c.tag_ == "PRP" for c in root.children)
    if root.pos_ not in {"VERB", "AUX"} and not mistaken:
        return []
    found = [root]
    for child in root.children:
        joined = child.dep_ == "conj" and child.pos_ in {"VERB", "AUX"}
        spliced = child.dep_ in {"ccomp", "parataxis"} and child.i < root.i and _has_subject(child)
        if joined or spliced:
            found.extend(_verbs(child))
    return found


def _has_subject(verb: Token) -> bool:
    return any(c.dep_ in {"nsubj", "nsubjpass"} for c in verb.children)


def _subjects(verb: Token, chunks: Mapping[int, Span], owner: str) -> tuple[Phrase, ...]:
    heads = [c for c in verb.children if c.dep_ in {"nsubj", "nsubjpass"} and c.i < verb.i]
    tokens = [t for h in heads for t in (h, *_conjuncts(h))]
    found = []
    for token in tokens:
        if token.lower_ in _PRONOUNS and owner and (token.lower_ != "it" or token.i == 0):
            named = owner[:1].isupper()
            found.append(Phrase(owner, owner.casefold(), "person" if named else "thing", proper=named))
        else:
            found.append(phrase(token, chunks, owner))
    return tuple(p for p in found if p.text)


def _conjuncts(head: Token) -> list[Token]:
    return [t for c in head.children if c.dep_ == "conj" for t in (c, *_conjuncts(c))]


def _clause(verb: Token, subjects: tuple[Phrase, ...], tokens: tuple[Token, ...], sentence: Span) -> _Clause:
    helpers = [c for c in verb.children if c.dep_ in {"aux", "auxpass"}]
    text = sentence.text
    markers = [m.group(0).casefold() for m in _CHANGE.finditer(text)]
    markers += [f"+{m.group(0).casefold()}" for m in _ADDITION.finditer(text)]
    markers += [f"~{m.group(0).casefold()}" for m in _BRIEF.finditer(text)]
    past = (
        verb.tag_ == "VBD"
        or ((verb.lower_ in _UNCHANGING or verb.tag_ == "VBN") and not helpers)
        or any(h.tag_ == "VBD" and h.lemma_ in {"be", "do", "get"} for h in helpers)
    )
    perfect = any(h.lemma_ == "have" for h in helpers) and verb.tag_ in {"VBN", "VBD", "VBG"}
    progressive = verb.tag_ == "VBG" and any(h.lemma_ == "be" for h in helpers)
    passive = any(c.dep_ == "auxpass" for c in verb.children)
    negated = any(c.dep_ == "neg" or (c.lower_ in {"never", "no"} and c.dep_ == "advmod") for c in verb.children)
    negated = negated or (
        "no longer" in text.casefold() and any(t.lower_ == "no" and t.nbor().lower_ == "longer" for t in sentence[:-1])
    )
    if progressive:
        markers.append("progressive")
    return _Clause(
        verb, subjects, tokens, _modality(verb, helpers, text), not negated, passive, past and not perfect, perfect,
        progressive, tuple(markers),
    )  # fmt: skip


def _modality(verb: Token, helpers: Sequence[Token], text: str) -> Modality:
    if text.rstrip().endswith("?") or _conditional(verb):
        return "hypothetical"
    lemmas = {h.lower_ for h in helpers} | {h.lemma_.casefold() for h in helpers}
    if lemmas & _MODALS or any(c.lower_ in _TENTATIVE for c in verb.children):
        return "hypothetical"
    if lemmas & _FUTURE:
        return "planned"
    inner = [c for c in verb.children if c.dep_ in {"xcomp", "ccomp", "prep", "advcl"} and c.i > verb.i]
    if lemma(verb) in _PLANS and any(_is_verbal(c) for c in inner):
        return "planned"
    if verb.lemma_ == "go" and verb.tag_ == "VBG" and any(_is_verbal(c) and c.dep_ == "xcomp" for c in inner):
        return "planned"
    if verb.lemma_ == "be" and any(
        t.lower_ in {"about", "likely", "ready", "keen", "tempted", "supposed"} and _is_verbal(t) for t in verb.children
    ):
        return "planned"
    return "asserted"


def _is_verbal(token: Token) -> bool:
    if token.pos_ in {"VERB", "AUX"}:
        return True
    return any(c.dep_ in {"pcomp", "xcomp"} and c.pos_ in {"VERB", "AUX"} for c in token.children)


def _conditional(verb: Token) -> bool:
    marks = {"if", "unless", "whether"}
    clauses = [verb, *(c for c in verb.children if c.dep_ in {"advcl", "ccomp"})]
    return any(c.lower_ in marks for v in clauses for c in v.children if c.dep_ in {"mark", "advmod"})


# --- constructions -------------------------------------------------------------------------------------------------


def _matches(
    clause: _Clause, frames: Mapping[str, tuple[Frame, ...]], chunks: Mapping[int, Span], owner: str
) -> Iterable[_Match]:
    """At most one match a slot and effect: the longest frame."""
    seen: set[tuple[str, str]] = set()
    ends_object = False
    word = lemma(clause.verb)
    starts = [("be", 0)] if clause.passive else [(word, 1)]
    for first, at in starts:
        for frame in frames.get(first, ()):
            construction = frame.construction
            sort = (construction.does, construction.slot)
            if sort in seen or (construction.does == "ends subject" and ends_object):
                continue
            match = _match(frame, clause, at, chunks, owner)
            if match is not None:
                seen.add(sort)
                ends_object = ends_object or (construction.does == "ends" and bool(match.groups))
                yield match


def _match(frame: Frame, clause: _Clause, at: int, chunks: Mapping[int, Span], owner: str) -> _Match | None:
    groups: dict[str, Phrase] = {}
    inner: Token | None = None
    word = lemma(clause.verb)
    tokens = clause.tokens
    place = at
    for item in frame.items[1:]:
        if item.startswith("{"):
            caught = _catch(item[1:-1], tokens, place, chunks, owner)
            if caught is None:
                return None
            groups[item[1:-1]], inner_verb, place = caught
            inner = inner_verb or inner
            continue
        place_found = _literal(item, tokens, place)
        if place_found is None and groups and item in (tokens[place - 1].lower_, lemma(tokens[place - 1])):
            name = next(reversed(groups))
            groups[name] = shortened(groups[name])
            place_found = place - 1
        if place_found is None:
            return None
        word = lemma(tokens[place_found])
        place = place_found + 1
    return _Match(frame.construction, groups, inner, word)


def _literal(item: str, tokens: Sequence[Token], place: int) -> int | None:
    while place < len(tokens):
        token = tokens[place]
        if item in (token.lower_, lemma(token)):
            return place
        if not _skippable(token):
            return None
        place += 1
    return None


def _skippable(token: Token) -> bool:
    return token.pos_ in _SKIPPED or token.tag_ in {"PRP$", "POS"} or token.dep_ in {"poss", "amod", "neg"}


def _catch(
    group: str, tokens: Sequence[Token], place: int, chunks: Mapping[int, Span], owner: str
) -> tuple[Phrase, Token | None, int] | None:
    while place < len(tokens) and tokens[place].pos_ in {"ADV", "PART"} and tokens[place].i not in chunks:
        place += 1
    if place >= len(tokens):
        return None
    token = tokens[place]
    if group == "number" and _is_number(token):
        return _number(token), None, place + 1
    if group == "activity":
        return _activity(token, place)
    if group == "object" and token.tag_ == "VBG" and token.i not in chunks:
        return Phrase(token.text, lemma(token), "activity"), token, place + 1
    if token.i not in chunks and token.pos_ not in {"NOUN", "PROPN", "NUM", "X", "ADJ", "SYM", "DET", "VERB"}:
        return None
    if token.i not in chunks and token.pos_ in {"DET", "SYM"}:
        inside = next((t for t in tokens[place:] if t.pos_ in {"NOUN", "PROPN", "NUM", "ADJ"}), token)
        token = inside
    found = phrase(_whole(token, chunks), chunks, owner)
    if group == "reflexive":
        return (found, None, _after(tokens, found)) if token.lower_.endswith(("self", "selves")) else None
    if not fits(found, group):
        return None
    return found, None, _after(tokens, found)


def _activity(token: Token, place: int) -> tuple[Phrase, Token | None, int] | None:
    """A gerund or infinitive; also a noun in -ing, `smoking`."""
    if token.tag_ in {"VBG", "VB"}:
        return Phrase(token.text, lemma(token), "activity"), token, place + 1
    if token.pos_ == "NOUN" and token.lower_.endswith("ing"):
        return Phrase(token.text, lemma(token), "activity"), None, place + 1
    return None


def _is_number(token: Token) -> bool:
    return bool(token.like_num) or token.text[:1].isdigit()


def _number(token: Token) -> Phrase:
    unit = (
        token.nbor()
        if token.i + 1 < len(token.doc) and token.nbor().pos_ in {"NOUN", "SYM"} and token.nbor().dep_ != "npadvmod"
        else None
    )
    return Phrase(f"{token.text} {lemma(unit)}" if unit is not None else token.text, token.text, "number")


def _whole(token: Token, chunks: Mapping[int, Span]) -> Token:
    """The head of a number or date that the noun chunks leave out."""
    if token.i in chunks:
        return token
    return token.head if token.dep_ in {"compound", "nummod", "amod"} and token.head.i > token.i else token


def _after(tokens: Sequence[Token], found: Phrase) -> int:
    return next((n for n, t in enumerate(tokens) if t.i >= found.end), len(tokens)) if found.end else len(tokens)


# --- claims --------------------------------------------------------------------------------------------------------


def _constructed(clause: _Clause, match: _Match, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    does = match.construction.does
    if does == "sets":
        return _sets(clause, match, owner)
    negated = match.construction.needs == "negated"
    if clause.modality != "asserted" or clause.affirmed == negated:
        return []
    finished = clause.past or clause.perfect or clause.passive or clause.verb.lemma_ == "be"
    if does == "switches" and (finished or _changed(clause)):
        return [_switch(clause, s, match.groups["new"]) for s in clause.subjects]
    if (not finished and not _changed(clause)) or _brief(clause):
        return []
    if does == "ends subject":
        return _ends_subject(clause, match)
    if does == "replaces":
        ended = [_ended(clause, s, "", match.groups["old"], match) for s in clause.subjects]
        return [*ended, *(_switch(clause, s, match.groups["new"]) for s in clause.subjects)]
    return _ends(clause, match, chunks, owner)


def _changed(clause: _Clause) -> bool:
    return any(m[0] not in "+~" and m != "progressive" for m in clause.markers)


def _brief(clause: _Clause) -> bool:
    return any(m.startswith("~") for m in clause.markers)


def _name(found: Phrase) -> str:
    """A subject as rules compare it: `Eva's email`, `meeting`."""
    text = re.sub(r"(?i)^(new|old|current|latest|own|next)\s+", "", found.text)
    text = re.sub(r"(?i)^(price|cost) of ", "", text)
    return f"{found.possessor}'s {text}" if found.possessor else text


def _switch(clause: _Clause, subject: Phrase, new: Phrase) -> Claim:
    return Claim(
        subject=_name(subject), predicate="switch to", object=new.text, object_type=new.type, modality="asserted",
        markers=clause.markers,
    )  # fmt: skip


def _ended(clause: _Clause, subject: Phrase, predicate: str, what: Phrase | None, match: _Match) -> Claim:
    markers = [*clause.markers, f"by:{lemma(clause.verb)}"]
    if match.construction.needs:
        markers.append(f"ends:{match.construction.needs}")
    possessor = what.possessor if what and what.possessor != subject.text else ""
    text = "" if what is None else (f"{possessor}'s {what.text}" if possessor else what.text)
    return Claim(
        subject=_name(subject), predicate=predicate, object=text, object_type=what.type if what else "thing",
        modality="ended", slot=match.construction.slot or None, markers=tuple(markers),
    )  # fmt: skip


def _ends(clause: _Clause, match: _Match, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    if match.construction.needs == "change" and not _changed(clause):
        return []
    what = match.groups.get("object") or match.groups.get("activity") or match.groups.get("person")
    if _is_physical(clause, what, chunks):
        return []
    predicate = ""
    found: list[Claim] = []
    if match.inner is not None:
        for pred, inner_object in _arguments(match.inner, chunks, owner):
            found.extend(_ended(clause, s, pred, inner_object, match) for s in clause.subjects)
        return found
    pair = len(clause.subjects) == 2 and match.construction.slot == "relationship" and what is None
    if match.construction.slot == "relationship" and what is None and not pair:
        return []
    for n, subject in enumerate(clause.subjects):
        other = clause.subjects[1 - n] if pair else what
        found.append(_ended(clause, subject, predicate, other, match))
    if what is not None and not what.proper and lemma(clause.verb) in {"cancel", "call", "scrap", "axe", "shelve"}:
        gone = Claim(subject=_name(what), predicate="end", modality="ended", markers=(*clause.markers, "ends subject"))
        found.append(gone)
    return found


_PHYSICAL = frozenset({"drop", "leave", "dump", "close", "lose", "kick", "cut", "say", "end", "finish"})
_ROUTINE = frozenset(
    {"office", "house", "home", "work", "room", "building", "class", "meeting", "party", "store", "shop", "gym", "car"}
)


def _is_physical(clause: _Clause, what: Phrase | None, chunks: Mapping[int, Span]) -> bool:
    """ "Dropped his phone in a puddle", "left the office at five": a single act, after which all is as before."""
    verb = lemma(clause.verb)
    if verb not in _PHYSICAL or what is None:
        return False
    if verb == "leave" and what.head in _ROUTINE and not _changed(clause):
        return True
    if verb == "say" and what.head in _KIN:
        return True
    for token in clause.tokens:
        if token.dep_ == "pobj" and token.head.lower_ in {
            "in",
            "on",
            "at",
            "into",
            "onto",
            "under",
            "near",
            "with",
            "from",
        }:
            where = phrase(token, chunks)
            if where.type == "time" or (where.type != "date" and token.i >= what.end):
                return True
    return False


def _ends_subject(clause: _Clause, match: _Match) -> list[Claim]:
    found: list[Claim] = []
    for subject in clause.subjects:
        if len(clause.subjects) == 2 and all(s.proper for s in clause.subjects):
            continue
        if match.construction.needs == "lodger" and subject.head not in _KIN:
            continue
        common = {"predicate": match.word, "modality": "ended", "markers": (*clause.markers, "ends subject")}
        found.append(Claim(subject=_name(subject), **common))
        if subject.possessor:
            found.append(Claim(subject=subject.possessor, object=subject.text, object_type=subject.type, **common))
    return found


def _sets(clause: _Clause, match: _Match, owner: str) -> list[Claim]:
    construction, groups = match.construction, dict(match.groups)
    subjects = [groups.pop("subject")] if "subject" in groups else list(clause.subjects)
    value = groups.get("organisation") or next(iter(reversed(groups.values())), None)
    slot = construction.slot
    if not all(_may_fill(slot, s, clause, construction) for s in subjects):
        return []
    modality = _slot_modality(clause, construction)
    markers = list(clause.markers)
    if not _needed(clause, construction, value):
        if construction.needs in {"for good", "dating", "employer"}:
            return []
        markers.append("weak")
    if _brief(clause):
        markers.append("weak")
    text, slot = _value(construction, match, value, slot, lemma(clause.verb))
    found = []
    for n, subject in enumerate(subjects):
        own = text
        if slot == "relationship" and value is None and len(subjects) == 2:
            own = f"{text} {subjects[1 - n].text}"
        elif slot == "relationship" and value is not None:
            own = f"{construction.value} {value.text}"
        found.append(
            Claim(
                subject=_name(subject), predicate=lemma(clause.verb), object=value.text if value else "",
                object_type=value.type if value else "thing", affirmed=clause.affirmed, modality=modality, slot=slot,
                value=own, markers=tuple(markers),
            )
        )  # fmt: skip
    return found


def _value(construction: Construction, match: _Match, value: Phrase | None, slot: str, verb: str) -> tuple[str, str]:
    if construction.value == "{word}":
        return match.word, slot
    if slot == "diet" and value is not None:
        return value.head, slot
    if construction.value == "{verb}":
        return verb, slot
    if slot == "count" and value is not None:
        return value.number, f"count:{value.head}"
    if construction.value:
        return construction.value, slot
    return (value.text if value else ""), slot


def _slot_modality(clause: _Clause, construction: Construction) -> Modality:
    if clause.modality != "asserted":
        return clause.modality
    word = lemma(clause.verb)
    if clause.past and not clause.passive and word in _STATES and construction.slot != "amount":
        return "past"
    if clause.progressive and word not in _STATES and "be " not in construction.frame:
        return "planned"
    return "asserted"


def _may_fill(slot: str, subject: Phrase, clause: _Clause, construction: Construction) -> bool:
    person = subject.proper and subject.label in {"PERSON", "", "ORG", "GPE"} and not subject.possessor
    person = person or subject.type == "person"
    might_be = person or (subject.proper and not subject.possessor and not subject.determined)
    if slot in {
        "where",
        "amount",
        "name",
        "until",
        "leaves_at",
        "opens_at",
        "closes_at",
        "arrives_at",
        "value",
        "date",
    }:
        return not person
    if slot in {"lives_in", "works_at", "job", "relationship", "household", "studies_at"}:
        return might_be
    return True


def _needed(clause: _Clause, construction: Construction, value: Phrase | None) -> bool:
    needs = construction.needs
    if needs in {"change", "now"}:
        return _changed(clause)
    if needs == "for good":
        strong = {"for good", "permanently", "these days", "now", "nowadays", "forever", "once and for all", "for ever"}
        return bool(strong & set(clause.markers)) and not _brief(clause)
    if needs == "employer":
        return value is not None and is_employer(value)
    if needs == "dating":
        return (clause.progressive or clause.perfect) and value is not None and value.proper
    return True


def _arguments(verb: Token, chunks: Mapping[int, Span], owner: str) -> list[tuple[str, Phrase | None]]:
    """(predicate, object) pairs of a verb: its object, its complements, and one for every preposition."""
    word = lemma(verb)
    particle = "".join(f" {c.lower_}" for c in verb.children if c.dep_ == "prt")
    found: list[tuple[str, Phrase | None]] = []
    for child in verb.children:
        if child.i < verb.i:
            continue
        if child.dep_ in {"dobj", "attr", "oprd", "dative"} and child.pos_ != "PRON":
            found.extend((word + particle, phrase(t, chunks, owner)) for t in (child, *_conjuncts(child)))
            found.extend(_prepositional(f"{word}{particle}", child, chunks, owner))
        elif child.dep_ == "xcomp" and child.tag_ == "VBG":
            found.append((word + particle, Phrase(child.lemma_, lemma(child), "activity")))
        elif child.dep_ == "acomp":
            with_object = _prepositional(f"{word} {lemma(child)}", child, chunks, owner)
            bare = not any(c.dep_ in {"prep", "xcomp", "ccomp"} for c in child.children)
            found.extend(with_object or ([(f"{word} {lemma(child)}", None)] if bare else []))
    circumstances = _prepositional(f"{word}{particle}", verb, chunks, owner)
    if not found and word != "be" and all(what and what.type in {"date", "time"} for _, what in circumstances):
        found.append((word + particle, None))
    return [*found, *circumstances] or [(word + particle, None)]


def _prepositional(
    predicate: str, head: Token, chunks: Mapping[int, Span], owner: str
) -> list[tuple[str, Phrase | None]]:
    found: list[tuple[str, Phrase | None]] = []
    for prep in (
        c
        for c in head.children
        if (c.dep_ in {"prep", "agent"} and c.lower_ != "of") or (c.dep_ == "prep" and head.pos_ == "ADJ")
    ):
        for child in prep.children:
            if child.dep_ == "pobj":
                found.extend(
                    (f"{predicate} {prep.lower_}", phrase(t, chunks, owner)) for t in (child, *_conjuncts(child))
                )
            elif child.dep_ == "pcomp" and child.tag_ == "VBG":
                activity = Phrase(child.text, lemma(child), "activity")
                found.append((f"{predicate} {prep.lower_}", activity))
    return found


def _plain(clause: _Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
    """What the clause says, word by word, with its tense; attitudes and endings by negation included."""
    modality = clause.modality
    if modality == "asserted" and clause.past:
        modality = "past"
    if modality == "asserted" and clause.perfect and not clause.progressive and clause.affirmed:
        modality = "past"
    verb, affirmed = clause.verb, clause.affirmed
    markers = list(clause.markers)
    if _USED.search(verb.doc.text) and verb.lemma_ == "use":
        inner = next((c for c in verb.children if c.dep_ == "xcomp"), None)
        if inner is None:
            return []
        verb, modality = inner, "ended"
        markers.append("used to")
    if verb.lemma_ == "learn" and any(c.dep_ == "xcomp" for c in verb.children) and modality == "past":
        verb, modality = next(c for c in verb.children if c.dep_ == "xcomp"), "asserted"
    found = []
    for predicate, what in _arguments(verb, chunks, owner):
        slot, value = _attitude(predicate, verb, what, affirmed)
        attribute = (
            _attribute(clause)
            if verb.lemma_ == "be" and predicate.startswith("be") and modality == "asserted"
            else None
        )
        if attribute is not None and affirmed and not slot:
            what, slot, value = attribute, ("amount" if attribute.type == "number" else "value"), attribute.text
        if predicate == "be" and what is None:
            continue
        for subject in clause.subjects:
            text = ""
            if what is not None:
                text = f"{what.possessor}'s {what.text}" if what.possessor not in {"", subject.text} else what.text
            found.append(
                Claim(
                    subject=_name(subject), predicate=predicate, object=text,
                    object_type=what.type if what else "thing", affirmed=affirmed, modality=modality, slot=slot,
                    value=value, markers=tuple(markers),
                )
            )  # fmt: skip
    return found


def _attribute(clause: _Clause) -> Phrase | None:
    """The value of "X's A is V", when A is not a person: all words up to an adverb of time."""
    subject = clause.subjects[0]
    if len(clause.subjects) != 1 or not (subject.possessor or " of " in subject.text) or subject.type == "person":
        return None
    words = []
    for token in clause.tokens[1:]:
        if token.pos_ in {"ADV", "PUNCT", "CCONJ", "SCONJ"} and (words or token.pos_ == "ADV"):
            if words and token.text != "-":
                break
            if not words:
                continue
        if token.dep_ in {"npadvmod", "prep", "mark"} and token.pos_ not in {"NUM", "X"}:
            break
        if token.lower_ == "these":
            break
        words.append(token)
    words = [t for t in words if t.pos_ not in {"DET", "PUNCT"} and t.tag_ != "PRP$"]
    if not words or words[-1].tag_ in {"VBG", "VBN"}:
        return None
    text = "".join(t.text_with_ws for t in words).strip()
    last = words[-1]
    return Phrase(text, lemma(last), kind_of(last, text), proper=last.pos_ == "PROPN")


def _attitude(predicate: str, verb: Token, what: Phrase | None, affirmed: bool) -> tuple[str | None, str]:
    """Liking and hating the same thing exclude each other."""
    first = predicate.split()
    if what is None:
        return None, ""
    word = lemma(verb)
    sign = 1 if word in _POSITIVE else -1 if word in _NEGATIVE else 0
    if word == "be" and len(first) >= 2:
        sign = 1 if first[1] in {"keen", "fond", "crazy", "mad", "passionate", "hooked"} else sign
        sign = -1 if first[1] in {"afraid", "scared", "terrified", "sick", "tired", "frightened", "weary"} else sign
    if word == "stand" and not affirmed:
        return f"attitude:{stem(what.head)}", "dislikes"
    if word == "fall" and "in love" in verb.doc.text:
        return (f"attitude:{stem(what.head)}", "likes") if predicate.endswith("with") else (None, "")
    if not sign:
        return None, ""
    return f"attitude:{stem(what.head)}", "likes" if (sign > 0) == affirmed else "dislikes"
