"""A secret comes in by no door: not by any method that writes, nor by any command, nor in any field."""

from __future__ import annotations

import asyncio
import json
import random
import string
from collections.abc import Callable
from pathlib import Path

import pytest

from graphmem import AsyncMemory, Fact, InputError, Memory
from graphmem.adopting import Mem0Source
from graphmem.cli._run import run
from graphmem.mem0 import Memory as Mem0Face
from graphmem.models.scripted import HashEmbedder
from graphmem.values import EntityDraft
from tests.operations.secrets import JWT
from tests.operations.worlds import bytes_left

USER = {"user_id": "ann"}
NO_DOOR = {
    "accept", "audit", "backup", "close", "common", "context", "cypher", "delete", "delete_all", "diff", "doctor",
    "entities", "entity", "episodes", "erase", "expire", "export", "get", "graph", "history", "list", "match", "merge",
    "neighbors", "open", "paths", "rebuild", "reembed", "reject", "relations", "repair", "reset", "restore", "retry",
    "reviews", "search", "split", "status", "timeline", "undo", "verify", "work",
}  # fmt: skip
"""Methods that write no text of their caller: they read, remove, or move what is there."""
DOORS = {"add", "adopt", "apply", "import_from", "plan", "update"}


class Secrets:
    """Of four shapes, others in each test."""

    def __init__(self, seed: str) -> None:
        dice = random.Random(seed)
        key, word, block, token = (
            "".join(dice.choice(string.ascii_letters + string.digits) for _ in range(length))
            for length in (40, 14, 64, 43)
        )
        self.short = f"sk-{key} and password={word}"
        fence = "-----{} RSA PRIVATE " + "KEY-----"
        self.long = f"{self.short}\n{fence.format('BEGIN')}\n{block}\n{fence.format('END')}\nand {JWT}.{token}"
        self.cores = tuple(part.encode() for part in (key, word, block, token))


@pytest.fixture
def secrets(request: pytest.FixtureRequest) -> Secrets:
    """Named after the test, so that no test finds what another one left."""
    return Secrets(request.node.name)


def opened(home: Path, **options: object) -> Memory:
    """Facts are supplied, vectors in the ledger."""
    given = {"embedder": HashEmbedder(32), "extractor": "none", "vectors": "none", **options}
    return Memory.open(home=home, **given)  # type: ignore[arg-type]


def fact(secrets: Secrets) -> Fact:
    """With secrets in each of its texts."""
    short = secrets.short
    return Fact(
        text=f"Ann has {secrets.long}",
        subject=f"Ann {short}",
        entities=(EntityDraft(name=f"Key {short}", type=f"Type {short}"[:90]),),
        relations=((f"Ann {short}", f"owns {short}", f"Key {short}"),),
        metadata={"seen": secrets.long, f"key {short}": [secrets.long]},
    )


def everywhere(secrets: Secrets) -> dict[str, object]:
    """The arguments of an add with secrets in every field but the labels."""
    return {
        "messages": [
            {"role": role, "name": f"Ann {secrets.short}"[:200], "content": f"{role} says {secrets.long}",
             "metadata": {"note": secrets.long, "in": {"deep": [secrets.long]}}}
            for role in ("user", "assistant", "tool")
        ],
        "facts": [fact(secrets), f"Ann said {secrets.long}"],
        "metadata": {"of": secrets.long, f"named {secrets.short}": 1},
        "instructions": f"Mind {secrets.long}",
        "idempotency_key": secrets.short,
    }  # fmt: skip


def add(memory: Memory, secrets: Secrets, folder: Path) -> None:
    assert memory.add(**everywhere(secrets), **USER).redacted  # type: ignore[arg-type]


def update(memory: Memory, secrets: Secrets, folder: Path) -> None:
    added = memory.add("x", facts=["Ann plays chess"], **USER)
    changed = {"note": secrets.long, f"key {secrets.short}": {"in": secrets.long}, "token": secrets.short[:43]}
    memory.update(added.changes[0].memory_id, text=f"Ann has {secrets.long}", metadata=changed)


