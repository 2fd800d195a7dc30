"""Files of one JSON value a line, that survive being killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from graphmem.errors import InputError
from graphmem.values import Value

T = TypeVar("T", bound=Value)


class Lines(Generic[T]):
    """Values of one kind, appended as they come; each is whole in the file or not there at all.

    A line that a killed process left unfinished is dropped when the file is opened again. Threads may share it.
    """

    def __init__(self, path: Path, kind: type[T]) -> None:
        self.path = path
        self._kind = kind
        self._lock = threading.Lock()

    def read(self) -> Iterator[T]:
        """What is there, in the order of writing. Raises InputError for a line that is of another kind."""
        if not self.path.is_file():
            return
        text = self.path.read_bytes()
        for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
            try:
                yield self._kind.model_validate_json(line)
            except ValidationError as exc:
                problem = f"is no {self._kind.__name__} of this version."
                raise InputError(f"{self.path}, line {number}", problem, advice="Choose another --out.") from exc

    def mend(self) -> None:
        """Cut an unfinished last line off; a missing file is no fault."""
        if self.path.is_file():
            text = self.path.read_bytes()
            whole = text.rfind(b"\n") + 1
            if whole < len(text):
                with self.path.open("r+b") as file:
                    file.truncate(whole)

    def append(self, value: T) -> None:
        """Write one value, and hand it to the system before this returns."""
        line = value.model_dump_json() + "\n"
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
