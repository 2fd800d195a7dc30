"""The figures of a campaign: a row a kind, a row a place, and everything that failed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOT

RAM = Path("/dev/shm")
KINDS = ("place", "random", "recovery")
COUNTED = ("lost", "half", "differences", "unlike", "paid_twice")


def figures(found: Sequence[dict[str, Any]], places: Sequence[str], seconds: float = 0.0) -> dict[str, Any]:
    """Of all trials. A place is never reached when no trial was killed there."""
    at_places = [t for t in found if t["kind"] == "place" and t["killed"]]
    by_place = {place: [t for t in at_places if t["place"] == place] for place in places}
    return {
        "summary": [_row(kind, mine) for kind in KINDS if (mine := [t for t in found if t["kind"] == kind])],
        "places": {place: _of_place(mine) for place, mine in by_place.items()},
        "never reached": [place for place, mine in by_place.items() if not mine],
        "failed": [t for t in found if t["failed"]],
        "seconds": round(seconds),
    }


def short_form(module: str, folder: Path, *options: str) -> Any:
    """The summary of a campaign in a process of its own, its homes in memory where there is such a disk."""
    told = folder / "figures.json"
    homes = RAM if RAM.is_dir() else folder
    command = [sys.executable, "-m", module, *options, "--folder", homes, "--json", told]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    return json.loads(told.read_text())["summary"]


def _row(kind: str, mine: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kind": kind,
        "kills": sum(t["killed"] for t in mine),
        "trials": len(mine),
        "whole": sum(t["whole"] for t in mine),
        "places": len({t["place"] for t in mine if t["place"]}),
        "seeds": len({t["seed"] for t in mine}),
        "acknowledged": sum(t["acknowledged"] for t in mine),
        **{key: sum(t[key] for t in mine) for key in COUNTED},
        "failed": sum(t["failed"] for t in mine),
        "longest recovery (s)": round(max(t["seconds"] for t in mine), 2),
    }


def _of_place(mine: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kills": len(mine),
        "whole": sum(t["whole"] for t in mine),
        "seeds": len({t["seed"] for t in mine}),
        "failed": sum(t["failed"] for t in mine),
        "longest recovery (s)": round(max((t["seconds"] for t in mine), default=0.0), 2),
    }


def written(path: Path, told: dict[str, Any]) -> None:
    """Write figures to a file, whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(told, indent=1), encoding="utf-8")
    part.replace(path)
