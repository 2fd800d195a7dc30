"""Where a setting comes from, what is refused, and that no secret is shown."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from graphmem.errors import ConfigError
from graphmem.settings import HIDDEN, SECRET_KEYS, Settings, config_file, environment_secret, write_setting

SECRET = "sk-do-not-show"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def origin(settings: Settings, key: str) -> str:
    """Where a setting says that it comes from."""
    return next(item.origin for item in settings.effective() if item.key == key)


def shown(settings: Settings, key: str) -> str:
    """A setting as it is shown."""
    return next(item.value for item in settings.effective() if item.key == key)


def test_defaults_need_nothing():
    """With no file, no variable and no argument, everything stays on this machine."""
    settings = Settings()

    assert Path(".graphmem") == settings.home
    assert ("local", "local", None) == (settings.embedder_kind, settings.extractor_kind, settings.llm_name)
    assert {"default"} == {item.origin for item in settings.effective()}


def test_an_argument_beats_a_variable_beats_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The nearest statement wins, and each setting tells which it was."""
    (folder / "graphmem.toml").write_text("llm_timeout = 1\nvector_cache_mb = 1\nllm_max_concurrency = 1\n")
    monkeypatch.setenv("GRAPHMEM_VECTOR_CACHE_MB", "2")
    monkeypatch.setenv("GRAPHMEM_LLM_MAX_CONCURRENCY", "2")

    settings = Settings(llm_max_concurrency=3)

    assert (1, 2, 3) == (settings.llm_timeout, settings.vector_cache_mb, settings.llm_max_concurrency)
    assert "graphmem.toml" == origin(settings, "llm_timeout")
    assert "GRAPHMEM_VECTOR_CACHE_MB" == origin(settings, "vector_cache_mb")
    assert "argument" == origin(settings, "llm_max_concurrency")


def test_none_and_empty_count_as_not_given(monkeypatch: pytest.MonkeyPatch):
    """A caller may pass its own optional parameters through, and a shell may leave a variable empty."""
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "")
    monkeypatch.setenv("GRAPHMEM_LLM_PROVIDER", "ollama")

    settings = Settings(llm_provider=None)

    assert ("auto", "ollama") == (settings.embedder, settings.llm_provider)


def test_an_unknown_argument_names_the_nearest_key():
    """A misspelt option is an error, not a silence."""
    with pytest.raises(ConfigError, match=r"hoem .* is not a setting. Did you mean home\?"):
        Settings(hoem="x")


def test_an_unknown_variable_names_the_nearest_one(monkeypatch: pytest.MonkeyPatch):
    """A misspelt variable is an error, in the spelling of variables."""
    monkeypatch.setenv("GRAPHMEM_LLM_MODLE", "x")

    with pytest.raises(ConfigError, match=r"GRAPHMEM_LLM_MODLE .* Did you mean GRAPHMEM_LLM_MODEL\?"):
        Settings()


def test_an_unknown_key_in_the_file_names_the_file_and_the_nearest_key(folder: Path):
    """The message says where to look."""
    (folder / "graphmem.toml").write_text('extracter = "none"\n')

    with pytest.raises(ConfigError, match=r"extracter \(in graphmem.toml\) .* Did you mean extractor\?"):
        Settings()


def test_a_broken_file_is_a_config_error(folder: Path):
    """Not a traceback of the parser."""
    (folder / "graphmem.toml").write_text("home = \n")

    with pytest.raises(ConfigError, match="not valid TOML"):
        Settings()


def test_a_file_can_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """GRAPHMEM_CONFIG points at a file; relative paths in it start at its own folder."""
    place = folder / "elsewhere"
    place.mkdir()
    (place / "mine.toml").write_text('home = "data"\n')
    monkeypatch.setenv("GRAPHMEM_CONFIG", str(place / "mine.toml"))

    assert place / "data" == Settings().home


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch):
    """A wrong GRAPHMEM_CONFIG is not the same as none."""
    monkeypatch.setenv("GRAPHMEM_CONFIG", "nowhere.toml")

    with pytest.raises(ConfigError, match=r"nowhere.toml, which is no file"):
        Settings()


