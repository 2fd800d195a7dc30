"""What counts the tokens of contexts and memories, where no model reports them.

`estimate` needs nothing: it cuts text as the pattern of OpenAI's cl100k_base does and charges long words for the
pieces that they fall into. `cl100k_base` is the table itself, through the `tiktoken` package, which fetches it once.
Whichever counts stands in the manifest of a run; two runs are compared by one counter only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

from graphmem.errors import ConfigError

CounterName = Literal["estimate", "cl100k_base"]
LETTERS = 9
"""Letters of a word beyond which each further `PIECE` letters count as one more token."""
PIECE = 6
# A word with the space before it, up to three digits, a run of signs, line ends, spaces: the pieces of cl100k_base.
_PIECES = re.compile(
    r"'(?:[sdmt]|ll|ve|re)\b|[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+|_", re.IGNORECASE
)


def counter(name: CounterName = "estimate") -> Callable[[str], int]:
    """The function that counts. Raises ConfigError when the table cannot be had."""
    return estimate if name == "estimate" else _tiktoken(name)


def estimate(text: str) -> int:
    """Tokens as cl100k_base has them, within some percent for English."""
    return sum(_charge(piece) for piece in _PIECES.findall(text))


@lru_cache(maxsize=65_536)
def _charge(piece: str) -> int:
    wide = sum(1 for sign in piece if ord(sign) > 0x2E7F)
    letters = len(piece.strip()) - wide
    return wide + (1 + max(0, letters - LETTERS + PIECE - 1) // PIECE if letters or not wide else 0)


def _tiktoken(name: str) -> Callable[[str], int]:
    if find_spec("tiktoken") is None:
        raise ConfigError("--tokens cl100k_base needs a package.", advice="Run: pip install tiktoken")
    import tiktoken

    try:
        table = tiktoken.get_encoding(name)
    except (OSError, ValueError) as exc:
        raise ConfigError(
            f"The table of {name} cannot be fetched.", advice="Use --tokens estimate, or set TIKTOKEN_CACHE_DIR."
        ) from exc
    return lambda text: len(table.encode(text, disallowed_special=()))
