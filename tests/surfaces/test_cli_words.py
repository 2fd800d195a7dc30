"""What the command line says beyond the data: summaries, cuts, and what to do next."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphmem import Fact, Memory
from graphmem.cli._run import run

FACTS = [
    *(Fact(text=f"Ann likes town {n}", relations=(("Ann", "likes", f"town {n}"),)) for n in range(25)),
    Fact(text="Bob works at Acme", relations=(("Bob", "works_at", "Acme"),)),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which Ann likes 25 towns, and Bob works at Acme."""
    folder = tmp_path_factory.mktemp("words") / "home"
    with Memory.open(home=folder, embedder="hash", extractor="none", vectors="none") as memory:
        memory.add("A list of towns.", user_id="u", facts=FACTS, at="2024-01-01")
    return folder


@pytest.fixture
def say(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[object]:
    """Runs a command in that home; gives its exit code, what it printed and what it complained about."""
    for name, value in (("EMBEDDER", "hash"), ("EXTRACTOR", "none"), ("VECTORS", "none"), ("HOME", str(home))):
        monkeypatch.setenv(f"GRAPHMEM_{name}", value)
    monkeypatch.setenv("GRAPHMEM_USER_ID", "u")

    def call(*arguments: str) -> tuple[int, str, str]:
        return run(arguments), *capsys.readouterr()

    yield call


def test_the_version_is_an_option_too(say):
    """As most commands have it."""
    assert (0, "graphmem 0.1.0\n", "") == say("--version")


def test_status_is_short(say, home: Path):
    """What a person wants to know; the rows of all tables are in the JSON."""
    _, told, _ = say("status")

    assert "holds      26 memories, 1 message, 26 relations, " in told
    assert str(home) in told
    assert "next_vectors" not in told
    assert "next_vectors" in json.loads(say("status", "-o", "json")[1])["counts"]


def test_verify_is_one_line_and_the_state(say):
    """How much was compared, not each table."""
    lines = say("verify")[1].splitlines()

    assert [True, True] == [lines[0].startswith("0 differences ("), lines[1].startswith("state ")]


def test_a_card_is_cut_and_says_so(say):
    """Twenty lines of each part; JSON has the rest."""
    _, told, _ = say("entity", "Ann")

    assert 20 == told.count("Ann -likes-> town")
    assert 2 == told.count("and 5 more; -o json has them all")
    assert 25 == len(json.loads(say("entity", "Ann", "-o", "json")[1])["now"])


def test_one_step_is_told_once(say):
    """The sentence follows the way, without the step in between."""
    assert 'Bob -works_at-> Acme\n    "Bob works at Acme"\n' == say("paths", "Bob", "Acme")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("paths", "Bob", "bob"), 0, "Both are the same"),
        (("history", "nobody"), 0, "no memory has had this id"),
        (("config", "get", "llm_api_key"), 0, "(not set)"),
        (("match", "Bob likes Acme", "?who"), 1, "'?who' is not a pattern"),
        (("search", "x", "-k", "three"), 2, "as an integer. See: graphmem search --help"),
        (("relations", "Bobb"), 1, "Did you mean 'Bob'?"),
    ],
)
def test_what_is_empty_or_wrong_is_explained(say, arguments: tuple[str, ...], code: int, told: str):
    """One line that says what is so."""
    found, out, err = say(*arguments)

    assert code == found
    assert told in (out or err)


def test_an_import_names_whose_memory_it_went_into(say, tmp_path: Path):
    """The labels may come from the file; nobody should have to guess them."""
    (tmp_path / "notes.json").write_text(json.dumps([{"text": "Likes tea.", "user_id": name} for name in "ab"]))
    own = ("--home", str(tmp_path / "own"))

    assert "Ask with --user a, b\n" in say("import", str(tmp_path / "notes.json"), *own)[1]
    assert ["a", "b"] == json.loads(say("import", str(tmp_path / "notes.json"), *own, "-o", "json")[1])["users"]


def test_a_new_home_is_its_owners_alone(home: Path):
    """Memories are private: nobody else on the machine may read the folder."""
    assert 0o700 == stat.S_IMODE(home.stat().st_mode)


def test_before_is_what_has_ended(tmp_path: Path):
    """A relation that is said again still holds, so it is not among those of before."""
    with Memory.open(home=tmp_path / "h", embedder="hash", extractor="local", vectors="none") as memory:
        memory.add([{"content": "I live in Porto.", "name": "Ann"}], user_id="u", at="2024-01-01", run_id="a")
        memory.add([{"content": "I live in Porto.", "name": "Ann"}], user_id="u", at="2024-02-01")
        memory.add([{"content": "I moved to Rome.", "name": "Ann"}], user_id="u", at="2024-03-01")
        card = memory.entity("Ann", user_id="u")

        assert [] == [str(relation) for relation in card.before if relation.valid_to is None]
        assert ["Porto"] == [r.target.name for r in card.before if r.type == "lives_in"]
        assert ["Rome"] == [r.target.name for r in card.now if r.type == "lives_in"]


def test_relations_of_an_add_are_those_that_reads_give(tmp_path: Path):
    """Same ids, types of both ends, and the episode they come from."""
    with Memory.open(home=tmp_path / "h", embedder="hash", extractor="local", vectors="none") as memory:
        first = memory.add([{"content": "I live in Porto.", "name": "Ann"}], user_id="u", at="2024-01-01")
        found = memory.relations("Ann", user_id="u")
        second = memory.add([{"content": "I moved to Rome.", "name": "Ann"}], user_id="u", at="2024-03-01")

        assert [(r.id, r.episode_ids) for r in found] == [(r.id, r.episode_ids) for r in first.relations_added]
        assert [("Person", "Place")] == [(r.source.type, r.target.type) for r in second.relations_ended]
        assert [r.id for r in found] == [r.id for r in second.relations_ended]
