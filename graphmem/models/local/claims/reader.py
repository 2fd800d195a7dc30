"""Reading fact sentences as claims: what holds of whom, which slot it fills, what has ended.

English, third person ("Tom moved to Austin last month."). Everything that the rules of `steps/resolution` compare is
in the claims, so that they need neither a parser nor a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphmem.models.local.claims.bonds import aliases, bonds
from graphmem.models.local.claims.clauses import Clause, clauses
from graphmem.models.local.claims.frames import matches
from graphmem.models.local.claims.matches import constructed
from graphmem.models.local.claims.mending import christened, is_fused, mended, repronounced
from graphmem.models.local.claims.phrases import CALENDAR_DAY
from graphmem.models.local.claims.plain import plain_claims
from graphmem.models.local.claims.spans import last_times
from graphmem.models.local.claims.views import contacts, plans, pursuits, views
from graphmem.steps.resolution.constructions import Construction, builtin, index
from graphmem.values import Claim

Token = Any
Span = Any


class Reader:
    """Turns sentences into claims. Takes a spaCy pipeline with tagger, parser, lemmatiser and names."""

    def __init__(self, nlp: Any, constructions: Iterable[Construction] = ()) -> None:
        self._nlp = nlp
        self._frames = index([*builtin(), *constructions])

    def claims(self, texts: Sequence[str]) -> tuple[tuple[Claim, ...], ...]:
        """Claims of every text, in order; the main clause comes first. A text without a clause has none."""
        return tuple(self.read(doc) for doc in self._nlp.pipe(texts))

    def read(self, parsed: Any, owner: str = "") -> tuple[Claim, ...]:
        """Claims of a parsed Doc or Span; `owner` is whom "she" means before anybody is named."""
        doc = parsed if hasattr(parsed, "sents") and not hasattr(parsed, "start") else parsed.as_doc()
        doc = christened(self._nlp, mended(self._nlp, doc))
        found = self._read(doc, owner)
        if owner:
            return found
        mending = repronounced(doc) if not found or is_fused(doc) else None
        if mending is None:
            return found
        text, subject, _ = mending
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
        found = [*plain, *claims, *bonds(clause, [*plain, *claims]), *last_times(clause, chunks)]
        found += [*views(clause, chunks, owner), *plans(clause, chunks, owner), *contacts(clause, plain, chunks, owner)]
        found += pursuits(plain)
        return [*found, *aliases(clause.subjects, found)]


def _dates(doc: Any) -> list[Span]:
    """Calendar days as whole phrases: the parser hangs day, month and year on different words."""
    spans = [doc.char_span(*m.span()) for m in CALENDAR_DAY.finditer(doc.text)]
    return [span for span in spans if span is not None]


def _owner(clause: Clause) -> str:
    first = clause.subjects[0] if clause.subjects else None
    return first.text if first and (first.proper or first.type == "person") and not first.possessor else ""