@pytest.mark.parametrize(
    ("key", "value"),
    [("llm_timeout", 0), ("vectors", "qdrant"), ("llm_max_concurrency", "many"), ("home", " "), ("cardinality", "{")],
)
def test_a_wrong_value_names_key_and_origin(key: str, value: object):
    """The message says which setting and who set it."""
    with pytest.raises(ConfigError, match=rf"{key} \(from argument\)"):
        Settings(**{key: value})


def test_a_table_comes_from_the_file_or_from_json(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Relation types can be pinned to one or many values, and both places add up; broken JSON is a ConfigError."""
    (folder / "graphmem.toml").write_text('[cardinality]\nlives_in = "many"\n')
    assert {"lives_in": "many"} == Settings().cardinality

    monkeypatch.setenv("GRAPHMEM_CARDINALITY", '{"speaks": "one"}')
    assert '{"lives_in": "many", "speaks": "one"}' == shown(Settings(), "cardinality")

    monkeypatch.setenv("GRAPHMEM_CARDINALITY", "{")
    with pytest.raises(ConfigError, match="JSON"):
        Settings()


def test_secrets_are_never_shown():
    """Neither repr, str, dumps nor the list of settings holds a key or a password."""
    settings = Settings(
        llm_api_key=SECRET, embedding_api_key=SECRET, ledger_url=f"postgresql+psycopg://ada:{SECRET}@db/x"
    )

    everywhere = [repr(settings), str(settings), str(settings.effective()), str(settings.override(home="x"))]

    assert [] == [text for text in everywhere if SECRET in text]
    assert {"llm_api_key", "embedding_api_key", "neo4j_password"} == SECRET_KEYS
    assert HIDDEN == shown(settings, "llm_api_key")
    assert f"postgresql+psycopg://ada:{HIDDEN}@db/x" == shown(settings, "ledger_url")


def test_an_error_does_not_show_the_value(monkeypatch: pytest.MonkeyPatch):
    """A key put in the wrong place does not reach a log."""
    monkeypatch.setenv("GRAPHMEM_LLM_TIMEOUT", SECRET)

    with pytest.raises(ConfigError) as caught:
        Settings()

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_providers_variable_alone_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """Who has OPENAI_API_KEY in the environment for other work is not billed for opening a memory."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)

    settings = Settings()

    assert (None, "local", "local") == (settings.llm_name, settings.extractor_kind, settings.embedder_kind)
    assert (None, None) == (settings.llm_key("OPENAI_API_KEY"), settings.embedding_key("OPENAI_API_KEY"))


def test_a_named_provider_reads_its_variable(monkeypatch: pytest.MonkeyPatch):
    """Naming the provider is asking for it."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)

    settings = Settings(llm_provider="OpenAI", embedder="openai")

    assert ("openai", "llm", "openai") == (settings.llm_name, settings.extractor_kind, settings.embedder_kind)
    assert SecretStr(SECRET) == settings.llm_key("OPENAI_API_KEY") == settings.embedding_key("OPENAI_API_KEY")


def test_an_address_without_a_name_gets_no_key_of_openai(monkeypatch: pytest.MonkeyPatch):
    """OpenAI's key is not sent to an address that is not known to be OpenAI's."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)

    settings = Settings(llm_base_url="http://localhost:8000/v1", embedding_base_url="http://localhost:8000/v1")

    assert ("openai", "openai") == (settings.llm_name, settings.embedder_kind)
    assert (None, None) == (settings.llm_key("OPENAI_API_KEY"), settings.embedding_key("OPENAI_API_KEY"))


def test_the_embedder_shares_the_key_of_the_same_service_only():
    """One key is enough for one service, and never travels to another."""
    shared = Settings(llm_api_key=SECRET, embedder="openai")
    other = Settings(llm_api_key=SECRET, embedder="ollama")
    elsewhere = Settings(llm_api_key=SECRET, embedder="openai", embedding_base_url="http://localhost:1/v1")
    own = Settings(llm_api_key=SECRET, embedding_api_key="own")

    assert SecretStr(SECRET) == shared.embedding_key()
    assert (None, None) == (other.embedding_key(), elsewhere.embedding_key())
    assert SecretStr("own") == own.embedding_key()


def test_a_model_without_a_provider_is_an_error():
    """It is not guessed where a model runs."""
    with pytest.raises(ConfigError, match="Set llm_provider"):
        _ = Settings(llm_model="small").extractor_kind


def test_an_explicit_extractor_wins_over_auto():
    """A configured model does not have to be used for extraction."""
    assert "local" == Settings(llm_provider="openai", extractor="local").extractor_kind


def test_override_keeps_the_rest_and_its_origins(monkeypatch: pytest.MonkeyPatch):
    """Options of a call change what they name, also when the environment has changed since."""
    monkeypatch.setenv("GRAPHMEM_USER_ID", "ada")
    first = Settings(vectors="none")
    monkeypatch.delenv("GRAPHMEM_USER_ID")

    second = first.override(home="x")

    assert ("ada", "none", Path("x")) == (second.user_id, second.vectors, second.home)
    assert ("GRAPHMEM_USER_ID", "argument") == (origin(second, "user_id"), origin(second, "home"))


def test_an_empty_variable_is_no_secret(monkeypatch: pytest.MonkeyPatch):
    """An empty key would be sent and refused; it counts as none."""
    monkeypatch.setenv("OPENAI_API_KEY", " ")

    assert environment_secret("OPENAI_API_KEY") is None


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("llm_model", 'a "quoted" \\ model\x7f', 'a "quoted" \\ model\x7f'),
        ("instructions", "two\nlines", "two\nlines"),
        ("llm_timeout", "2.5", 2.5),
        ("vector_cache_mb", "64", 64),
        ("include_assistant", "true", True),
    ],
)
def test_a_written_setting_is_read_back(key: str, value: str, read: object):
    """Text, numbers and truth values survive the file, whatever characters they hold."""
    assert config_file() == write_setting(key, value)

    assert read == getattr(Settings(), key)


