"""The settings, and the only place that reads the environment and `graphmem.toml`.

A value comes from the first of: an explicit argument, a variable `GRAPHMEM_<KEY>`, the file `graphmem.toml`
(in the working folder, or where `GRAPHMEM_CONFIG` points), the default. An unknown key in any of them is an error.

Nothing is sent to a model service unless these settings say so: a provider is named (`llm_provider`, or `embedder`),
or an address or a key of one is given. A variable such as `OPENAI_API_KEY` alone changes nothing; it is read only for
a provider that is named.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from graphmem.errors import ConfigError

PREFIX = "GRAPHMEM_"
FILE_NAME = "graphmem.toml"
HIDDEN = "********"
_NOT_SETTINGS = frozenset(
    {
        "GRAPHMEM_CONFIG",
        "GRAPHMEM_TEST_DATA",
        "GRAPHMEM_TEST_ERASURES",
        "GRAPHMEM_TEST_LONG",
        "GRAPHMEM_TEST_NEO4J_URL",
        "GRAPHMEM_TEST_NEO4J_VERSION",
        "GRAPHMEM_TEST_POSTGRES_URL",
    }
)
_BOLT = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://[^/\s@]+/?(\?\S*)?")
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^:/@\s]*):[^@\s]+@")


def _name(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _path(value: object) -> object:
    if isinstance(value, str) and (not value.strip() or "\0" in value):
        raise ValueError("is not a path")
    return value


def _bolt(value: str) -> str:
    if _BOLT.fullmatch(value.strip()) is None:
        raise ValueError("is no address of Neo4j; write bolt://HOST:7687 or neo4j://HOST:7687, with +s for TLS")
    return value.strip()


Place = Annotated[Path, BeforeValidator(_path), AfterValidator(Path.expanduser)]
ProviderName = Annotated[str, BeforeValidator(_name), Field(min_length=1)]
Label = Annotated[str, Field(min_length=1)]


class Effective(NamedTuple):
    """One setting as it is in force; secrets are hidden."""

    key: str
    value: str
    origin: str
    """`default`, `argument`, the name of a variable, or the path of the file."""


class Settings(BaseSettings):
    """Every setting of graphmem. Raises ConfigError for an unknown key or a value that cannot be used.

    An argument that is None counts as not given.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    home: Place = Path(".graphmem")
    """Folder of the embedded stores: `ledger.db`, `chroma/`, `cache/`."""
    ledger_url: str | None = None
    """SQLAlchemy address of the ledger; None means `ledger.db` in the home."""
    vectors: Literal["chroma", "none"] = "chroma"
    graph: Literal["embedded", "neo4j"] = "embedded"
    """`embedded` is the ledger itself; `neo4j` copies the graph to a server, where relationship queries then run."""
    neo4j_url: Annotated[str, AfterValidator(_bolt)] = "bolt://localhost:7687"
    neo4j_user: str = "neo4j"
    neo4j_password: SecretStr | None = None
    """None: the server asks for none."""
    neo4j_database: str | None = None
    """None: the server's default."""

    llm_provider: ProviderName | None = None
    """A name from the table of providers, such as `openai`, `azure` or `ollama`; None means no chat model."""
    llm_model: str | None = None
    llm_base_url: str | None = None
    llm_api_key: SecretStr | None = None
    llm_timeout: float = Field(default=60.0, gt=0)
    """Seconds that one request may take."""
    llm_max_concurrency: int = Field(default=8, ge=1)
    """Requests at the same time."""
    extract_model: str | None = None
    """Model that reads messages, when it is another than `llm_model`; the same for the three below."""
    resolve_model: str | None = None
    answer_model: str | None = None
    judge_model: str | None = None

    embedder: ProviderName = "auto"
    """`auto`, `local` (MiniLM on this machine), `hash` (for tests), or the name of a provider."""
    embedding_model: str | None = None
    embedding_base_url: str | None = None
    embedding_api_key: SecretStr | None = None
    embedding_dimensions: int | None = Field(default=None, ge=1)
    embedding_model_path: Place | None = None
    """Folder with `model.onnx` and `tokenizer.json` for the local embedder."""

    extractor: Literal["auto", "llm", "local", "none"] = "auto"
    instructions: str = ""
    """Added to every extraction prompt."""
    cardinality: Mapping[str, Literal["one", "many"]] = Field(default_factory=dict)
    """Relation type -> how many values hold at a time, where the built-in table is wrong for you."""
    include_assistant: bool = False
    """Take facts from what an assistant said, too."""
    redact: Literal["none", "secrets", "all"] = "secrets"
    """What is taken out of texts before anything is kept: keys, tokens and cards; `all`: personal data, too."""
    ttl: float | None = Field(default=None, gt=0)
    """Days after which what is added is no longer found, unless the add says otherwise."""
    vector_cache_mb: int = Field(default=256, ge=0)
    """Memory for the vectors of recently searched owners."""

    user_id: Label | None = None
    """The scope of commands that name none; the same for the three below."""
    agent_id: Label | None = None
    app_id: Label | None = None
    run_id: Label | None = None

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def __init__(self, **options: Any) -> None:
        given = {key: value for key, value in options.items() if value is not None}
        _check_keys(given, "an argument")
        variables = _variables()
        file, written = _file_values()
        try:
            super().__init__(**given)
        except ValidationError as exc:
            raise _translated(exc, given, variables, file) from None
        except SettingsError as exc:
            raise ConfigError(f"{exc}.", advice="A table in a variable is written as JSON.") from None
        self._origins.update(
            {key: str(file) for key in written} | variables | dict.fromkeys(given, "argument"),
        )

    @classmethod
    def settings_customise_sources(  # noqa: D102
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=_file_values()[1])

    def override(self, **options: Any) -> Self:
        """The same settings with some replaced. Raises ConfigError as the constructor does."""
        given = {key: value for key, value in options.items() if value is not None}
        present = {key: getattr(self, key) for key in type(self).model_fields}
        changed = type(self)(**(present | given))
        changed._origins.clear()
        changed._origins.update(self._origins | dict.fromkeys(given, "argument"))
        return changed

    @property
    def llm_name(self) -> str | None:
        """Provider of the chat model; an address or a key without a name speaks OpenAI's protocol. None: no model."""
        if self.llm_provider:
            return self.llm_provider
        return "openai" if self.llm_base_url or self.llm_api_key else None

    @property
    def extractor_kind(self) -> Literal["llm", "local", "none"]:
        """`extractor` with `auto` decided: a configured model, else local when spaCy is installed, else none."""
        if self.extractor != "auto":
            return self.extractor
        if self.llm_name:
            return "llm"
        if self.llm_model or self.extract_model:
            raise ConfigError(
                "A model is named, but nothing says where it runs.", advice="Set llm_provider, for example to openai."
            )
        return "local" if find_spec("spacy") else "none"

    @property
    def embedder_kind(self) -> str:
        """`embedder` with `auto` decided: a provider when an embedding_* key names a service, else `local`."""
        if self.embedder != "auto":
            return self.embedder
        service = self.embedding_base_url or self.embedding_api_key
        return (self.llm_name or "openai") if service else "local"

    def llm_key(self, variable: str | None = None) -> SecretStr | None:
        """Key of the chat model: `llm_api_key`, else the provider's own variable when the provider is named."""
        if self.llm_api_key or not (self.llm_provider and variable):
            return self.llm_api_key
        return environment_secret(variable)

    def embedding_key(self, variable: str | None = None) -> SecretStr | None:
        """Key of the embedder: its own, else the chat model's for the same service, else the provider's variable."""
        if self.embedding_api_key:
            return self.embedding_api_key
        same_place = self.embedding_base_url in (None, self.llm_base_url)
        if self.llm_api_key and same_place and self.embedder_kind == self.llm_name:
            return self.llm_api_key
        return environment_secret(variable) if variable and self.embedder != "auto" else None

    def effective(self) -> tuple[Effective, ...]:
        """Every setting with its value and where it came from, by key; secrets and passwords are hidden."""
        return tuple(
            Effective(key, _shown(getattr(self, key)), self._origins.get(key, "default"))
            for key in sorted(type(self).model_fields)
        )

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [(key, value) for key, value, origin in self.effective() if origin != "default"]


