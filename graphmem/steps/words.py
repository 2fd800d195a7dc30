"""Words of a text and the English words that carry no subject of their own."""

from __future__ import annotations

import re

LETTER = r"[^\W_]"
INNER = r"['’&.-]"
"""What may stand inside a word."""
_WORD = re.compile(rf"{LETTER}+(?:{INNER}{LETTER}+)*")
_STOP_WORDS = """
a about above after again against all am an and any are aren't as at be because been before being below between both
but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each else ever few for
from further had hadn't has hasn't have haven't having he he's her here here's hers herself him himself his how
how's i i'd i'll i'm i've if in into is isn't it it's its itself just let let's like me more most much mustn't my
myself no nor not now of off on once one only or other our ours ourselves out over own really same shan't she she's
should shouldn't so some such than that that's the their theirs them themselves then there there's these they
they're they've this those through to too under until up us very was wasn't we we'd we'll we're we've were weren't
what what's when when's where where's which while who who's whom why why's will with won't would wouldn't yes you
you'd you'll you're you've your yours yourself yourselves
"""
_STOP = frozenset(_STOP_WORDS.split())


def words(text: str) -> tuple[str, ...]:
    """Words in order and in lower case; an apostrophe, hyphen, dot or ampersand inside a word belongs to it."""
    return tuple(_WORD.findall(text.casefold()))


def is_stop(word: str) -> bool:
    """A function word."""
    return word.replace("’", "'") in _STOP