def test_writing_keeps_the_other_lines(folder: Path):
    """Comments, order and tables stay; a key that is there is replaced in place."""
    before = '# mine\nhome = "a"\nvectors = "none" # why\n\n[cardinality]\nlives_in = "many"\n'
    (folder / "graphmem.toml").write_text(before)

    write_setting("home", "b")
    write_setting("extractor", "none")

    expected = '# mine\nhome = "b"\nvectors = "none" # why\n\nextractor = "none"\n[cardinality]\nlives_in = "many"\n'
    assert expected == (folder / "graphmem.toml").read_text()


@pytest.mark.parametrize(("key", "value"), [("hoem", "x"), ("vectors", "qdrant"), ("cardinality", "one")])
def test_a_wrong_setting_is_not_written(folder: Path, key: str, value: str):
    """The file is checked before it is touched."""
    with pytest.raises(ConfigError):
        write_setting(key, value)

    assert not (folder / "graphmem.toml").exists()


def test_a_value_over_several_lines_is_left_alone(folder: Path):
    """What cannot be edited line by line is not damaged."""
    before = 'instructions = """\none\ntwo"""\n'
    (folder / "graphmem.toml").write_text(before)

    with pytest.raises(ConfigError, match="by hand"):
        write_setting("instructions", "three")

    assert before == (folder / "graphmem.toml").read_text()


def test_a_file_with_a_secret_is_for_its_owner():
    """Others on the machine cannot read the key."""
    path = write_setting("llm_api_key", SECRET)

    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_every_setting_is_documented_with_its_default():
    """The table in docs/configuration.md is the list of settings, in any order."""
    page = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`)? *\|", page, re.MULTILINE))
    defaults = {item.key: item.value for item in Settings().effective()}

    assert sorted(defaults) == sorted(documented)
    assert {k: v.lower().removesuffix(".0") for k, v in defaults.items()} == documented
