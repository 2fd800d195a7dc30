"""The keys of Mem0's configuration: each refusal names the key as it was written, and the fix, and shows no value."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from graphmem.errors import ConfigError
from graphmem.models.providers import PROVIDERS

if TYPE_CHECKING:
    from graphmem.mem0.config import MemoryConfig, Section

OTHER_NAMES = {"azure_openai": "azure", "openai_structured": "openai", "azure_openai_structured": "azure"}
"""Mem0's name of a provider -> graphmem's, where they differ."""
SECTION = "{'provider': '...', 'config': {...}}"
SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "llm": ("model", "api_key", "azure_kwargs"),
        "embedder": ("model", "api_key", "azure_kwargs", "embedding_dims"),
        "vector_store": ("path", "collection_name"),
        "graph_store": ("url", "username", "password", "database"),
    }
)
"""The keys of each section's `config` that have an effect."""
FROM = 0.8
"""Likeness from which a key is taken for a slip of the pen."""
WANTED = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "float_type": "a number",
    "float_parsing": "a number",
}
"""What pydantic's complaints want."""


def mapping(key: str, value: object) -> dict[str, Any]:
    """A mapping, empty for None. Raises ConfigError."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{key}: must be a mapping, not {type(value).__name__}.", advice="Pass {'key': value}.")
    return dict(value)


def number(key: str, value: object) -> object:
    """A whole number above 0, or None. Raises ConfigError."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise ConfigError(f"{key}: must be a whole number above 0, not {value!r}.", advice="Leave it out, or pass 384.")


def check_texts(where: str, values: Mapping[str, Any], *names: str) -> None:
    """Raise ConfigError for the first of these that is given and is no text."""
    for name in names:
        value = values.get(name)
        if value is not None and not isinstance(value, str | Path | SecretStr):
            raise ConfigError(f"{where}.{name}: must be text, not {type(value).__name__}.", advice="Pass a str.")


def is_address(key: str) -> bool:
    """Whether the key of a section's `config` names a server: each provider of Mem0 has its own."""
    return key == "base_url" or key.endswith("_base_url")


def provider(section: str, name: str | None, *more: str) -> str:
    """The name of a provider in graphmem; Mem0's default is OpenAI. Raises ConfigError for one that is not known."""
    written = name or "openai"
    found = OTHER_NAMES.get(written, written)
    known = sorted({*PROVIDERS, *OTHER_NAMES, *more})
    if found not in known:
        nearest = difflib.get_close_matches(written, known, n=1, cutoff=FROM)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        raise ConfigError(
            f"{section}.provider: {written!r} does not speak OpenAI's protocol, or is not known.",
            advice=f"{hint}Known are {', '.join(known)}; 'custom' with openai_base_url is any other server.",
        )
    return found


def without_none(data: object) -> object:
    """A configuration without the keys that say None: they are as good as absent."""
    if not isinstance(data, Mapping):
        return data
    kept = {key: value for key, value in data.items() if value is not None}
    for name in SECTIONS.keys() & kept.keys():
        if isinstance(kept[name], Mapping):
            kept[name] = {key: value for key, value in kept[name].items() if value is not None}
    return kept


def refused(problem: ValidationError) -> ConfigError:
    """What pydantic found, in words of the configuration."""
    first = problem.errors(include_url=False)[0]
    path = [str(part) for part in first["loc"]]
    path = path if path[0] in SECTIONS else path[:1]
    wanted, given = WANTED.get(first["type"]), type(first.get("input")).__name__
    told = f"must be {wanted}, not {given}." if wanted else f"cannot be used: {first['msg']}."
    advice = "See docs/mem0.md."
    if wanted == "a mapping":
        advice = f"Write {{{path[0]!r}: {SECTION}}}." if path[0] in SECTIONS else "Pass {'key': value}."
    return ConfigError(f"{'.'.join(path)}: {told}", advice=advice)


def check_spelling(config: MemoryConfig) -> None:
    """Raise ConfigError for a key that is a slip of the pen, or stands one level too high."""
    _nearest("", config.model_extra or {}, type(config).model_fields)
    for name, known in SECTIONS.items():
        section: Section = getattr(config, name)
        for key in section.model_extra or {}:
            if key in known or is_address(key):
                raise ConfigError(
                    f"{name}.{key} stands one level too high.",
                    advice=f"Write {{{name!r}: {{'config': {{{key!r}: ...}}}}}}.",
                )
        _nearest(f"{name}.", section.model_extra or {}, type(section).model_fields)
        _nearest(f"{name}.config.", section.config, known)


def _nearest(where: str, given: Mapping[str, Any], known: Mapping[str, Any] | tuple[str, ...]) -> None:
    for key in given:
        if key in known or is_address(str(key)):
            continue
        if nearest := difflib.get_close_matches(str(key).lower(), known, n=1, cutoff=FROM):
            raise ConfigError(f"{where}{key} is not a key that is known.", advice=f"Did you mean {nearest[0]}?")
