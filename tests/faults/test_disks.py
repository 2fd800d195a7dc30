"""A full disk: a typed error, nothing acknowledged is lost, and all goes on when there is space again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.faults.report import short_form


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """The short form of `make faults`: some limits of size, some small disks where this user may mount one."""
    summary = short_form("tests.faults.disks", tmp_path, "--trials", "6")

    assert 6 == sum(row["trials"] for row in summary)
    assert 0 < sum(row["calls that failed"] for row in summary)
    assert 0 == sum(row["wrong"] for row in summary)


@pytest.mark.parametrize("spare", [0, 4096, 20480, 61440])
def test_chroma_goes_on_when_there_is_space_again(tmp_path: Path, spare: int) -> None:
    """A failed write leaves a transaction of Chroma's open, for which its next write would wait 1,000 seconds."""
    command = [sys.executable, "-m", "tests.faults.full_chroma", tmp_path, str(spare)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)

    failed, held = json.loads(done.stdout)
    assert failed > 0
    assert 80 <= held <= 140
