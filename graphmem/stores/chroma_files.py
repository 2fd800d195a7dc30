"""The index files below Chroma's folder: wiping the room in them that holds no vector.

When Chroma makes an index, hnswlib writes its whole capacity to the files (`initPersistentIndex`: 100 slots of memory
that was allocated and never filled), so whatever the process had freed before stands in them: texts, statements, keys.
Later writes touch only slots that hold a vector. What lies behind the last of those is therefore wiped once, when the
index is new, and when it is opened, in case a crash came between.
"""

from __future__ import annotations

import logging
import struct
from pathlib import Path

log = logging.getLogger(__name__)

VERSION = 1
_HEADER = struct.Struct("<iQQQQ")
"""Format version, offset, capacity, vectors, bytes a slot: the beginning of hnswlib's header (`HEADER_FIELDS`)."""
_LENGTH = 4
"""Bytes of a vector's length, a float, in a file of its own."""


def wipe_unused(folder: Path) -> bool:
    """Fill with zeros what every index below the folder does not use. False when there is no index yet.

    Nobody may write to the indexes meanwhile. Raises OSError.
    """
    headers = sorted(folder.glob("*/header.bin"))
    for header in headers:
        _wipe(header)
    return bool(headers)


def _wipe(header: Path) -> None:
    raw = header.read_bytes()[: _HEADER.size]
    version, _, _, vectors, slot = _HEADER.unpack(raw) if len(raw) == _HEADER.size else (0, 0, 0, 0, 0)
    if version != VERSION:
        log.warning("%s has another format than the one known: unused room in it is not wiped", header)
        return
    _zero_from(header.with_name("data_level0.bin"), vectors * slot)
    _zero_from(header.with_name("length.bin"), vectors * _LENGTH)


def _zero_from(path: Path, start: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        if any(rest := file.read()):
            file.seek(start)
            file.write(bytes(len(rest)))
