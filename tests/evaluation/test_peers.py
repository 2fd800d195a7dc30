"""Other memories as techniques. Each real package is tested where it is installed, in an environment of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import openai
import pytest

from graphmem import ConfigError, GraphMemError, InputError, Settings, StoreUnavailable
from graphmem.errors import ModelRefused, ModelReplyError, ModelUnavailable
from graphmem.evaluation.records import Conversation, Dataset, Question, Spent
from graphmem.evaluation.spending import BudgetReached
from graphmem.evaluation.techniques import registry
from graphmem.evaluation.techniques.contract import Options, Parts, Technique
from graphmem.evaluation.techniques.peers import adds, hosted
from graphmem.evaluation.techniques.peers.gateway import Gateway
from graphmem.models.scripted import HashEmbedder
from tests.evaluation import peer_model
from tests.stub_server import Answer, StubServer

REFUSED = Answer(status=401, error="wrong key")
BUSY = Answer(status=429, headers={"retry-after-ms": "1"})
NAMES = {
    "mem0": ("mem0ai", "2"),
    "mem0+": ("mem0ai", "1"),
    "graphiti": ("graphiti-core", ""),
    "langmem": ("langmem", ""),
}
ON_NEO4J = ("mem0+", "graphiti")


def parts(folder: Path, stub: StubServer, spent: list[Spent], **options: object) -> Parts:
    settings = Settings(
        llm_provider="custom", llm_base_url=stub.base_url, llm_model="stub", embedder="hash", embedding_dimensions=64
    )
    chosen = Options(mode="llm", **options)  # type: ignore[arg-type]
    return Parts(folder, settings, HashEmbedder(dimensions=64), None, len, chosen, spent.append)


class TestGateway:
    """Peers' own clients ask the models of the run, and what they ask is booked."""

    @pytest.fixture
    def spent(self) -> list[Spent]:
        return []

    @pytest.fixture
    def stub(self) -> Iterator[StubServer]:
        with StubServer(chat=lambda body: f"heard {len(body['messages'])}") as server:
            yield server

    @pytest.fixture
    def gateway(self, tmp_path: Path, stub: StubServer, spent: list[Spent]) -> Iterator[Gateway]:
        found = Gateway(parts(tmp_path, stub, spent))
        yield found
        found.close()

    def client(self, gateway: Gateway, key: str = "") -> openai.OpenAI:
        return openai.OpenAI(base_url=gateway.base_url, api_key=key or gateway.key, max_retries=0)

    def ask(self, gateway: Gateway) -> str | None:
        said = [{"role": "user", "content": "hello"}]
        made = self.client(gateway).chat.completions.create(model="any", messages=said)  # type: ignore[arg-type]
        return made.choices[0].message.content

    def test_a_prompt_goes_to_the_model_of_the_settings(self, gateway: Gateway, stub: StubServer, spent: list[Spent]):
        """Whatever model the peer names; calls and tokens are those that the server counts."""
        with gateway.serving("ingest", "c1"):
            assert "heard 1" == self.ask(gateway)

        seen = stub.seen
        assert ("stub", 1) == (seen.bodies[0]["model"], seen.chat_calls)
        (booked,) = spent
        assert ("ingest", "c1", "stub", 1) == (booked.stage, booked.conversation, booked.model, booked.calls)
        assert (seen.prompt_tokens, seen.completion_tokens) == (booked.prompt_tokens, booked.completion_tokens)

    @pytest.mark.parametrize("form", ["float", "base64"])
    def test_vectors_come_from_the_embedder_of_the_run(self, gateway: Gateway, spent: list[Spent], form: str):
        """In either form that clients ask for; a local embedder costs nothing."""
        texts = ["one", "another"]
        made = self.client(gateway).embeddings.create(model="any", input=texts, encoding_format=form)  # type: ignore[call-overload]
        rows = HashEmbedder(dimensions=64).embed(texts)

        given = [item.embedding for item in made.data]
        if form == "base64":
            given = [np.frombuffer(base64.b64decode(row), dtype="<f4").tolist() for row in given]
        assert (rows.tolist(), []) == (given, spent)

    def test_nobody_else_may_use_it(self, gateway: Gateway, stub: StubServer):
        """A wrong key is refused, and nothing is sent on."""
        with pytest.raises(openai.AuthenticationError):
            self.client(gateway, key="guess").embeddings.create(model="any", input="x")
        assert 0 == stub.seen.calls

    def test_a_busy_server_is_asked_again(self, gateway: Gateway, stub: StubServer, spent: list[Spent]):
        """The peer does not notice; both requests are booked."""
        stub.faults.append(BUSY)
        with gateway.serving("ingest", "c1"):
            assert "heard 1" == self.ask(gateway)

        assert 2 == spent[0].calls

    def test_a_refusal_is_raised_although_the_peer_swallows_it(self, gateway: Gateway, stub: StubServer):
        """Mem0 logs such errors and reports success."""
        stub.faults.append(REFUSED)
        with (
            pytest.raises(ModelRefused, match="llm_api_key"),
            gateway.serving("ingest", "c1"),
            suppress(openai.APIError),
        ):
            self.ask(gateway)

    def test_a_refusal_comes_before_what_the_peer_makes_of_it(self, gateway: Gateway, stub: StubServer):
        """The cause is told, not the peer's own exception; the next block begins anew."""
        stub.faults.append(REFUSED)
        with pytest.raises(ModelRefused), gateway.serving("ingest", "c1"):
            self.ask(gateway)
        with gateway.serving("search", "c1", "q1"):
            assert "heard 1" == self.ask(gateway)

    def test_what_the_peer_itself_does_wrong_names_the_question(self, gateway: Gateway):
        """One question or conversation fails, not the run."""
        with pytest.raises(ModelReplyError, match="q1: KeyError"), gateway.serving("search", "c1", "q1"):
            raise KeyError("entities")

    def test_nothing_is_sent_when_the_budget_is_reached(self, tmp_path: Path, stub: StubServer, spent: list[Spent]):
        """The peer gets an error at once, and the run its reason to stop."""
        asked: list[tuple[str, int, int]] = []

        @contextmanager
        def none(model: str, tokens: int, most: int) -> Iterator[None]:
            asked.append((model, tokens, most))
            raise BudgetReached(1.0, 0.99)
            yield

        gateway = Gateway(replace(parts(tmp_path, stub, spent), room=none))
        with pytest.raises(BudgetReached), gateway.serving("ingest", "c1"), suppress(openai.APIError):
            self.ask(gateway)
        gateway.close()

        assert (0, []) == (stub.seen.calls, spent)
        assert ("stub", True, 4000) == (asked[0][0], asked[0][1] > 20, asked[0][2])

    def test_without_a_chat_model_there_is_none(self, tmp_path: Path):
        """It says which settings to make."""
        bare = Parts(tmp_path, Settings(embedder="hash"), HashEmbedder(), None, len)
        with pytest.raises(ConfigError, match="GRAPHMEM_LLM_PROVIDER"):
            Gateway(bare)


