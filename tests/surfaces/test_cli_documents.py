"""docs/cli.md names every command and every option that the program has."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from graphmem.cli._app import build

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
CLICK_OWN = {"--help", "-h", "--show-completion"}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its full name, those of groups included."""
    root: Any = typer.main.get_command(build())
    for name, found in root.commands.items():
        if hasattr(found, "commands"):
            yield from ((f"{name} {inner}", command) for inner, command in found.commands.items())
        else:
            yield name, found


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_and_option_is_documented(name: str, command: Any):
    """A new option must be written down."""
    options = {option for parameter in command.params for option in parameter.opts if option.startswith("-")}

    assert f"`{name}" in DOCUMENT
    assert set() == {option for option in options - CLICK_OWN if option not in DOCUMENT}


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_option_has_a_help_text(name: str, command: Any):
    """And the command has one, too."""
    assert command.help
    assert [] == [p.name for p in command.params if p.param_type_name == "option" and not p.help]


def test_help_and_version_load_nothing_heavy():
    """No store, no model and no number crunching for a question about the program itself."""
    heavy = {"numpy", "chromadb", "sqlalchemy", "spacy", "openai", "onnxruntime", "networkx", "graphmem.memory"}
    for arguments in (["--help"], ["version"], ["search", "--help"]):
        script = (
            "import sys, io\n"
            "from graphmem.cli._run import run\n"
            f"assert run({arguments!r}) == 0\n"
            "sys.stderr.write(' '.join(sys.modules))\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

        assert set() == heavy & set(done.stderr.split())


def test_completion_is_offered():
    """The script can be printed for the shell that asks; which one is told by the parent process."""
    asked = '"$0" -m graphmem.cli --show-completion; exit $?'
    done = subprocess.run(["bash", "-c", asked, sys.executable], capture_output=True, text=True, check=False)

    assert (0, True) == (done.returncode, "graphmem" in done.stdout)
