"""The kit for Neo4j Browser: its files say what is in them, and reach the Browser unchanged."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from html import unescape
from pathlib import Path

import pytest

from graphmem import Memory
from graphmem.cli._run import run
from graphmem.neo4j_kit import CHAPTERS, DEMO, KitServer, contents, query, write
from graphmem.steps.picture import RESERVED_LABELS, STRUCTURE
from tests.neo4j_server import ROOT

NAMES = [name for chapter in CHAPTERS for name in chapter.names]
FOLDER = ROOT / "cypher" / "browser"
RUNNABLE = re.compile(r'<pre class="runnable">(.*?)</pre>', re.DOTALL)
TAKEN_FOR_A_HANDLER = re.compile(r"\s+on[^\s=]+[^\s=]*\s*=\s*(\"[^\"]*\"|'[^']*'|[\w\-.:]+\s*)", re.IGNORECASE)
"""What Browser strips from a guide (`cleanHtml`), wherever it stands."""
each_query = pytest.mark.parametrize("name", NAMES)


def test_every_saved_query_has_its_place_in_the_guide():
    """And only files that exist have one."""
    assert sorted(path.stem for path in FOLDER.glob("*.cypher")) == sorted(NAMES)


@each_query
def test_a_query_says_which_parameters_it_reads(name: str):
    """No more and no fewer, and each has an example."""
    asked = query(name)

    assert set(re.findall(r"\$(\w+)", asked.statement)) == set(asked.parameters)
    assert set() == set(asked.parameters) - set(DEMO._fields)


@each_query
def test_a_file_holds_one_statement_that_only_reads(name: str):
    """A favourite that is clicked changes nothing."""
    words = set(re.findall(r"[A-Z]{3,}", re.sub(r"'[^']*'", "", query(name).statement)))

    assert ";" not in query(name).statement
    assert set() == words & {"CREATE", "MERGE", "SET", "DELETE", "REMOVE", "DETACH", "FOREACH", "LOAD", "CALL"}


def test_titles_tell_queries_apart():
    """Browser lists favourites by their first line."""
    titles = [query(name).title for name in NAMES]

    assert len(set(titles)) == len(titles)
    assert max(map(len, titles)) <= 60


class TestGuide:
    """guide.html, which Browser cleans before it shows it."""

    @pytest.fixture
    def runnable(self) -> list[str]:
        """What runs on a click, as Browser reads it."""
        page = contents(DEMO)["guide.html"].decode()
        return [unescape(text) for text in RUNNABLE.findall(TAKEN_FOR_A_HANDLER.sub("", page))]

    def test_it_runs_every_query_below_its_title(self, runnable: list[str]):
        """Nothing is lost on the way."""
        assert [f"// {query(name).title}\n{query(name).statement}" for name in NAMES] == runnable[1:]

    def test_it_begins_by_setting_the_parameters(self, runnable: list[str]):
        """Any name survives, whatever is in it."""
        odd = DEMO._replace(entity='Ann "O\'Hara" <b> \\ 王')
        page = contents(odd)["guide.html"].decode()
        first = unescape(RUNNABLE.findall(page)[0])

        assert DEMO.command == runnable[0]
        assert f"entity: {json.dumps(odd.entity, ensure_ascii=False)}" in first


class TestStyle:
    """graphmem.grass, as Browser's parser reads it."""

    @pytest.fixture
    def rules(self) -> dict[str, dict[str, str]]:
        """Selector -> properties, in the order of the file: later ones win."""
        text = (FOLDER / "graphmem.grass").read_text(encoding="utf-8")
        blocks = re.findall(r"(\S+) \{\n(.*?)\n\}\n", text, re.DOTALL)
        lines = {selector: [line.strip().rstrip(";") for line in body.split("\n")] for selector, body in blocks}
        return {selector: dict(line.split(": ", 1) for line in body) for selector, body in lines.items()}

    def test_the_parser_of_browser_reads_all_of_it(self, rules: dict[str, dict[str, str]]):
        """It has no comments, and no colon or semicolon in a value."""
        text = (FOLDER / "graphmem.grass").read_text(encoding="utf-8")

        assert "//" not in text
        assert "/*" not in text
        assert [] == [value for props in rules.values() for value in props.values() if ":" in value]
        assert text.count("{\n") == len(rules)

    def test_no_label_of_graphmem_is_left_to_chance(self, rules: dict[str, dict[str, str]]):
        """Browser gives a random colour to a label without one, and it would hide that of the type."""
        assert set() == {f"node.{label}" for label in RESERVED_LABELS} - set(rules)
        assert set() == {f"relationship.{kind}" for kind in STRUCTURE} - set(rules)

    def test_types_come_after_the_labels_that_all_share(self, rules: dict[str, dict[str, str]]):
        """The last rule that fits wins."""
        order = list(rules)

        assert max(map(order.index, ("node.Graphmem", "node.Current", "node.Entity"))) < order.index("node.Person")

    def test_people_are_called_by_name_and_facts_by_their_text(self, rules: dict[str, dict[str, str]]):
        """Captions."""
        captions = [rules[f"node.{label}"]["caption"] for label in ("Person", "Place", "Memory", "Message")]

        assert ["'{name}'", "'{name}'", "'{text}'", "'{content}'"] == captions


