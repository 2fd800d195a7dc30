"""Plant each bug in a copy of the source and run the test that must notice it; exits 1 when one goes unnoticed.

python -m tests.mutants [--only PART_OF_A_NAME] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.architecture.source import ROOT
from tests.mutants.planted import BUGS, Bug

NEEDED = ("graphmem", "tests", "prompts", "cypher", "docker", "pyproject.toml")


def copied(folder: Path) -> Path:
    """What the tests need, where it may be broken."""
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, target)
    return folder


def outcome(place: Path, test: str) -> int:
    """The exit code of pytest: 0 passed, 1 failed; all else is no verdict."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
        "-x",
        "-q",
        *test.split(" ", 1)[:1],
    ]
    command += test.split(" ")[1:]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).returncode


def planted(place: Path, bug: Bug) -> str:
    """What came of one bug: caught, missed, or why neither."""
    path = place / bug.file
    sound = path.read_text(encoding="utf-8")
    if sound.count(bug.before) != 1:
        return "its text is not in the source"
    path.write_text(sound.replace(bug.before, bug.after), encoding="utf-8")
    try:
        found = outcome(place, bug.test)
    finally:
        path.write_text(sound, encoding="utf-8")
    return {0: "MISSED", 1: "caught"}.get(found, f"pytest ended with {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    begun = time.perf_counter()
    bugs = [bug for bug in BUGS if given.only in bug.name]
    results: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = copied(Path(folder))
        sound = {test: outcome(place, test) for test in dict.fromkeys(bug.test for bug in bugs)}
        for bug in bugs:
            results[bug.name] = planted(place, bug) if sound[bug.test] == 0 else "its test fails without it"
            print(f"{results[bug.name]:<30} {bug.name}  ({bug.test})", flush=True)
    caught = sum(result == "caught" for result in results.values())
    print(f"{caught} of {len(bugs)} caught in {time.perf_counter() - begun:.0f} s")
    if given.json:
        given.json.write_text(json.dumps({"caught": caught, "bugs": results}, indent=1), encoding="utf-8")
    sys.exit(0 if caught == len(bugs) else 1)


if __name__ == "__main__":
    main()