SECRET_KEYS = frozenset(
    key for key, field in Settings.model_fields.items() if SecretStr in (field.annotation, *get_args(field.annotation))
)
"""The settings that are never shown."""


def environment_secret(variable: str) -> SecretStr | None:
    """The value of a provider's key variable, such as `OPENAI_API_KEY`; None when unset or empty."""
    value = os.environ.get(variable, "").strip()
    return SecretStr(value) if value else None


def set_variables(**values: str) -> None:
    """Set variables that other packages read when they are imported: folders of theirs, telemetry to be off."""
    os.environ.update(values)


def config_file() -> Path:
    """The file in force: `GRAPHMEM_CONFIG`, else `graphmem.toml` in the working folder. It may not exist."""
    named = os.environ.get("GRAPHMEM_CONFIG", "")
    return Path(named).expanduser() if named else Path(FILE_NAME)


def write_setting(key: str, value: str) -> Path:
    """Write one setting to the file in force, checked first; other lines stay as they are.

    Returns the file. Raises ConfigError for an unknown key, a wrong value, or a file not editable by lines.
    """
    _check_keys({key: value}, "the command")
    path = config_file()
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    known = _parsed(before, path)
    parsed = _typed(key, value)
    line = f"{key} = {_toml(parsed)}"
    pattern = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*=.*$", re.MULTILINE)
    if pattern.search(before):
        after = pattern.sub(lambda _: line, before, count=1)
    else:
        head, tables = _before_tables(before)
        after = head + ("\n" if head and not head.endswith("\n") else "") + line + "\n" + tables
    if not _says(after, {**known, key: parsed}):
        raise ConfigError(f"{path} has a value over several lines.", advice=f"Edit {key} in it by hand.")
    _replace(path, after, private=key in SECRET_KEYS)
    return path