def plan(memory: Memory, secrets: Secrets, folder: Path) -> None:
    planned = memory.plan(**everywhere(secrets), **USER)  # type: ignore[arg-type]
    (folder / "plan.json").write_text(planned.model_dump_json(), encoding="utf-8")
    assert {} == bytes_left(folder, *secrets.cores)
    memory.apply(planned)


def apply(memory: Memory, secrets: Secrets, folder: Path) -> None:
    """A plan of the same home, made when secrets were kept."""
    with opened(folder / "home", redact="none") as open_handed:
        planned = open_handed.plan(**everywhere(secrets), **USER)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="openai key"):
        memory.apply(planned)


def import_from(memory: Memory, secrets: Secrets, folder: Path) -> None:
    """What another home has written, which keeps secrets."""
    path = folder.parent / "export.jsonl"
    with opened(folder.parent / "elsewhere", redact="none") as open_handed:
        open_handed.add(**everywhere(secrets), **USER)  # type: ignore[arg-type]
        open_handed.export(path)
    with pytest.raises(InputError, match="openai key") as refused:
        memory.import_from(path)
    assert not any(core.decode() in f"{refused.value}" for core in secrets.cores)
    assert () == memory.list(**USER).items


def adopt(memory: Memory, secrets: Secrets, folder: Path) -> None:
    report = memory.adopt(Mem0Source(vectors=mem0_export(folder.parent / "m.json", secrets)))
    assert (1, {"openai key", "password", "private key", "json web token"}) == (
        report.memories.adopted,
        set(report.redacted),
    )


def mem0_export(path: Path, secrets: Secrets) -> Path:
    """What Mem0's get_all gives."""
    item = {
        "id": "m1", "memory": f"Has {secrets.long}", "user_id": "ida", "created_at": "2024-01-01T00:00:00+00:00",
        "metadata": {"topic": secrets.long}, "actor_id": f"Bea {secrets.short}", "role": "user",
    }  # fmt: skip
    path.write_text(json.dumps({"results": [item]}), encoding="utf-8")
    return path


def mem0_face(memory: Memory, secrets: Secrets, folder: Path) -> None:
    face = Mem0Face.over(memory)
    face.add(f"I have {secrets.long}", user_id="ann", metadata={"note": secrets.long}, infer=False)
    added = memory.add("x", facts=["Ann plays go"], **USER)
    face.update(added.changes[0].memory_id, f"Ann has {secrets.long}")


ALL: dict[str, Callable[[Memory, Secrets, Path], None]] = {
    **{one.__name__: one for one in (add, update, plan, apply, import_from, adopt)},
    "Mem0's add and update": mem0_face,
}


def test_every_method_is_a_door_or_none():
    """A new method of Memory has to be sorted in, and a door has to be tested."""
    public = {name for name in dir(Memory) if not name.startswith("_")}

    assert public == DOORS | NO_DOOR
    assert set(ALL) >= DOORS


