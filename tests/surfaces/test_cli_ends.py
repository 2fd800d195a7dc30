"""How a run of the command line may end before its time: nobody reads on, or somebody presses ctrl-C."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphmem import Memory
from graphmem.cli._run import run
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