def _says(text: str, expected: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        return False


def _before_tables(text: str) -> tuple[str, str]:
    """The text up to its first table, and the tables: a key written after a header would belong to it."""
    header = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    place = header.start() if header else len(text)
    return text[:place], text[place:]


def _replace(path: Path, text: str, *, private: bool) -> None:
    """Write whole or not at all; a file with a secret is for its owner alone."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    beside = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        beside.chmod(0o600 if private else mode)
        beside.replace(path)
    except OSError as exc:
        raise ConfigError(f"Cannot write {path}: {exc.strerror}.", advice="Check the folder's permissions.") from exc


def _typed(key: str, value: str) -> str | int | float | bool:
    """The value as the type that the setting has, in a form that TOML can hold."""
    field = Settings.model_fields[key]
    shape: Any = Annotated[field.annotation, field]
    adapter = TypeAdapter[Any](shape)
    try:
        parsed = adapter.validate_python(value)
    except ValidationError as exc:
        raise ConfigError(f"{key}: {exc.errors()[0]['msg']}.", advice="See docs/configuration.md.") from None
    return parsed if isinstance(parsed, int | float) else value


def _toml(value: str | float) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, Mapping):
        return json.dumps(dict(value)) if value else ""
    return "" if value is None else _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", str(value))


def _variables() -> dict[str, str]:
    """Key -> name of the variable that sets it. Raises ConfigError for a GRAPHMEM_ variable that is no setting."""
    names = [name for name in os.environ if name.startswith(PREFIX) and name not in _NOT_SETTINGS]
    found = {name.removeprefix(PREFIX).lower(): name for name in names}
    _check_keys(found, "the environment", spelt=lambda key: PREFIX + key.upper())
    return {key: name for key, name in found.items() if os.environ[name]}


def _file_values() -> tuple[Path, dict[str, Any]]:
    """The file in force and what it says; relative paths in it start at its folder."""
    path = config_file()
    if not path.is_file():
        if os.environ.get("GRAPHMEM_CONFIG"):
            raise ConfigError(
                f"GRAPHMEM_CONFIG names {path}, which is no file.", advice="Create it or unset the variable."
            )
        return path, {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path} cannot be read.", advice="It must be UTF-8 text that you may read.") from exc
    values = _parsed(text, path)
    for key in ("home", "embedding_model_path"):
        if isinstance(written := values.get(key), str) and written:
            values[key] = path.parent / Path(written).expanduser()
    return path, values


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(
            f"{path} is not valid TOML: {exc}.", advice='Write lines such as: home = ".graphmem"'
        ) from exc
    _check_keys(values, str(path))
    return values


def _check_keys(given: Mapping[str, Any], where: str, spelt: Any = str) -> None:
    """Raise ConfigError for the first key that is no setting, naming the nearest one."""
    for key in given:
        if key not in Settings.model_fields:
            nearest = difflib.get_close_matches(key.lower(), Settings.model_fields, n=1, cutoff=0.0)[0]
            raise ConfigError(f"{spelt(key)} (in {where}) is not a setting.", advice=f"Did you mean {spelt(nearest)}?")


def _translated(
    exc: ValidationError, given: Mapping[str, Any], variables: Mapping[str, str], file: Path
) -> ConfigError:
    """What pydantic found, without the value: it may be a secret."""
    problem = exc.errors(include_input=False, include_url=False)[0]
    key = str(problem["loc"][0])
    origin = "argument" if key in given else variables.get(key, str(file))
    return ConfigError(f"{key} (from {origin}): {problem['msg']}.", advice="See docs/configuration.md.")
