"""What an add costs: engine time beside mem0ai on the same stub server, calls and tokens, and whether it stays flat.

    python benchmarks/engine.py [--mem0-python PATH] [--adds 50] [--rounds 3] [--latency] [--flat 10000] [--json FILE]

One stub server answers chat and embedding requests of every system from the same table, over HTTP. `--mem0-python`
is the interpreter of an environment with mem0ai and chromadb (`pip install mem0ai==2.2.1 chromadb`); without it only
graphmem is timed. Each system has a process of its own, and they take turns, one add each, so that a noisy machine is
noisy for both.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.child_graphmem import opened
from benchmarks.measure import interleaved, machine, memory_mb, percentiles, report, timed, write
from graphmem import Fact, Memory
from graphmem.models.scripted import HashEmbedder
from tests.stub_server import StubServer

NAMES = tuple(f"{first}{last}" for last in ("da", "lo", "ri", "ven", "mund") for first in ("A", "Be", "Cle", "Do", "E"))
PLACES = ("Oslo", "Rome", "Lima", "Cork", "Bern", "Kyiv", "Riga", "Pune", "Graz", "Nice")
HOBBIES = ("chess", "sailing", "pottery", "running", "baking", "archery", "sketching", "fencing", "yoga", "rowing")
MARK = re.compile(r"note (\d+)")


def exchange(number: int) -> list[dict[str, str]]:
    """Two messages; the number in them tells the stub which reply is theirs."""
    name, place, hobby = NAMES[number % 25], PLACES[number // 5 % 10], HOBBIES[number * 7 % 10]
    return [
        {
            "role": "user",
            "content": f"For note {number}: my friend {name} took up {hobby} in {place}.",
        },
        {"role": "assistant", "content": f"Noted. How did {name} like {place}?"},
    ]


def asked(number: int) -> str:
    """A question that the exchange answers."""
    return f"What did {NAMES[number % 25]} take up?"


def fact(number: int) -> dict[str, str]:
    """The one fact of an exchange."""
    name, place, hobby = NAMES[number % 25], PLACES[number // 5 % 10], HOBBIES[number * 7 % 10]
    return {"text": f"{name} took up {hobby} in {place}, note {number}.", "name": name, "hobby": hobby}


def answer(body: dict[str, Any]) -> str:
    """The reply of the model, in the form that the asking system wants."""
    asked = "\n".join(str(message["content"]) for message in body["messages"])
    numbers = MARK.findall(str(body["messages"][-1]["content"])) or MARK.findall(asked)
    if "response_format" in body and body["response_format"].get("type") == "json_schema":
        if body["response_format"]["json_schema"]["name"] != "memory":
            return json.dumps({"verdicts": []})
        return json.dumps(ours(int(numbers[-1])))
    return json.dumps({"memory": [{"id": "0", "text": fact(int(numbers[-1]))["text"], "attributed_to": "user"}]})


def ours(number: int) -> dict[str, Any]:
    """Graphmem's reply."""
    known = fact(number)
    quote = exchange(number)[0]["content"].split(": ")[1].rstrip(".")
    return {
        "facts": [
            {
                "text": known["text"],
                "message": "m1",
                "quote": quote,
                "kind": "episodic",
                "subject": known["name"],
                "modality": "asserted",
                "correction": False,
                "valid_from": "",
                "valid_to": "",
                "relations": [[known["name"], "took_up", known["hobby"]]],
            }
        ],
        "entities": [{"name": known["name"], "type": "Person"}, {"name": known["hobby"], "type": "Topic"}],
    }


class Graphmem:
    """graphmem in this process, for what does not depend on the clock or is compared with itself."""

    def __init__(self, base_url: str, home: str) -> None:
        self.memory = opened(base_url, home)

    def add(self, number: int) -> None:
        result = self.memory.add(exchange(number), user_id="bench")
        assert result.projected
        assert result.changes, result

    def search(self, number: int) -> None:
        assert self.memory.search(asked(number), user_id="bench", k=20).hits

    def close(self) -> None:
        self.memory.close()


