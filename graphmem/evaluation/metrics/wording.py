"""How near a response is to the answer expected, word by word.

`f1` and `bleu1` are computed as the evaluation published with the Mem0 paper computes them, odd as that is, so that
figures can be compared: F1 over the set of words with no normalisation but lower case and four signs removed; BLEU-1
over Treebank tokens with brevity penalty. `squad_f1` is the usual one of Rajpurkar et al. 2016.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

_SIGNS = str.maketrans(".,!?", "    ")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def of_response(response: str, answers: Sequence[str]) -> dict[str, float]:
    """`F1` and `BLEU-1` against the first answer, `SQuAD F1` against the nearest of all."""
    first = answers[0] if answers else ""
    return {
        "F1": f1(response, first),
        "BLEU-1": bleu1(response, first),
        "SQuAD F1": max((squad_f1(response, answer) for answer in answers), default=0.0),
    }


def f1(response: str, answer: str) -> float:
    """Harmonic mean of precision and recall over the sets of words."""
    said, expected = (set(text.lower().translate(_SIGNS).split()) for text in (response, answer))
    return _harmonic(len(said & expected), len(said), len(expected))


def squad_f1(response: str, answer: str) -> float:
    """The same over the words with their counts, without punctuation and articles; both empty counts as equal."""
    said, expected = _normalised(response), _normalised(answer)
    if not said and not expected:
        return 1.0
    common = Counter(said) & Counter(expected)
    return _harmonic(common.total(), len(said), len(expected))


def bleu1(response: str, answer: str) -> float:
    """Clipped unigram precision times the brevity penalty (Papineni et al. 2002).

    Smoothing (method 1 of Chen and Cherry 2014) never changes it: nltk gives 0 when no word is shared, and smooths
    only counts of 0.
    """
    said, expected = tokens(response.lower()), tokens(answer.lower())
    shared = (Counter(said) & Counter(expected)).total()
    if not shared:
        return 0.0
    brevity = 1.0 if len(said) > len(expected) else math.exp(1 - len(expected) / len(said))
    return brevity * shared / len(said)


def _harmonic(common: int, said: int, expected: int) -> float:
    if not common:
        return 0.0
    precision, recall = common / said, common / expected
    return 2 * precision * recall / (precision + recall)


def _normalised(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


# The tokens of the Penn Treebank's conventions, which nltk's word_tokenize follows.

_ABBREVIATION = re.compile(
    r"mrs?|ms|dr|prof|st|jr|sr|vs|etc|inc|ltd|co|corp|no|ok|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|tues"
    r"|(?:[^\W\d_]\.)*[^\W\d_]|\d+"
)
"""Also initials, and ordinal numbers."""
_SPLIT = (
    (re.compile(r"([«“‘„]|`+)"), r" \1 "),
    (re.compile(r"(^|[ (\[{<])(\"|'{2})"), r"\1 `` "),
    (re.compile(r"(['\"]{2}|\")"), r" '' "),
    (re.compile(r"([»”’])"), r" \1 "),
    (re.compile(r"([:,])([^\d])"), r" \1 \2"),
    (re.compile(r"([:,])$"), r" \1 "),
    (re.compile(r"\.{2,}"), r" \g<0> "),
    (re.compile(r"[;@#$%&?!]"), r" \g<0> "),
    (re.compile(r"([\]\[(){}<>])"), r" \1 "),
    (re.compile(r"--|—"), r" \g<0> "),
    (re.compile(r"(?<!\w)(')(?!re|ve|ll|m|t|s|d|n)(\w)"), r" \1 \2"),
    (re.compile(r"([^'])' "), r"\1 ' "),
    (re.compile(r"([^' ])('s|'m|'d|'ll|'re|'ve|n't) "), r"\1 \2 "),
    (re.compile(r"\b(can)(not)\b"), r" \1 \2 "),
    (re.compile(r"\b(gon|wan)(na)\b"), r" \1 \2 "),
    (re.compile(r"\b(got)(ta)\b"), r" \1 \2 "),
    (re.compile(r"\b(gim|lem)(me)\b"), r" \1 \2 "),
    (re.compile(r"\b(d)('ye)\b"), r" \1 \2 "),
)


def tokens(text: str) -> list[str]:
    """Words and signs; clitics apart ("do", "n't"), the full stop of a sentence apart, those of abbreviations not."""
    found: list[str] = []
    for sentence in _sentences(text):
        padded = f" {sentence} "
        for pattern, replacement in _SPLIT:
            padded = pattern.sub(replacement, padded)
        found += padded.split()
    return found


def _sentences(text: str) -> Iterable[str]:
    """The text with the full stop of each of its sentences, and of the whole, set apart."""
    words = text.split()
    for place, word in enumerate(words):
        closing = word.rstrip("\"')]}")
        bare = closing[:-1]
        last = place == len(words) - 1
        if closing.endswith(".") and not bare.endswith(".") and bare and (last or not _ABBREVIATION.fullmatch(bare)):
            words[place] = f"{bare} .{word[len(closing) :]}"
    yield " ".join(words)
