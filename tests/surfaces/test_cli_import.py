"""`graphmem import`: progress, resuming, and a report of what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphmem.cli import _import
from graphmem.cli._run import run
from graphmem.errors import ModelReplyError, StoreReadOnly

ITEMS = [
    {"memory": "Prefers tea.", "user_id": "ida", "metadata": {"source": "survey"}},
    {"memory": 3, "user_id": "ida"},
    {
        "messages": [{"content": "I live in Turku.", "name": "Ida", "timestamp": "2024-01-01T10:00:00Z"}],
        "user_id": "ida",
    },
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the hash embedder and the local extractor."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHMEM_EMBEDDER", "hash")
    monkeypatch.setenv("GRAPHMEM_EXTRACTOR", "local")
    return tmp_path


def imported(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run(["import", *arguments, "-o", "json"])
    return code, json.loads(capsys.readouterr().out)


def written(path: Path, document: object) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def texts(capsys: pytest.CaptureFixture[str], user: str = "ida") -> list[str]:
    assert 0 == run(["list", "--user", user, "-o", "json"])
    return sorted(item["text"] for item in json.loads(capsys.readouterr().out)["items"])


def test_what_can_be_read_is_remembered(folder: Path, capsys: pytest.CaptureFixture[str]):
    """The broken record is reported with its number and key, and the exit code says so."""
    code, report = imported(capsys, written(folder / "m.json", ITEMS))

    assert (1, 2, 0) == (code, report["added"], report["skipped"])
    assert [{"item": "m.json, record 2", "reason": "key 'memory' is a number, not a text."}] == report["failed"]
    assert ["Ida lives in Turku.", "Prefers tea."] == texts(capsys)


def test_a_second_run_skips_what_is_done(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Even from a copy of the file; nothing is there twice."""
    imported(capsys, written(folder / "m.json", ITEMS[:1] + ITEMS[2:]))
    code, report = imported(capsys, written(folder / "copy.json", ITEMS[:1] + ITEMS[2:]))

    assert (0, 0, 2) == (code, report["added"], report["skipped"])
    assert 2 == len(texts(capsys))


def test_an_interrupted_import_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Ctrl-C keeps what was added; the same command adds the rest."""
    path = written(folder / "m.json", [{"memory": f"Fact number {n}.", "user_id": "ida"} for n in range(6)])
    add = _import.Run._add
    calls = []

    def interrupted(self: _import.Run, batch: _import.Batch) -> str:
        calls.append(batch)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return add(self, batch)

    with monkeypatch.context() as patched:
        patched.setattr(_import.Run, "_add", interrupted)
        assert 130 == run(["import", path])
    assert "Stopped after 3 messages" in capsys.readouterr().err
    code, report = imported(capsys, path)

    assert (0, 3, 3) == (code, report["added"], report["skipped"])
    assert [f"Fact number {n}." for n in range(6)] == texts(capsys)


def test_no_infer_keeps_messages_alone(folder: Path, capsys: pytest.CaptureFixture[str]):
    """They are searchable; nothing is extracted."""
    path = written(folder / "m.json", ITEMS[2:])

    assert 0 == run(["import", path, "--no-infer"])
    assert [] == (capsys.readouterr(), texts(capsys))[1]
    assert 0 == run(["search", "Turku", "--user", "ida", "-o", "json"])
    assert ["message"] == [hit["source"] for hit in json.loads(capsys.readouterr().out)["hits"]]


def test_the_extractor_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]):
    """`none` extracts nothing; `llm` without a model is a plain error."""
    path = written(folder / "m.json", ITEMS[2:])

    assert 0 == imported(capsys, path, "--extractor", "none")[0]
    assert [] == texts(capsys)
    assert 1 == run(["import", path, "--extractor", "llm"])
    assert 1 == capsys.readouterr().err.count("\n")


def test_a_scope_on_the_command_line_wins(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Over that of the records."""
    imported(capsys, written(folder / "m.json", ITEMS[:1]), "--user", "bo")

    assert ([], ["Prefers tea."]) == (texts(capsys), texts(capsys, "bo"))