class TestAdds:
    """A conversation is cut alike for all."""

    def test_an_add_stays_inside_a_session(self, talks: Dataset):
        """At most so many turns, numbered through."""
        conversation = talks.conversations[0]
        found = list(adds.adds(conversation, 3))

        assert list(range(len(found))) == [add.number for add in found]
        assert [turn.id for turn in conversation.turns] == [turn.id for add in found for turn in add.turns]
        assert all(len(add.turns) <= 3 for add in found)
        assert f"{found[0].turns[0].speaker}: {found[0].turns[0].text}" == found[0].lines[0]

    def test_what_is_done_is_known_after_a_restart(self, tmp_path: Path, talks: Dataset):
        """One number in a file."""
        (first, second, *_) = adds.adds(talks.conversations[0], 2)
        adds.Progress(tmp_path / "new").finished(first)
        adds.Progress(tmp_path / "new").finished(second)

        assert (2, 0) == (adds.Progress(tmp_path / "new").done, adds.Progress(tmp_path).done)


class TestMissing:
    """A peer that is not installed says in one line what to install."""

    @pytest.mark.parametrize(
        ("name", "command"),
        [
            ("mem0", "pip install 'mem0ai[nlp,extras]>=2,<3'"),
            ("mem0+", "pip install 'mem0ai==1.0.11' langchain-neo4j rank-bm25"),
            ("graphiti", "pip install 'graphiti-core>=0.20,<1'"),
            ("langmem", "pip install langmem langchain-openai"),
        ],
    )
    def test_packages(self, name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """The command is the whole advice."""
        monkeypatch.setattr(adds, "find_spec", lambda _: None)
        with StubServer() as stub, pytest.raises(ConfigError) as caught:
            registry.entry(name).make(parts(tmp_path, stub, []))

        assert caught.value.advice.endswith(command)
        assert 1 == len(str(caught.value).splitlines())

    def test_another_version_of_the_same_package(self, monkeypatch: pytest.MonkeyPatch):
        """Both generations of Mem0 have one name."""
        monkeypatch.setattr(adds, "find_spec", lambda _: object())
        monkeypatch.setattr(metadata, "version", lambda _: "2.2.1")
        with pytest.raises(ConfigError, match=r"needs mem0ai 1\.x, not 2\.2\.1"):
            adds.require("mem0+", "mem0ai==1.0.11", "mem0", package="mem0ai", major=1)

    @pytest.mark.parametrize("name", ["zep", "openai"])
    def test_result_files(self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Services are not run, and it says so."""
        monkeypatch.chdir(tmp_path)
        with (
            StubServer() as stub,
            pytest.raises(ConfigError, match=f"only reads its results. Put {hosted.FILES[name]}"),
        ):
            registry.entry(name).make(parts(tmp_path, stub, []))


class TestHosted:
    """Answers of services come from files with the framework's keys."""

    def write(self, folder: Path, questions: tuple[Question, ...]) -> None:
        entries = [
            {"question": q.text, "response": f"to {q.id}", "context": "c", "search_time": 0.5} for q in questions
        ]
        (folder / "results").mkdir()
        (folder / "results" / "zep_search_results.json").write_text(json.dumps({"0": entries}), encoding="utf-8")

    def made(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Technique:
        monkeypatch.chdir(folder)
        with StubServer() as stub:
            return registry.entry("zep").make(parts(folder, stub, []))

    def test_a_question_has_the_answer_of_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talks: Dataset
    ):
        """With its context and its time, in milliseconds."""
        conversation = talks.conversations[0]
        self.write(tmp_path, conversation.questions)
        technique = self.made(tmp_path, monkeypatch)
        technique.ingest(conversation)
        question = conversation.questions[1]
        found = technique.context(question)

        assert (f"to {question.id}", "c", {"search": 500.0}) == (found.response, found.text, dict(found.milliseconds))

    def test_a_file_of_other_data_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, talks: Dataset):
        """It names a question that is missing."""
        conversation = talks.conversations[0]
        self.write(tmp_path, conversation.questions[1:])
        with pytest.raises(InputError, match="has no answer to"):
            self.made(tmp_path, monkeypatch).ingest(conversation)


def installed(name: str) -> bool:
    package, major = NAMES[name]
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package).startswith(major)
    return False


