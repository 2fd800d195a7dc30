"""The files of the kit."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from graphmem import assets
from graphmem.neo4j_kit.guide import Examples, guide
from graphmem.neo4j_kit.queries import CHAPTERS, FOLDER, query

STYLE = "graphmem.grass"
GUIDE = "guide.html"
ARCHIVE = "graphmem-queries.zip"
_SHELF = "graphmem"
"""The folder of Browser's favourites that the saved queries come into."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The same kit has the same bytes."""


def contents(examples: Examples) -> Mapping[str, bytes]:
    """Every file of the kit: path -> content."""
    queries = {f"{name}.cypher": query(name).text for chapter in CHAPTERS for name in chapter.names}
    files = {f"queries/{name}": text.encode() for name, text in queries.items()}
    return {
        "README.md": assets.text(f"{FOLDER}/README.md", "cypher").encode(),
        STYLE: assets.text(f"{FOLDER}/{STYLE}", "cypher").encode(),
        GUIDE: guide(examples).encode(),
        ARCHIVE: _archive(queries),
        **files,
    }


def write(folder: Path, examples: Examples) -> tuple[Path, ...]:
    """Write the kit into a folder, made when it is not there; files of other names stay. Raises OSError."""
    written = []
    for name, content in contents(examples).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return tuple(written)


def _archive(queries: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in queries.items():
            archive.writestr(zipfile.ZipInfo(f"{_SHELF}/{name}", _LONG_AGO), text)
    return buffer.getvalue()