class Child:
    """A system in a process of its own, told what to do line by line: it shares no interpreter with the stub server.

    `name` is that of its script, `child_*.py`; `python` the interpreter of its environment.
    """

    def __init__(self, name: str, python: str, base_url: str, home: str) -> None:
        self.name = name
        script = Path(__file__).with_name(f"child_{name}.py")
        self.process = subprocess.Popen(
            [python, str(script), base_url, home], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answered()

    def _answered(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("ok"):
                return line
        raise RuntimeError(f"the {self.name} process ended; run benchmarks/child_{self.name}.py by hand to see why")

    def _tell(self, **task: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        self._answered()

    def add(self, number: int) -> None:
        self._tell(add=exchange(number))

    def search(self, number: int) -> None:
        self._tell(search=asked(number))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


@contextmanager
def systems(stub: StubServer, mem0_python: str | None) -> Iterator[dict[str, Child]]:
    """The systems of one round, on fresh homes."""
    interpreters = {"graphmem": sys.executable} | ({"mem0": mem0_python} if mem0_python else {})
    with ExitStack() as stack:
        made: dict[str, Child] = {}
        for name, python in interpreters.items():
            made[name] = Child(name, python, stub.base_url, stack.enter_context(tempfile.TemporaryDirectory()))
            stack.callback(made[name].close)
        yield made


def overhead(mem0_python: str | None, adds: int, rounds: int, latency: bool) -> dict[str, Any]:
    """p50 and p95 of adds and searches: medians over rounds."""
    waits = {"chat_latency": 0.3, "embedding_latency": 0.05} if latency else {}
    found: dict[str, dict[str, list[float]]] = {}
    with StubServer(chat=answer, dimensions=384, keep=False, **waits) as stub:
        for _ in range(rounds):
            with systems(stub, mem0_python) as made:
                for system in made.values():
                    system.add(9_999)
                for what in ("add", "search"):
                    calls = {name: getattr(system, what) for name, system in made.items()}
                    for name, spent in interleaved(calls, adds).items():
                        found.setdefault(f"{name} {what}", {}).setdefault("p50", []).append(spent["p50"])
                        found[f"{name} {what}"].setdefault("p95", []).append(spent["p95"])
    return {name: {p: sorted(v)[len(v) // 2] for p, v in values.items()} for name, values in found.items()}


def costs() -> dict[str, float]:
    """Calls and tokens of an add, as the server saw them, over 80 exchanges."""
    with StubServer(chat=answer, dimensions=384, keep=False) as stub, tempfile.TemporaryDirectory() as home:
        system = Graphmem(stub.base_url, home)
        for number in range(80):
            system.add(number)
        seen = stub.seen
        before = (seen.chat_calls, seen.embedding_calls)
        for number in range(20):
            system.search(number)
        after = (seen.chat_calls - before[0], seen.embedding_calls - before[1])
        system.close()
    return {
        "chat calls an add": before[0] / 80,
        "embedding calls an add": before[1] / 80,
        "prompt tokens an add": round(seen.prompt_tokens / 80),
        "chat calls a search": after[0] / 20,
        "embedding calls a search": after[1] / 20,
    }


def flat(size: int, adds: int) -> dict[str, Any]:
    """Adds to an empty memory against adds to one that holds `size` memories of the same user."""
    with (
        StubServer(chat=answer, dimensions=384, keep=False) as stub,
        tempfile.TemporaryDirectory() as small,
        tempfile.TemporaryDirectory() as large,
    ):
        empty, full = Graphmem(stub.base_url, small), Graphmem(stub.base_url, large)
        for start in range(0, size, 500):
            facts = [
                Fact(text=f"Thing {n} is kept in room {n % 97} of house {n % 53}") for n in range(start, start + 500)
            ]
            full.memory.add(f"inventory {start}", user_id="bench", facts=facts)
        empty.add(9_999)
        full.add(9_999)
        spent = interleaved({"empty": empty.add, "full": full.add}, adds)
        empty.close()
        full.close()
    return {**spent, "ratio": round(spent["full"]["p50"] / spent["empty"]["p50"], 2)}


def ingest(messages: int = 2000) -> dict[str, float]:
    """Messages a second with nothing extracted, the embedder's time left out."""
    said = [{"role": "user", "content": exchange(n)[0]["content"]} for n in range(messages)]
    with (
        tempfile.TemporaryDirectory() as home,
        Memory.open(home=home, embedder=HashEmbedder(384), extractor="none") as memory,
    ):
        spent = [
            timed(lambda at=at: memory.add(said[at : at + 20], user_id="u", run_id="r", infer=False))  # type: ignore[misc]
            for at in range(0, messages, 20)
        ]
    return {"messages a second, raw, 20 an add": round(messages / (sum(spent) / 1000)), **percentiles(spent)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mem0-python", help="interpreter with mem0ai and chromadb")
    parser.add_argument("--adds", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", action="store_true", help="also with 300 ms a chat and 50 ms an embedding call")
    parser.add_argument("--flat", type=int, default=10_000, help="memories of one user in the full home; 0: skip")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(machine())
    figures: dict[str, Any] = {"costs": costs()}
    report("calls and tokens", ("what", "figure"), figures["costs"].items())
    for title, latency in (("engine, no latency", False), ("300 ms a chat, 50 ms an embedding", True)):
        if latency and not given.latency:
            continue
        adds = min(given.adds, 25) if latency else given.adds
        figures[title] = found = overhead(given.mem0_python, adds, 1 if latency else given.rounds, latency)
        report(title, ("what", "p50 ms", "p95 ms"), [(name, v["p50"], v["p95"]) for name, v in found.items()])
        if mem0 := given.mem0_python:
            ratios = {w: round(found[f"graphmem {w}"]["p50"] / found[f"mem0 {w}"]["p50"], 2) for w in ("add", "search")}
            print(f"graphmem / mem0, p50: add {ratios['add']}, search {ratios['search']} ({mem0})")
            found["ratio of p50"] = ratios
    figures["raw ingest"] = ingest()
    report("raw ingest", ("what", "figure"), figures["raw ingest"].items())
    if given.flat:
        figures["flat"] = flat(given.flat, given.adds)
        report(f"adds at 0 and at {given.flat:,} memories of one user", ("what", "figure"), figures["flat"].items())
    figures["RSS MB"] = memory_mb()
    write(given.json, figures)


if __name__ == "__main__":
    main()