def opened(name: str, given: Parts) -> Technique:
    if not installed(name):
        pytest.skip(f"needs {NAMES[name][0]}, in an environment of its own")
    return registry.entry(name).make(given)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ON_NEO4J])
def test_a_peer_remembers_a_conversation(name: str, tmp_path: Path, talks: Dataset):
    """It ingests, finds, and a resumed run pays for nothing again."""
    check(name, tmp_path, talks.conversations[0], {})


@pytest.mark.parametrize("name", ON_NEO4J)
def test_a_peer_with_a_graph_remembers_a_conversation(
    name: str, tmp_path: Path, talks: Dataset, request: pytest.FixtureRequest
):
    """The same, on Neo4j."""
    if not installed(name):
        pytest.skip(f"needs {NAMES[name][0]}, in an environment of its own")
    check(name, tmp_path, talks.conversations[0], {"neo4j_url": request.getfixturevalue("neo4j_url")})


def check(name: str, folder: Path, conversation: Conversation, settings: dict[str, str]) -> None:
    """One conversation through a real package, twice; every call of its clients is booked."""
    spent: list[Spent] = []
    with StubServer(chat=peer_model.chat) as stub:
        given = parts(folder, stub, spent, batch=1)
        given = replace(given, settings=given.settings.override(**settings))
        first = opened(name, given)
        kept = first.ingest(conversation)
        asked = conversation.questions[0].model_copy(update={"text": next(conversation.turns).text})
        found = first.context(asked)
        first.close()
        paid = len([one for one in spent if one.stage == "ingest"])
        again = opened(name, given)
        assert kept == again.ingest(conversation)
        again.close()

        assert stub.seen.chat_calls == sum(one.calls for one in spent)
    assert paid == len([one for one in spent if one.stage == "ingest"]) > 0
    assert kept.items > 0
    assert found.text
    assert {turn.id for turn in conversation.turns} >= {turn for place in found.found for turn in place.sources}
    assert bool(found.relations) == (name == "mem0+")


@pytest.mark.parametrize("name", ON_NEO4J)
def test_a_graph_server_that_is_down_is_one_clear_error(name: str, tmp_path: Path):
    """It names the settings."""
    with StubServer() as stub:
        given = parts(tmp_path, stub, [])
        given = replace(given, settings=given.settings.override(neo4j_url="bolt://127.0.0.1:1"))
        with pytest.raises(StoreUnavailable, match="GRAPHMEM_NEO4J_URL"):
            opened(name, given)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ON_NEO4J])
def test_a_model_that_fails_leaves_the_add_to_the_next_run(name: str, tmp_path: Path, talks: Dataset):
    """What was added before is not paid for again."""
    conversation = talks.conversations[0]
    with StubServer(chat=peer_model.chat) as stub:
        spent: list[Spent] = []
        first = opened(name, parts(tmp_path, stub, spent, batch=1))
        stub.faults.extend([Answer(status=500, headers={"retry-after-ms": "1"})] * 5)
        with pytest.raises((ModelUnavailable, GraphMemError)):
            first.ingest(conversation)
        first.close()
        again = opened(name, parts(tmp_path, stub, spent, batch=1))
        assert again.ingest(conversation).items > 0
        again.close()
