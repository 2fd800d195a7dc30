"""Whether a quote occurs in a message, and where: case, white space, quotation marks and dashes do not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ALIKE = str.maketrans(dict.fromkeys('"‘’‚`´“”„«»', "'") | dict.fromkeys("–—‐‑−", "-"))
_ELLIPSIS = re.compile(r"\s*(?:\.{3,}|…|\[\.{3}\])\s*")
_WRAPPED = re.compile(r"^[\"'“”‘’«»\s]+|[\"'“”‘’«»\s.,;:!?]+$")


class Quotable:
    """A message in which quotes are looked up. The folded form is made once, when the plain look-up fails."""

    def __init__(self, content: str) -> None:
        self.content = content
        self._folded: str | None = None
        self._offsets: list[int] = []

    def find(self, quote: str) -> str | None:
        """The words of the message that `quote` repeats, exactly as they stand there, or None.

        A quote with an ellipsis matches when its pieces occur in order; the span then covers all of them.
        """
        if not quote.strip():
            return None
        at = self.content.find(quote)
        if at >= 0 and not (_joined(self.content, at) or _joined(self.content, at + len(quote))):
            return quote.strip()
        pieces = [piece for piece in map(_trimmed, _ELLIPSIS.split(quote)) if piece]
        spans = []
        start = 0
        for piece in pieces:
            span = self._span(piece, start)
            if span is None:
                return None
            spans.append(span)
            start = span[1]
        return self.content[spans[0][0] : spans[-1][1]].strip() if spans else None

    def _span(self, piece: str, start: int) -> tuple[int, int] | None:
        """Where the folded piece lies in the original text, at or after `start`."""
        if self._folded is None:
            self._folded, self._offsets = _folded(self.content)
        wanted = _folded(piece)[0].strip()
        at = self._folded.find(wanted)
        while wanted and at >= 0:
            end = at + len(wanted)
            if self._offsets[at] >= start and not (_joined(self._folded, at) or _joined(self._folded, end)):
                return self._offsets[at], self._offsets[end - 1] + 1
            at = self._folded.find(wanted, at + 1)
        return None


def _joined(text: str, at: int) -> bool:
    """Whether `at` splits a word: `he` is no quote of `the`. Scripts that need no spaces have no such limit."""
    return 0 < at < len(text) and all(c.isalnum() and ord(c) < 0x2E80 for c in text[at - 1 : at + 1])


def _trimmed(piece: str) -> str:
    return _WRAPPED.sub("", piece)


def _folded(text: str) -> tuple[str, list[int]]:
    """The text in its comparable form, and for each character of it the index in the original."""
    out: list[str] = []
    offsets: list[int] = []
    for index, character in _characters(text):
        if character.isspace():
            if out and out[-1] != " ":
                out.append(" ")
                offsets.append(index)
            continue
        for folded in unicodedata.normalize("NFKD", character.translate(_ALIKE)).casefold():
            if not unicodedata.combining(folded):
                out.append(folded)
                offsets.append(index)
    return "".join(out), offsets


def _characters(text: str) -> Iterator[tuple[int, str]]:
    """Characters with their index, without the invisible ones."""
    return ((i, c) for i, c in enumerate(text) if unicodedata.category(c) != "Cf")