@pytest.mark.parametrize("door", ALL)
def test_a_secret_comes_in_by_no_method(tmp_path: Path, secrets: Secrets, door: str):
    """None of its bytes is in any file of the home, and the stores agree."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with opened(folder / "home") as memory:
        ALL[door](memory, secrets, folder)
        assert () == memory.verify().differences
    assert {} == bytes_left(folder, *secrets.cores)


def test_with_redaction_off_it_does(tmp_path: Path, secrets: Secrets):
    """The search for it can find something."""
    with opened(tmp_path, redact="none") as memory:
        memory.add(**everywhere(secrets), **USER)  # type: ignore[arg-type]
        assert all(bytes_left(tmp_path, core) for core in secrets.cores)


def test_a_secret_comes_in_by_no_asynchronous_method(tmp_path: Path, secrets: Secrets):
    """AsyncMemory is the same memory."""

    async def talk() -> None:
        options = {"embedder": HashEmbedder(32), "extractor": "none", "vectors": "none"}
        async with await AsyncMemory.open(home=tmp_path, **options) as memory:  # type: ignore[arg-type]
            await memory.add(**everywhere(secrets), **USER)  # type: ignore[arg-type]

    asyncio.run(talk())
    assert {} == bytes_left(tmp_path, *secrets.cores)


def test_an_export_is_taken_whole_where_secrets_are_kept(tmp_path: Path, secrets: Secrets):
    """What is refused can be had: with the setting that the error names. A clean export needs no setting."""
    for number, mode in enumerate(("none", "secrets")):
        path, home = tmp_path / f"{number}.jsonl", tmp_path / f"home {number}"
        with opened(tmp_path / f"from {number}", redact=mode) as first:
            first.add(**everywhere(secrets), **USER)  # type: ignore[arg-type]
            state = first.export(path).state
        with opened(home, redact=mode) as second:
            assert state == second.import_from(path).state


@pytest.mark.parametrize(
    "kind", ["add", "add from a file", "update", "plan", "json", "lines", "memories", "an export", "adopt mem0"]
)
def test_a_secret_comes_in_by_no_command(
    tmp_path: Path, secrets: Secrets, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Every command that writes, every form of file that import reads; nor does a command print it."""
    monkeypatch.chdir(tmp_path)
    for key, value in {"HOME": "home", "EMBEDDER": "hash", "VECTORS": "none", "EXTRACTOR": "none"}.items():
        monkeypatch.setenv(f"GRAPHMEM_{key}", value)
    codes = [run(line) for line in commands(kind, secrets, tmp_path, capsys)]

    told = capsys.readouterr()
    assert [1 if kind == "an export" else 0] * len(codes) == codes, told.err
    assert {} == bytes_left(tmp_path / "home", *secrets.cores)
    assert not any(core.decode() in told.out + told.err for core in secrets.cores)


def commands(kind: str, secrets: Secrets, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """What is typed."""
    long, user = secrets.long, ["--user", "ann"]
    message = {"role": "user", "name": f"Ann {secrets.short}"[:200], "content": long, "metadata": {"n": long}}
    path = folder / "given.json"
    if kind == "add":
        given = ["--name", f"Ann {secrets.short}", "--fact", f"Ann has {long}", "--instructions", long]
        return [["add", long, *given, "--metadata", json.dumps({"n": long}), "--key", secrets.short, *user]]
    if kind == "add from a file":
        path.write_text(json.dumps([message]), encoding="utf-8")
        return [["add", "--messages", path.read_text("utf-8"), *user]]
    if kind == "update":
        assert 0 == run(["add", "x", "--fact", "Ann plays chess", *user, "-o", "json"])
        (change,) = json.loads(capsys.readouterr().out)["changes"]
        return [["update", change["memory_id"], f"Ann has {long}", "--metadata", json.dumps({"n": long})]]
    if kind == "plan":
        return [
            ["plan", long, "--fact", f"Ann has {long}", *user, "--out", "home/plan.json"],
            ["apply", "home/plan.json"],
        ]
    if kind == "adopt mem0":
        return [["adopt", "mem0", "--vectors", str(mem0_export(path, secrets))]]
    if kind == "an export":
        import_from_elsewhere(folder, secrets)
        return [["import", str(folder / "export.jsonl")]]
    records = {
        "json": [{"messages": [message], "user_id": "ann", "metadata": {"n": long}}],
        "lines": [{"content": long, "name": f"Ann {secrets.short}", "user_id": "ann"}],
        "memories": [{"memory": f"Has {long}", "user_id": "ann", "metadata": {"n": long}}],
    }[kind]
    path = path.with_suffix(".jsonl" if kind == "lines" else ".json")
    lines = "\n".join(json.dumps(record) for record in records)
    path.write_text(lines if kind == "lines" else json.dumps(records), encoding="utf-8")
    return [["import", str(path)]]


def import_from_elsewhere(folder: Path, secrets: Secrets) -> None:
    """An export of a home that keeps secrets."""
    with opened(folder / "elsewhere", redact="none") as open_handed:
        open_handed.add(**everywhere(secrets), **USER)  # type: ignore[arg-type]
        open_handed.export(folder / "export.jsonl")
