"""Text files that ship with the package: prompts and Cypher statements, one a file."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from string import Template
from typing import Literal

from graphmem.errors import ConfigError

Folder = Literal["prompts", "cypher"]
_CHECKOUT = Path(__file__).resolve().parent.parent
_SEPARATOR = "\n===\n"


@lru_cache(maxsize=256)
def text(name: str, folder: Folder = "prompts") -> str:
    """The content of a file such as `extract.md`. Raises ConfigError when it is missing.

    In an installed package the folders lie inside `graphmem`; in a checkout they lie beside it.
    """
    for root in (resources.files("graphmem"), _CHECKOUT):
        file = root / folder / name
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise ConfigError(f"The file {folder}/{name} is missing from graphmem.", advice="Install graphmem again.")


def prompt(name: str, **values: str) -> tuple[str, str]:
    """System and user text of a prompt file, `$name` placeholders filled in. Raises ConfigError for a missing value.

    The file holds the system text, a line `===`, and the user text. A `$` inside a value stays as it is.
    """
    system, found, user = text(name).partition(_SEPARATOR)
    if not found:
        raise ConfigError(f"The prompt {name} has no line `===`.", advice="Put one between system and user text.")
    try:
        return Template(system).substitute(values).strip(), Template(user).substitute(values).strip()
    except (KeyError, ValueError) as exc:
        raise ConfigError(f"The prompt {name} cannot be filled in: {exc}.", advice="Check its placeholders.") from exc
