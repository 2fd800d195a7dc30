"""The commands of upkeep: what they print, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphmem.cli._run import run

SETTINGS = {"EMBEDDER": "hash", "EMBEDDING_DIMENSIONS": "16", "VECTORS": "none", "EXTRACTOR": "none"}


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for key, value in SETTINGS.items():
        monkeypatch.setenv(f"GRAPHMEM_{key}", value)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; its exit code and its JSON."""

    def called(*arguments: object) -> tuple[int, Any]:
        code = run([*map(str, arguments), "-o", "json"])
        out = capsys.readouterr().out
        return code, json.loads(out) if out.strip() else None

    return called


def test_export_and_import_by_command(one: Path, tmp_path: Path, call: Any) -> None:
    """`import` knows an export by its first line; the state is printed by both, by status and by verify."""
    _, written = call("export", tmp_path / "all.jsonl.gz", "--home", one)
    code, read = call("import", tmp_path / "all.jsonl.gz", "--home", tmp_path / "two")
    _, status = call("status", "--state", "--home", tmp_path / "two")
    _, verified = call("verify", "--home", tmp_path / "two")
    again, _ = call("export", tmp_path / "all.jsonl.gz", "--home", one)

    assert (0, 1) == (code, again)
    assert 1 == len({written["state"], read["state"], status["state"], verified["state"]})


def test_backup_restore_and_reembed_by_command(
    one: Path, tmp_path: Path, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restoring over a ledger needs --force; a changed model is refused until reembed ran."""
    made, _ = call("backup", tmp_path / "copy", "--home", one)
    checked, _ = call("restore", tmp_path / "copy", "--dry-run")
    refused, _ = call("restore", tmp_path / "copy", "--home", one)
    forced, _ = call("restore", tmp_path / "copy", "--home", one, "--force")
    monkeypatch.setenv("GRAPHMEM_EMBEDDING_DIMENSIONS", "24")
    before, _ = call("status", "--home", one)
    moved, report = call("reembed", "--home", one)
    after, _ = call("status", "--home", one)

    assert (0, 0, 1, 0) == (made, checked, refused, forced)
    assert (1, 0, True, 0) == (before, moved, report["switched"], after)


def test_the_exit_code_of_doctor_tells(one: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 for warnings, unless --strict; 1 for a failure."""
    one.chmod(0o755)
    fine, report = call("doctor", "--home", one)
    strict, _ = call("doctor", "--strict", "--home", one)
    monkeypatch.setenv("GRAPHMEM_EMBEDDING_DIMENSIONS", "24")
    bad, told = call("doctor", "--home", one)

    assert (0, 1, 1) == (fine, strict, bad)
    assert ("warning", "failure") == (report["health"], told["health"])


def test_diff_audit_and_repair_by_command(one: Path, tmp_path: Path, call: Any) -> None:
    """A plan is a file to look at; one that is no plan, and one that exists, are refused."""
    plan = tmp_path / "plan.json"
    _, found = call("diff", "--since", "2000-01-01", "--user", "bob", "--home", one)
    audited, report = call("audit", "--fix-plan", plan, "--home", one)
    refused, _ = call("audit", "--fix-plan", plan, "--home", one)
    repaired, done = call("repair", plan, "--home", one)
    plan.write_text("{}", encoding="utf-8")
    wrong, _ = call("repair", plan, "--home", one)

    assert ["Bob works at Acme"] == [memory["text"] for memory in found["memories"]]
    assert (0, [], 2, 0, [], 1) == (audited, report["findings"], refused, repaired, done, wrong)


def test_recording_and_a_worker_by_command(tmp_path: Path, call: Any) -> None:
    """`--no-wait` leaves the reading to `worker`, which ends when nothing waits."""
    added, result = call("add", "I live in Lisbon", "--user", "ann", "--no-wait", "--home", tmp_path / "two")
    worked, report = call("worker", "--until-empty", "--name", "w", "--home", tmp_path / "two")
    _, episodes = call("episodes", "--home", tmp_path / "two")
    again, idle = call("worker", "--until-empty", "--home", tmp_path / "two")

    assert (0, "pending") == (added, result["status"])
    assert (0, 1, 0, 0) == (worked, report["episodes"], again, idle["episodes"])
    assert ["empty"] == [episode["status"] for episode in episodes]
