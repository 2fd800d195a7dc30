"""Putting things on stdout and stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_CONTROL = {code: "\ufffd" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(code) not in "\n\t"}


def clean(text: str) -> str:
    """Text that cannot steer the terminal: control characters and lone surrogates become replacement characters."""
    return text.translate(_CONTROL).encode("utf-8", "replace").decode("utf-8")


def line(text: str) -> str:
    """The same, on one line."""
    return " ".join(clean(text).split())


def say(text: str) -> None:
    """One line on stderr."""
    print(line(text), file=sys.stderr, flush=True)  # noqa: T201


def console() -> Console:
    """Rich's console on stdout; plain text when it is not a terminal."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def page(items: Iterable[RenderableType], *, wrap: bool = False) -> None:
    """Print renderables; lines are not broken unless `wrap`, so that `grep` sees them whole."""
    out = console()
    for item in items:
        out.print(item, soft_wrap=not (wrap or out.is_terminal))


def data(value: object) -> Any:
    """A value as JSON has it."""
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: data(part) for key, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): data(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [data(part) for part in value]
    return str(value) if isinstance(value, Path) else value


def print_json(value: object) -> None:
    """A JSON document on stdout."""
    _write(json.dumps(value, ensure_ascii=not _unicode(), indent=2))


def envelope(
    command: str, *, value: object = None, error: Mapping[str, str] | None = None, failed: bool = False
) -> None:
    """The one JSON line of `--agent`; `failed`: not ok, and the value says why."""
    document = {"ok": error is None and not failed, "command": command, "data": data(value), "error": error}
    _write(json.dumps(document, ensure_ascii=not _unicode()))


def _write(document: str) -> None:
    sys.stdout.write(document.encode("utf-8", "replace").decode("utf-8") + "\n")


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