def test_a_default_scope_fills_in(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Only where a record has none."""
    monkeypatch.setenv("GRAPHMEM_USER_ID", "bo")
    imported(capsys, written(folder / "m.json", [*ITEMS[:1], {"text": "Owns a boat."}]))

    assert (["Prefers tea."], ["Owns a boat."]) == (texts(capsys), texts(capsys, "bo"))


def test_files_that_cannot_be_read_do_not_hold_up_the_others(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Each is reported with its reason."""
    (folder / "broken.json").write_text('[{"memory": ')
    code, report = imported(capsys, "gone.json", "broken.json", written(folder / "m.json", ITEMS[:1]))

    assert (1, 1) == (code, report["added"])
    assert ["gone.json", "broken.json"] == [failure["item"] for failure in report["failed"]]
    assert report["failed"][1]["reason"].startswith("is not JSON")


def test_an_envelope_of_a_failure_is_not_ok(folder: Path, capsys: pytest.CaptureFixture[str]):
    """As the exit code says; what failed is in the data."""
    code = run(["import", written(folder / "m.json", ITEMS[:1]), str(folder / "gone.json"), "--agent"])
    told = json.loads(capsys.readouterr().out)

    assert (1, False, None) == (code, told["ok"], told["error"])
    assert [1, 1] == [told["data"]["added"], len(told["data"]["failed"])]


def test_progress_is_told_on_stderr(folder: Path, capsys: pytest.CaptureFixture[str]):
    """With rate and time left; stdout holds the outcome, and a tool loop sees no progress."""
    path = written(folder / "m.json", ITEMS[:1])
    run(["import", path])
    out, err = capsys.readouterr()

    assert "Added 1 message and 1 fact.\nAsk with --user ida\n" == out
    assert err.startswith("import: 1 of 1 messages, ")
    assert "s left" in err
    run(["import", path, "--agent"])
    assert "" == capsys.readouterr().err


def test_many_failures_are_cut_in_text(folder: Path, capsys: pytest.CaptureFixture[str]):
    """The first twenty, and how many more."""
    run(["import", written(folder / "m.json", [{"memory": n} for n in range(25)]), "--user", "ida"])
    out = capsys.readouterr().out

    assert "25 items failed:" in out
    assert "record 20:" in out
    assert "record 21:" not in out
    assert "and 5 more" in out


@pytest.mark.parametrize(
    ("error", "code", "added"), [(ModelReplyError("Garbage."), 1, 1), (StoreReadOnly("The disk is full."), 1, 0)]
)
def test_a_failing_item_is_reported_and_a_hopeless_one_stops(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: int,
    added: int,
):
    """What one item meets does not concern the next; a full disk meets them all."""
    from graphmem.memory import Memory

    add = Memory.add

    def failing(self: Memory, messages: Any, **more: Any) -> Any:
        if messages[0].content == "Bad.":
            raise error
        return add(self, messages, **more)

    monkeypatch.setattr(Memory, "add", failing)
    path = written(folder / "m.json", [{"memory": "Bad.", "user_id": "ida"}, {"memory": "Good.", "user_id": "ida"}])

    assert code == run(["import", path])
    capsys.readouterr()
    assert added == len(texts(capsys))


def test_locomo_conversations_become_users_and_runs(folder: Path, capsys: pytest.CaptureFixture[str]):
    """One user a sample, one run a session, searchable with the speaker and the turn id."""
    sample = {
        "sample_id": "talk-1",
        "conversation": {
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [{"speaker": "Ida", "dia_id": "D1:1", "text": "I live in Turku."}],
        },
    }
    code, report = imported(capsys, written(folder / "l.json", [sample]))
    run(["search", "Turku", "--run-id", "talk-1/session_1", "--user", "talk-1", "--include", "message", "-o", "json"])
    (hit,) = json.loads(capsys.readouterr().out)["hits"]

    assert (0, 1) == (code, report["added"])
    assert ("Ida", "D1:1", "2023-05-08T13:56:00Z") == (hit["speaker"], hit["metadata"]["dia_id"], hit["valid_from"])
