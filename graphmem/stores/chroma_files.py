"""The index files below Chroma's folder: wiping the room in them that holds no vector, and noticing a torn write.

When Chroma makes an index, hnswlib writes its whole capacity to the files (`initPersistentIndex`: 100 slots of memory
that was allocated and never filled), so whatever the process had freed before stands in them: texts, statements, keys.
Later writes touch only slots that hold a vector. What lies behind the last of those is therefore wiped once, when the
index is new, and when it is opened, in case a crash came between.

Once in a thousand vectors Chroma writes its index, in place, file after file, and then notes in its database how far it
came. A process that is killed in between leaves files that fail every call from then on, or end the process that loads
them (chroma-core/chroma#7678, #7238). So a seal says what the files were when the last write ended.
"""

from __future__ import annotations

import json
import logging
import struct
from pathlib import Path

log = logging.getLogger(__name__)

VERSION = 1
_HEADER = struct.Struct("<iQQQQ")
"""Format version, offset, capacity, vectors, bytes a slot: the beginning of hnswlib's header (`HEADER_FIELDS`)."""
_LENGTH = 4
"""Bytes of a vector's length, a float, in a file of its own."""
SEAL = "index.seal"


class Seal:
    """Size and time of every index file, in a file beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, list[int]] | None = None

    def broken(self) -> bool:
        """Whether the files changed and nobody said that the write ended; False where nothing was sealed.

        Of a store that was closed only the sizes count: whoever copies files gives them a new time. Raises OSError.
        """
        try:
            found = json.loads((self._folder / SEAL).read_text())
            closed, sealed = found["closed"], found["files"]
        except FileNotFoundError:
            return False
        except (ValueError, TypeError, KeyError):
            return True
        files = self._files()
        return bool(_sizes(sealed) != _sizes(files) if closed else sealed != files)

    def press(self, *, closed: bool = False) -> None:
        """Say that what is there now is whole. Nobody may write meanwhile. Raises OSError."""
        files = self._files()
        if files == self._known and not closed:
            return
        part = self._folder / f"{SEAL}.part"
        part.write_text(json.dumps({"closed": closed, "files": files}))
        part.replace(self._folder / SEAL)
        self._known = files

    def _files(self) -> dict[str, list[int]]:
        states = ((path, path.stat()) for path in sorted(self._folder.glob("*/*")))
        return {f"{path.parent.name}/{path.name}": [state.st_size, state.st_mtime_ns] for path, state in states}


def _sizes(files: dict[str, list[int]]) -> dict[str, int]:
    return {name: state[0] for name, state in files.items()}


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