class TestKit:
    """`graphmem neo4j kit`."""

    def test_the_archive_becomes_a_folder_of_favourites(self):
        """One file a query, in one folder."""
        archive = zipfile.ZipFile(io.BytesIO(contents(DEMO)["graphmem-queries.zip"]))

        assert sorted(f"graphmem/{name}.cypher" for name in NAMES) == sorted(archive.namelist())
        assert query("why").text == archive.read("graphmem/why.cypher").decode()

    def test_the_same_kit_has_the_same_bytes(self, tmp_path: Path):
        """It can be kept under version control; writing it again is no error."""
        first = {path: path.read_bytes() for path in write(tmp_path, DEMO)}

        assert first == {path: path.read_bytes() for path in write(tmp_path, DEMO)}

    def test_the_command_writes_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """And says what to do with it."""
        assert 0 == run(["neo4j", "kit", "--out", str(tmp_path / "kit")])
        said = capsys.readouterr().out

        assert "graphmem.grass" in said
        assert DEMO.command in said
        assert sorted(contents(DEMO)) == sorted(
            str(path.relative_to(tmp_path / "kit")) for path in (tmp_path / "kit").rglob("*") if path.is_file()
        )

    def test_it_asks_about_the_busiest_of_a_memory(
        self, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        """With a scope, its own names stand in the parameters."""
        monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
        with Memory.open(home=home, embedder="hash", extractor="local") as memory:
            memory.add("Ada Stone works at Initech. Ada Stone lives in Oslo.", user_id="ada")
        where = ["--user", "ada", "--home", str(home), "--agent"]
        assert 0 == run(["neo4j", "kit", "--out", str(tmp_path / "kit"), *where])
        parameters = json.loads(capsys.readouterr().out)["data"]["parameters"]

        assert 'owner: "user:ada", entity: "Ada Stone", other: "' in parameters

    def test_it_must_know_where_to_go(self, capsys: pytest.CaptureFixture[str]):
        """Neither --out nor --serve is a usage error."""
        assert 2 == run(["neo4j", "kit"])
        assert "--out DIR" in capsys.readouterr().err


class TestServer:
    """The kit over HTTP."""

    def test_browser_may_read_it_from_its_own_page(self):
        """Another origin, with headers of its own: both the question and the answer carry the permission."""
        with KitServer(contents(DEMO)) as server:
            asked = urllib.request.Request(server.url + "guide.html", method="OPTIONS")
            with urllib.request.urlopen(asked, timeout=10) as permission:
                allowed = permission.headers
            with urllib.request.urlopen(server.url + "graphmem.grass", timeout=10) as reply:
                body, origin = reply.read(), reply.headers["Access-Control-Allow-Origin"]

        assert ("*", "*") == (allowed["Access-Control-Allow-Origin"], allowed["Access-Control-Allow-Headers"])
        assert ("*", contents(DEMO)["graphmem.grass"]) == (origin, body)
        assert f":style {server.url}graphmem.grass" == server.commands[0]

    @pytest.mark.parametrize("path", ["", "../pyproject.toml", "%2e%2e/pyproject.toml", "nothing.html"])
    def test_there_is_nothing_else_to_read(self, path: str):
        """Only the files of the kit."""
        with KitServer(contents(DEMO)) as server, pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(server.url + path, timeout=10)
        refused.value.close()

        assert 404 == refused.value.code
