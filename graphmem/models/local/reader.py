"""Reading fact sentences as claims: what holds of whom, which slot it fills, what has ended.

English, third person ("Tom moved to Austin last month."). Everything that the rules of `steps/resolution` compare is
in the claims, so that they need neither a parser nor a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphmem.models.local.phrases import CALENDAR_DAY
from graphmem.models.local.reader_words import words
from graphmem.models.local.reading_bonds import aliases, bonds
from graphmem.models.local.reading_claims import constructed
from graphmem.models.local.reading_clauses import Clause, clauses
from graphmem.models.local.reading_frames import matches
from graphmem.models.local.reading_plain import plain_claims
from graphmem.steps.resolution.constructions import Construction, builtin, index
from graphmem.values import Claim

Token = Any
Span = Any

_FUSED = words("fused")


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
        chunks = {t.i: span for span in (*doc.noun_chunks, *_dates(doc)) for t in span}
        found: list[Claim] = []
        for sentence in doc.sents:
            for clause in clauses(sentence, chunks, owner):
                owner = owner or _owner(clause)
                found.extend(self._read_clause(clause, chunks, owner))
        return tuple(dict.fromkeys(found))

    def _read_clause(self, clause: Clause, chunks: Mapping[int, Span], owner: str) -> list[Claim]:
        claims: list[Claim] = []
        matched = list(matches(clause, self._frames, chunks, owner))
        for match in matched:
            claims.extend(constructed(clause, match, chunks, owner))
        plain = plain_claims(clause, chunks, owner)
        found = [*plain, *claims, *bonds(clause, plain)]
        return [*found, *aliases(clause.subjects, found)]


def _dates(doc: Any) -> list[Span]:
    """Calendar days as whole phrases: the parser hangs day, month and year on different words."""
    spans = [doc.char_span(*m.span()) for m in CALENDAR_DAY.finditer(doc.text)]
    return [span for span in spans if span is not None]


def _is_fused(doc: Any) -> bool:
    """A name and a plural noun as one phrase, "Sid cycles", are a subject and its verb."""
    return len(doc) > 2 and doc[0].pos_ == "PROPN" and doc[0].head.i == 1 and doc[1].tag_ == "NNS" and doc[1].is_lower


def _mended(doc: Any) -> tuple[str, str] | None:
    """Text and subject with a pronoun for it: "Vic smokes" and "The flight leaves" are misread as nouns."""
    first = next(iter(doc.noun_chunks), None)
    end = first.end if first is not None and first.start == 0 else 1
    cut = next((t.i for t in reversed(doc[1:end]) if t.tag_ in _FUSED and t.is_lower and t.dep_ != "appos"), end)
    subject = [t for t in doc[:cut] if t.pos_ != "DET"]
    named = bool(subject) and all(t.text[:1].isupper() for t in subject) and doc[0].pos_ != "DET"
    common = cut < end and subject and subject[-1].pos_ == "NOUN" and doc[cut].tag_ != "NN"
    if cut >= len(doc) - 1 or not (named or common):
        return None
    return f"{'She' if named else 'It'} {doc[cut:].text}", "".join(t.text_with_ws for t in subject).strip()


def _owner(clause: Clause) -> str:
    first = clause.subjects[0] if clause.subjects else None
    return first.text if first and (first.proper or first.type == "person") and not first.possessor else ""
