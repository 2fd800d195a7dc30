"""Reading JSON and JSON Lines with errors that name the place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from graphmem.errors import InputError

T = TypeVar("T")

_NAMES: Mapping[type, str] = {str: "a text", int: "a number", list: "a list", dict: "an object"}


def fingerprint(path: str | Path) -> str:
    """The sha256 of a file's content, in hexadecimal. Raises InputError when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def load(path: str | Path) -> object:
    """The JSON document in a file. Raises InputError naming the line and column."""
    text = _text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise InputError(Path(path).name, problem, advice="Repair the file, then import it again.") from error
    except RecursionError as error:
        raise InputError(Path(path).name, "is nested too deeply.", advice="Flatten the file.") from error


def lines(path: str | Path) -> Iterator[tuple[int, object]]:
    """(line number, record) of a JSON Lines file; a line that is not JSON comes as its InputError."""
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _record(line, number)
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def as_object(record: object, where: str) -> Mapping[str, object]:
    """The record, which must be a JSON object. Raises InputError."""
    if not isinstance(record, Mapping):
        raise InputError(where, f"is {_name(record)}, not an object.")
    return record


def optional(record: object, key: str, kind: type[T], where: str) -> T | None:
    """`entry`, or None when the key is absent or null."""
    return None if as_object(record, where).get(key) is None else entry(record, key, kind, where)


def entry(record: object, key: str, kind: type[T], where: str) -> T:
    """`record[key]`, which must be there and of this kind. Raises InputError naming both."""
    fields = as_object(record, where)
    if key not in fields:
        raise InputError(where, f"has no key {key!r}.")
    value = fields[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InputError(where, f"key {key!r} is {_name(value)}, not {_NAMES.get(kind, kind.__name__)}.")
    return value


def _record(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        return InputError(f"line {number}", f"is not JSON: {error}.")


def _name(value: object) -> str:
    if value is None:
        return "null"
    for kind, name in _NAMES.items():
        if isinstance(value, kind) and not isinstance(value, bool):
            return name
    return type(value).__name__


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(path) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _not_text(path: str | Path) -> InputError:
    return InputError(Path(path).name, "is not UTF-8 text.", advice="Save it as UTF-8, then import it again.")


def _unreadable(path: str | Path, error: OSError) -> InputError:
    return InputError(str(path), f"cannot be read: {error.strerror or error}.", advice="Check the path.")
