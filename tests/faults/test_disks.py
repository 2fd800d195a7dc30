"""A full disk: a typed error, nothing acknowledged is lost, and all goes on when there is space again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

RAM = Path("/dev/shm")


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """The short form of `make faults`: some limits of size, some small disks where this user may mount one."""
    figures = tmp_path / "figures.json"
    folder = RAM if RAM.is_dir() else tmp_path
    command = [sys.executable, "-m", "tests.faults.disks", "--trials", "6", "--folder", folder, "--json", figures]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr
    summary = json.loads(figures.read_text())["summary"]
    assert 6 == sum(row["trials"] for row in summary)
    assert 0 < sum(row["calls that failed"] for row in summary)
    assert 0 == sum(row["wrong"] for row in summary)
