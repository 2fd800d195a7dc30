"""Looking for erased texts in files: every file of the home, byte for byte.

A text is looked for by pieces of it, so that what is left of half a text is found, too. Pieces are found through their
first eight bytes, compared at every offset with numpy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

PIECE = 24
"""Bytes of a piece; shorter texts are one piece, down to `LEAST`."""
STRIDE = 48
LEAST = 8
MOST_PIECES = 50_000
BLOCK = 1 << 22


def pieces(texts: Iterable[str]) -> dict[bytes, str]:
    """Bytes to look for, each with its fragment of text; as they stand in a text column and in a JSON one."""
    found: dict[bytes, str] = {}
    for text in sorted(texts):
        for start in range(0, max(1, len(text) - PIECE // 2), STRIDE):
            fragment = text[start : start + PIECE]
            for raw in (fragment.encode(), json.dumps(fragment)[1:-1].encode()):
                if len(raw) >= LEAST and fragment.strip():
                    found.setdefault(raw, fragment)
        if len(found) >= MOST_PIECES:
            break
    return found


def files(folder: Path) -> tuple[Path, ...]:
    """All files below a folder."""
    return tuple(path for path in sorted(folder.rglob("*")) if path.is_file())


def search(paths: Sequence[Path], wanted: Mapping[bytes, str]) -> dict[str, int]:
    """Fragment -> how often it stands in the files; those that do not are left out."""
    by_start: dict[int, list[bytes]] = {}
    for raw in wanted:
        by_start.setdefault(int.from_bytes(raw[:LEAST], "little"), []).append(raw)
    starts = np.array(sorted(by_start), dtype="<u8")
    counts: dict[str, int] = {}
    for path in paths if wanted else ():
        for raw in _hits(path, starts, by_start):
            counts[wanted[raw]] = counts.get(wanted[raw], 0) + 1
    return counts


def _hits(path: Path, starts: npt.NDArray[np.uint64], by_start: Mapping[int, list[bytes]]) -> Iterator[bytes]:
    """Every occurrence of a piece in a file."""
    overlap = 8 * PIECE
    with path.open("rb") as file:
        before = b""
        while block := file.read(BLOCK):
            data = before + block
            # What lies in the overlap is counted with the block that follows, unless none does.
            last = len(data) if len(block) < BLOCK else len(data) - overlap
            for offset in _candidates(data, starts):
                if offset < last:
                    start = int.from_bytes(data[offset : offset + LEAST], "little")
                    yield from (raw for raw in by_start[start] if data.startswith(raw, offset))
            before = data[last:]


def _candidates(data: bytes, starts: npt.NDArray[np.uint64]) -> Iterator[int]:
    """Offsets at which the first eight bytes of some piece stand."""
    for shift in range(LEAST):
        usable = (len(data) - shift) // LEAST * LEAST
        if usable <= 0:
            continue
        words = np.frombuffer(data, dtype="<u8", count=usable // LEAST, offset=shift)
        places = np.searchsorted(starts, words)
        places[places == len(starts)] = 0
        for index in np.flatnonzero(starts[places] == words):
            yield int(index) * LEAST + shift
