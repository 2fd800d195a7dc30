"""Text as the full-text index sees it: words as they are, scripts without spaces as characters and pairs of them."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

MAX_WORDS = 64
"""Words of a query that are looked up; a page of text is not a better question than its beginning."""

# Lucene's list. A longer one loses: question words and auxiliaries tell questions from statements in chat.
_STOP = """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
    to was will with
"""
STOP_WORDS = frozenset(_STOP.split())

# Han, kana, Hangul, Thai, Lao, Burmese, Khmer: written without spaces, or with particles glued to the word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+"
)
_WORD = re.compile(r"[^\W_]+")


def indexed(text: str) -> str:
    """`text` with every run of an unspaced script written as its characters and its pairs of neighbours."""
    return _UNSPACED.sub(lambda run: f" {' '.join(_singles_and_pairs(run.group()))} ", text)


def split(text: str) -> list[str]:
    """Runs of letters and digits, in order."""
    return _WORD.findall(text)


def query_words(query: str) -> tuple[str, ...]:
    """Words to look up, in order and without repeats; English stop words only when there is nothing else."""
    runs = _UNSPACED.sub(lambda run: f" {' '.join(_pairs(run.group()))} ", query.replace("\0", " "))
    words = list(dict.fromkeys(word.casefold() for word in _WORD.findall(runs)))
    telling = [word for word in words if word not in STOP_WORDS]
    return tuple((telling or words)[:MAX_WORDS])


def _bare(run: str) -> str:
    # Vowel signs and tone marks above and below would be taken for spaces by the tokenizer.
    return "".join(c for c in run if not unicodedata.category(c).startswith("M"))


def _singles_and_pairs(run: str) -> list[str]:
    bare = _bare(run)
    return [*bare, *(a + b for a, b in pairwise(bare))]


def _pairs(run: str) -> list[str]:
    bare = _bare(run)
    return [a + b for a, b in pairwise(bare)] or list(bare)
