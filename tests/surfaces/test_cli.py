"""The command line on a real memory: what it prints, its exit codes, and that no traceback is ever shown."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from graphmem.cli._run import run


class Outcome(NamedTuple):
    """What a run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


Cli = Callable[..., Outcome]


class Stdin(io.TextIOWrapper):
    """Something piped in; or a terminal where somebody types."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command in an empty folder, with the hash embedder and the local extractor."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
    monkeypatch.setenv("GRAPHMEM_EXTRACTOR", "local")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, stdin: bytes = b"", terminal: bool = False) -> Outcome:
        piped = Stdin(io.BytesIO(stdin), encoding="utf-8")
        piped.terminal = terminal
        monkeypatch.setattr(sys, "stdin", piped)
        code = run(arguments)
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def maria(cli: Cli) -> Cli:
    """A home where Maria has told two things."""
    assert 0 == cli("add", "I live in Lisbon and I work at Acme.", "--user", "maria", "--at", "2024-03-01").code
    return cli


class TestAddAndSearch:
    """Something goes in, and is found again."""

    def test_an_add_tells_what_it_learned(self, cli: Cli):
        """The event, the sentence, and how to take it back."""
        done = cli("add", "I work at Acme.", "--user", "maria")

        assert 0 == done.code
        assert re.search(r"ADD +Maria works at Acme\.", done.out, re.IGNORECASE)
        assert "graphmem undo " in done.out

    def test_a_search_shows_score_source_dates_and_evidence(self, maria: Cli):
        """A hit is one line of text and its notes."""
        done = maria("search", "Where does maria work?", "--user", "maria")

        assert 0 == done.code
        assert re.search(r"\d\.\d\d  fact +maria works at Acme\.", done.out, re.IGNORECASE)
        assert "since 2024-03-01" in done.out
        assert 'maria: "' in done.out

    def test_json_is_the_dump_of_the_value(self, maria: Cli):
        """`-o json` holds the fields of SearchResult."""
        found = maria("search", "work", "--user", "maria", "-o", "json", "-k", "1").json

        assert {"hits", "relations", "degraded", "usage"} == set(found)
        assert 1 == len(found["hits"])
        assert {"user_id": "maria", "agent_id": None, "app_id": None, "run_id": None} == found["hits"][0]["scope"]

    def test_agent_mode_is_one_envelope(self, maria: Cli):
        """The same data, wrapped; the option may stand before or behind the command."""
        before = maria("--agent", "search", "work", "--user", "maria").json
        behind = maria("search", "work", "--user", "maria", "--agent")

        assert (True, "search", None) == (before["ok"], before["command"], before["error"])
        assert 1 == behind.out.count("\n")
        assert [h["id"] for h in before["data"]["hits"]] == [h["id"] for h in behind.json["data"]["hits"]]

    def test_explain_shows_the_parts_of_the_score(self, maria: Cli):
        """Named signals below the hit."""
        assert "score: " in maria("search", "work", "--user", "maria", "--explain").out

    def test_a_table_has_columns(self, maria: Cli):
        """`-o table` draws one."""
        done = maria("search", "work", "--user", "maria", "-o", "table")

        assert ["score", "source", "text"] == re.findall(r"score|source|text", done.out)[:3]

    def test_text_comes_from_a_pipe_or_a_dash(self, cli: Cli):
        """Nothing given and `-` both read stdin."""
        assert 0 == cli("add", "--user", "maria", stdin=b"I work at Acme.\n").code
        assert 0 == cli("add", "-", "--user", "maria", stdin=b"I live in Lisbon.\n").code
        assert 2 == len(cli("list", "--user", "maria", "-o", "json").json["items"])

    def test_nothing_typed_and_nothing_piped_is_a_usage_error(self, cli: Cli):
        """Waiting for a terminal would look like hanging."""
        done = cli("add", "--user", "maria", terminal=True)

        assert (2, "") == (done.code, done.out)
        assert "Missing TEXT" in done.err

    def test_binary_input_is_refused(self, cli: Cli):
        """One line that says what to do."""
        done = cli("add", "--user", "maria", stdin=b"\xff\xfe\x00")

        assert 1 == done.code
        assert "error: TEXT: what was piped in is not UTF-8 text. Convert it to UTF-8.\n" == done.err

    def test_messages_facts_and_names_reach_the_memory(self, cli: Cli):
        """A list of messages; a supplied fact; a speaker."""
        said = json.dumps([{"role": "user", "content": "I like tea.", "name": "Ida"}])

        assert 0 == cli("add", "--messages", said, "--user", "ida").code
        assert 0 == cli("add", "Note", "--fact", "Ida owns a boat.", "--user", "ida", "--name", "Ida").code
        texts = [item["text"] for item in cli("list", "--user", "ida", "-o", "json").json["items"]]
        assert "Ida owns a boat." in texts

    def test_a_second_add_with_the_same_key_writes_nothing(self, cli: Cli):
        """And says so."""
        cli("add", "I work at Acme.", "--user", "maria", "--key", "k1")
        again = cli("add", "I work at Acme.", "--user", "maria", "--key", "k1")

        assert (0, True) == (again.code, again.out.startswith("Known already"))

    def test_the_scope_may_come_from_the_settings(self, maria: Cli, monkeypatch: pytest.MonkeyPatch):
        """GRAPHMEM_USER_ID stands in for --user."""
        monkeypatch.setenv("GRAPHMEM_USER_ID", "maria")

        assert "maria works at Acme" in maria("search", "work").out

    def test_context_is_a_block_for_a_prompt(self, maria: Cli):
        """The text alone, ready to paste."""
        done = maria("context", "Where does maria work?", "--user", "maria")

        assert (0, True) == (done.code, "Acme" in done.out)

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (["--filter", "topic=job"], 1),
            (["--filter", "topic=tea"], 0),
            (["--filter", "level>=3"], 1),
            (["--filter", "level>3"], 0),
            (["--filter", "topic=job", "--filter", "level=3"], 1),
            (["--filter", "topic~JO"], 1),
            (["--filters", '{"NOT": [{"topic": "job"}]}'], 0),
        ],
    )
    def test_filters(self, cli: Cli, filters: list[str], expected: int):
        """KEY=VALUE and its signs, several joined by AND, and the grammar in full."""
        cli("add", "I work at Acme.", "--user", "maria", "--metadata", '{"topic": "job", "level": 3}')

        assert expected == len(cli("list", "--user", "maria", *filters, "-o", "json").json["items"])


class TestChanges:
    """update, delete, history, undo."""

    def first_id(self, cli: Cli) -> str:
        """Id of the memory about Acme."""
        items = cli("list", "--user", "maria", "-o", "json").json["items"]
        return next(str(item["id"]) for item in items if "Acme" in item["text"])

    def test_an_update_shows_both_texts(self, maria: Cli):
        """And get, history follow."""
        id = self.first_id(maria)
        done = maria("update", id, "Maria works at Beta.")

        assert (0, True) == (done.code, "was: " in done.out)
        assert maria("get", id).out.startswith("Maria works at Beta.")
        assert ["ADD", "UPDATE"] == [entry["event"] for entry in maria("history", id, "-o", "json").json]

    def test_a_dry_run_deletes_nothing(self, maria: Cli):
        """It says what would go."""
        done = maria("delete", self.first_id(maria), "--dry-run")

        assert "Would delete 1 memory.\n" == done.out
        assert maria("delete", "--all", "--user", "maria", "--dry-run").out.startswith("Would delete 2 memories")
        assert 2 == len(maria("list", "--user", "maria", "-o", "json").json["items"])

    def test_a_delete_can_be_undone(self, maria: Cli):
        """With the resolution that it names."""
        id = self.first_id(maria)
        report = maria("delete", id, "-o", "json").json

        assert 1 == maria("get", id).code
        assert 0 == maria("undo", report["resolution_id"]).code
        assert 0 == maria("get", id).code

    def test_deleting_everything_asks_somebody(self, maria: Cli):
        """Without a terminal it needs --force."""
        refused = maria("delete", "--all", "--user", "maria")

        assert (2, True) == (refused.code, "--force" in refused.err)
        assert 0 == maria("delete", "--all", "--user", "maria", "--force").code
        assert "None.\n" == maria("list", "--user", "maria").out

    def test_deleting_everything_needs_a_typed_scope(self, maria: Cli, monkeypatch: pytest.MonkeyPatch):
        """A scope in the settings is not enough."""
        monkeypatch.setenv("GRAPHMEM_USER_ID", "maria")

        assert 2 == maria("delete", "--all", "--force").code

    def test_an_answer_of_no_keeps_everything(self, maria: Cli):
        """Exit code 130, as for an interruption."""
        done = maria("delete", "--all", "--user", "maria", stdin=b"n\n", terminal=True)

        assert (130, True) == (done.code, "Delete 2 memories" in done.err)
        assert 2 == len(maria("list", "--user", "maria", "-o", "json").json["items"])


class TestGraph:
    """Questions to the graph, as a user types them."""

    @pytest.fixture
    def town(self, cli: Cli) -> Cli:
        """Anna and Bob work at Acme."""
        for at, text in (("2024-01-01", "Anna works at Acme."), ("2024-02-01", "Bob works at Acme."),
                         ("2024-03-01", "Bob lives in Lisbon.")):  # fmt: skip
            assert 0 == cli("add", text, "--user", "u", "--at", at, "--name", "Zoe").code
        return cli

    def test_entities_and_card(self, town: Cli):
        """A part of a name finds it; the card shows what holds now."""
        assert "Acme" in town("entities", "ac", "--user", "u").out
        assert "Bob -works_at-> Acme (since 2024-02-01)" in town("entity", "Bob", "--user", "u").out

    def test_relations_show_their_sentence(self, town: Cli):
        """Type and direction narrow them down."""
        done = town("relations", "Bob", "--type", "works_at", "--direction", "out", "--user", "u")

        assert "Bob -works_at-> Acme" in done.out
        assert '"Bob works at Acme."' in done.out
        assert "Lisbon" not in done.out

    def test_paths_common_neighbors_timeline(self, town: Cli):
        """Each prints the way and the evidence."""
        assert "Anna -works_at-> Acme <-works_at- Bob" in town("paths", "Anna", "Bob", "--user", "u").out
        assert "Acme" in town("common", "Anna", "Bob", "--user", "u").out
        assert "Lisbon" in town("neighbors", "Acme", "--depth", "2", "--user", "u").out
        assert "Bob -lives_in-> Lisbon" in town("timeline", "Bob", "--user", "u").out

    def test_match_gives_rows(self, town: Cli):
        """Variables are columns."""
        rows = town("match", "?p works_at Acme", "?p lives_in ?c", "--user", "u", "-o", "json").json

        assert [{"p": "Bob", "c": "Lisbon"}] == [{key.lstrip("?"): value for key, value in row.items()} for row in rows]

    def test_as_of_asks_about_then(self, town: Cli):
        """Before February, Bob was not there."""
        assert "Bob" not in town("relations", "Acme", "--as-of", "2024-01-15", "--user", "u").out

    def test_an_unknown_name_suggests_the_nearest(self, town: Cli):
        """One line, exit code 1."""
        done = town("entity", "Bobb", "--user", "u")

        assert 1 == done.code
        assert "Did you mean 'Bob'" in done.err


class TestHome:
    """status, verify, rebuild, config, version."""

    def test_status_verify_rebuild(self, maria: Cli):
        """The home is named, and the stores agree with the ledger."""
        assert ".graphmem" in maria("status").out
        assert maria("verify").out.startswith("0 differences")
        assert maria("rebuild", "vectors").out.startswith("0 differences")

    def test_home_may_be_given(self, cli: Cli, tmp_path: Path):
        """--home wins over the settings, before the command and behind it."""
        cli("add", "I work at Acme.", "--user", "maria", "--home", str(tmp_path / "elsewhere"))

        assert (tmp_path / "elsewhere" / "ledger.db").exists()
        assert "Acme" in cli("--home", str(tmp_path / "elsewhere"), "list", "--user", "maria").out

    def test_config_is_written_and_read(self, cli: Cli):
        """Values come with where they are from."""
        assert 0 == cli("config", "set", "vector_cache_mb", "64").code
        assert "64\n" == cli("config", "get", "vector_cache_mb").out
        assert "vector_cache_mb = 64  graphmem.toml" in cli("config", "show").out

    def test_secrets_are_never_printed(self, cli: Cli, monkeypatch: pytest.MonkeyPatch):
        """Not as text, not as JSON."""
        monkeypatch.setenv("GRAPHMEM_LLM_API_KEY", "sk-very-secret")

        assert "very-secret" not in cli("config", "show").out + cli("config", "get", "llm_api_key", "-o", "json").out

    def test_an_unknown_setting_names_the_nearest(self, cli: Cli):
        """Reading and writing alike."""
        for arguments in (("config", "get", "extractr"), ("config", "set", "extractr", "local")):
            done = cli(*arguments)
            assert (1, True) == (done.code, "Did you mean extractor?" in done.err)

    def test_version(self, cli: Cli):
        """Opens no home."""
        import graphmem

        assert f"graphmem {graphmem.__version__}\n" == cli("version").out
        assert not Path(".graphmem").exists()


class TestErrors:
    """One line on stderr, nothing on stdout, and the right code."""

    @pytest.mark.parametrize(
        ("arguments", "code", "message"),
        [
            (["serch", "x"], 2, "No such command 'serch'"),
            (["search", "x"], 2, "Whose memory? Give --user NAME, or set GRAPHMEM_USER_ID."),
            (["search", "x", "--user", "u", "--nope"], 2, "No such option"),
            (["search", "x", "--user", "u", "-k", "many"], 2, "--top-k"),
            (["search", "x", "--user", "u", "-o", "xml"], 2, "xml"),
            (["search", "x", "--user", "u", "--filter", "what"], 2, "is not KEY=VALUE"),
            (["search", "x", "--user", "u", "--filters", "{"], 2, "--filters is not JSON"),
            (["search", "x", "--user", "u", "--filters", "[]"], 2, "is not a JSON object"),
            (["search", "x", "--user", "u", "--include", "dreams"], 2, "neither 'fact' nor 'message'"),
            (["delete"], 2, "Give the id of a memory, or --all with a scope."),
            (["delete", "x", "--all"], 2, "Give the id of a memory, or --all with a scope."),
            (["rebuild", "everything"], 2, "none of vectors, graph, all"),
            (["relations", "--direction", "up", "--user", "u"], 2, "none of out, in, both"),
            (["add", "x", "--user", "u", "--metadata", "1"], 2, "--metadata is not a JSON object"),
            (["add", "--messages", "{", "--user", "u"], 2, "--messages is not JSON"),
            (["search", " ", "--user", "u"], 1, "query: is empty."),
            (["search", "x", "--user", "u", "-k", "0"], 1, "k: 0 is out of range."),
            (["search", "x", "--user", "u", "-k", "-3"], 1, "k: -3 is out of range."),
            (["search", "x", "--user", "u", "--as-of", "soon"], 1, "as_of: 'soon' is not a time."),
            (["search", "x", "--user", "u", "--as-of", "2024-05-08T10:00"], 1, "as_of: has no time zone."),
            (["search", "x", "--user", "u" * 10_000], 1, "user_id: has 10,000 characters"),
            (["search", "x", "--user", "u", "--filters", '{"a": {"near": 1}}'], 1, "near"),
            (["add", "a\x00b", "--user", "u"], 1, "contains a NUL character"),
            (["add", "a\udc80b", "--user", "u"], 1, "contains a lone surrogate"),
            (["add", "x", "--role", "king", "--user", "u"], 1, "'king' is unknown"),
            (["get", "nope"], 1, "No memory"),
            (["undo", "nope"], 1, "No resolution"),
        ],
    )
    def test_an_error_is_one_line(self, cli: Cli, arguments: list[str], code: int, message: str):
        """What is wrong and what to do next; in agent mode the same as an envelope."""
        done = cli(*arguments)
        enveloped = cli(*arguments, "--agent")

        assert (code, "", 1) == (done.code, done.out, done.err.count("\n"))
        assert message in done.err
        assert "Traceback" not in done.err
        assert (code, "") == (enveloped.code, enveloped.err)
        assert (False, None) == (enveloped.json["ok"], enveloped.json["data"])
        assert {"type", "message", "advice"} == set(enveloped.json["error"])

    def test_a_home_that_is_a_file_is_an_error(self, cli: Cli, tmp_path: Path):
        """Told in one line."""
        (tmp_path / "file").write_text("x")
        done = cli("list", "--user", "u", "--home", str(tmp_path / "file"))

        assert (1, 1) == (done.code, done.err.count("\n"))

    def test_debug_raises(self, cli: Cli):
        """Whoever asks for the traceback gets it."""
        from graphmem.errors import NotFound

        with pytest.raises(NotFound):
            cli("get", "nope", "--debug")

    def test_what_memories_say_cannot_steer_the_terminal(self, cli: Cli):
        """Escape sequences and markup come out as plain text."""
        cli("add", "note", "--fact", "Ida likes \x1b[31mred[/] [bold]tea[/bold].", "--user", "ida")
        out = cli("list", "--user", "ida").out

        assert "\x1b" not in out
        assert "[bold]tea[/bold]" in out
