"""How a run of the command line ends when something is in its way, and what it leaves out."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from graphmem import Memory
from graphmem.cli._indent import Hanging
from graphmem.cli._notes import Once
from graphmem.cli._render import around, failure
from graphmem.cli._run import run
from graphmem.values import AddResult, Entity, Hit, Relation, Scope, SearchResult
from tests.architecture.source import ROOT


@pytest.mark.parametrize("form", ["text", "json"])
def test_output_that_nobody_reads_is_no_failure(tmp_path: Path, form: str):
    """`graphmem … | head -1` ends in silence, with 0, whoever noticed first."""
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GRAPHMEM_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "graphmem.cli", "version", "-o", form]

    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, env=environment, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("agent", [False, True])
def test_an_interruption_is_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], agent: bool
):
    """No traceback; a tool loop gets its envelope all the same."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Memory, "open", interrupted)
    code = run(["status", "--home", str(tmp_path), *(["--agent"] if agent else [])])
    told = capsys.readouterr()

    assert (130, "") == (code, told.err)
    assert (["status", "Interrupted"] if agent else []) == (
        [json.loads(told.out)["command"], json.loads(told.out)["error"]["type"]] if agent else [*told.out]
    )


def test_a_warning_is_said_once(capsys: pytest.CaptureFixture[str]):
    """An import must not repeat for every message what holds for all of them."""
    handler = Once()
    for text in ("the graph is away", "the graph is away", "the disk is full"):
        handler.handle(logging.makeLogRecord({"msg": text, "levelno": logging.WARNING}))

    assert "the graph is away\nthe disk is full\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("home", "said"), [("file", "it is a file, not a folder."), ("noise", "is not a database, or it is damaged.")]
)
def test_a_home_that_cannot_be_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: str, said: str
):
    """One line with the fix, and nothing is changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
    Path("file").write_text("x")
    Path("noise").mkdir()
    Path("noise/ledger.db").write_bytes(b"noise" * 1000)

    code = run(["status", "--home", home])
    told = capsys.readouterr()

    assert (1, "", 1) == (code, told.out, told.err.count("\n"))
    assert said in told.err
    assert "Errno" not in told.err
    assert ("x", b"noise" * 1000) == (Path("file").read_text(), Path("noise/ledger.db").read_bytes())


def test_what_the_hits_do_not_speak_of_is_not_around_them():
    """The newest relations of whom the question names are in the JSON; a reader gets those that the hits tell."""
    ann, acme, tea = (Entity(id=name, name=name) for name in ("Ann", "Acme", "tea"))
    works = Relation(id="1", source=ann, type="works_at", target=acme, memory_ids=("m1",))
    likes = Relation(id="2", source=ann, type="likes", target=tea, memory_ids=("m2",))
    scope = Scope(user_id="ann")

    def near(hit: str, text: str) -> list[str]:
        found = Hit(id=hit, text=text, score=1.0, source="fact", scope=scope)
        return [r.type for r in around(SearchResult(hits=(found,), relations=(works, likes)))]

    assert ["works_at"] == near("m1", "She has a job.")
    assert ["likes"] == near("m3", "Ann had tea.")
    assert [] == near("m3", "Ann slept.")


def test_an_unfinished_add_is_told_in_the_words_of_the_command_line():
    """`retry()` is Python."""
    result = AddResult(
        episode_id="e", reason="It is away. The messages are kept and searchable; finish them with retry()."
    )

    assert "It is away. The messages are kept and searchable." == failure(result)
    assert "Odd." == failure(AddResult(episode_id="e", reason="Odd."))


def test_a_long_text_is_wrapped_beside_its_mark():
    """On a terminal each line stands below the first and ends where its words end; a pipe gets one line."""
    text = Hanging(Text(" 1  fact  "), Text("Ann went to the market and met Bob."))
    wide, narrow, piped = (Console(width=width, file=io.StringIO()) for width in (80, 30, 30))
    for console in (wide, narrow, piped):
        console.print(text, soft_wrap=console is piped)
    shown = [console.file.getvalue() for console in (wide, narrow, piped)]  # type: ignore[attr-defined]

    line = " 1  fact  Ann went to the market and met Bob.\n"
    assert [line, " 1  fact  Ann went to the\n          market and met Bob.\n", line] == shown


@pytest.mark.parametrize("group", [[], ["config"]])
def test_no_command_is_the_help_and_nothing_else(capsys: pytest.CaptureFixture[str], group: list[str]):
    """An error without words would only startle."""
    code = run(group)
    told = capsys.readouterr()

    assert (2, "", True) == (code, told.err, "Usage: graphmem" in told.out)
