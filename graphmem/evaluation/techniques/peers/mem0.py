"""mem0ai 2.x as it is published: its default vector store, its own prompts, the chat model and the embedder of the run.

Every message comes as a user's, with the speaker's name before it: there is no field for a name, and 1.x reads facts
from users' messages alone. The date of a session goes into the metadata of what is added, and from there into the
context; Mem0 itself takes the day of the run for that of the conversation. With one turn an add (`--batch 1`) the
metadata says which turn a memory comes from, and recall is measured.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from graphmem.evaluation.records import DEPTH, Conversation, Found, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.peers.adds import Add, Progress, adds, require
from graphmem.evaluation.techniques.peers.gateway import Gateway
from graphmem.evaluation.techniques.units import shown
from graphmem.settings import set_variables

INSTALL = "'mem0ai[nlp,extras]>=2,<3'"
MOST = 100_000
"""Memories that are read to count them."""


def configuration(parts: Parts, gateway: Gateway) -> dict[str, Any]:
    """What both versions of Mem0 are told: where the models are, and that everything lives in the run's folder."""
    server = {"api_key": gateway.key, "openai_base_url": gateway.base_url}
    return {
        "vector_store": {
            "provider": "qdrant",
            "config": {
                "collection_name": "mem0",
                "path": str(parts.folder / "qdrant"),
                "on_disk": True,
                "embedding_model_dims": gateway.dimensions,
            },
        },
        "llm": {"provider": "openai", "config": {"model": gateway.model, **server}},
        "embedder": {
            "provider": "openai",
            "config": {"model": gateway.embedding_model, "embedding_dims": gateway.dimensions, **server},
        },
        "history_db_path": str(parts.folder / "history.db"),
    }


def prepare(parts: Parts) -> None:
    """Before Mem0 is imported: it sends nothing home, and writes nothing outside the run."""
    parts.folder.mkdir(parents=True, exist_ok=True)
    set_variables(MEM0_TELEMETRY="False", MEM0_DIR=str(parts.folder.parent / "mem0"))


class Mem0:
    """Mem0's memory of one conversation."""

    def __init__(self, parts: Parts) -> None:
        require("mem0", INSTALL, "mem0", package="mem0ai", major=2)
        prepare(parts)
        self._parts = parts
        self._gateway = Gateway(parts)
        self._progress = Progress(parts.folder)
        self._user = ""
        self._memory = self._opened()

    def _opened(self) -> Any:
        from mem0 import Memory

        return Memory.from_config(configuration(self._parts, self._gateway))

    def ingest(self, conversation: Conversation) -> Ingested:
        """Add what is not there yet. Raises ModelError when a call failed for good."""
        self._user = conversation.id
        done = self._progress.done
        for add in adds(conversation, self._parts.options.batch):
            if add.number >= done:
                with self._gateway.serving("ingest", conversation.id):
                    self._add(add)
                self._progress.finished(add)
        return self._parts.kept(conversation, self._texts())

    def context(self, question: Question) -> Retrieved:
        """The memories that Mem0 finds."""
        k = self._parts.options.top_k
        began = time.perf_counter()
        with self._gateway.serving("search", question.conversation, question.id):
            found = self._search(question.text, max(DEPTH, k))
        spent = (time.perf_counter() - began) * 1000
        results = found.get("results", ())
        places = _places(results) if self._parts.options.batch == 1 else ()
        return Retrieved(
            text="\n".join(_line(item) for item in results[:k]),
            found=places,
            shown=shown(place.sources for place in places[:k]),
            relations=_relations(found),
            milliseconds={"search": spent},
        )

    def close(self) -> None:
        """Let go of its stores."""
        for part in (self._memory.vector_store.client, self._memory):
            if hasattr(part, "close"):
                part.close()
        self._gateway.close()

    def _add(self, add: Add) -> None:
        said = [{"role": "user", "content": line} for line in add.lines]
        self._memory.add(said, user_id=self._user, metadata=marks(add))

    def _search(self, text: str, k: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._memory.search(text, filters={"user_id": self._user}, top_k=k)
        return found

    def _all(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._memory.get_all(filters={"user_id": self._user}, top_k=MOST)
        return found

    def _texts(self) -> list[str]:
        """Everything that it keeps: memories, and with a graph its edges."""
        found = self._all()
        return [str(item["memory"]) for item in found.get("results", ())] + [" ".join(r) for r in _relations(found)]


def marks(add: Add) -> dict[str, str]:
    """The metadata of an add: its date, and its turn where it has but one."""
    return {"timestamp": add.at, **({"turn": add.turns[0].id} if len(add.turns) == 1 else {})}


def _places(results: Sequence[Mapping[str, Any]]) -> tuple[Found, ...]:
    return tuple(
        Found(
            id=str(item["id"]),
            sources=tuple(filter(None, ((item.get("metadata") or {}).get("turn"),))),
            kind="fact",
            score=round(float(item.get("score") or 0.0), 4),
        )
        for item in results
    )


def _line(item: Mapping[str, Any]) -> str:
    at = str((item.get("metadata") or {}).get("timestamp") or "")
    text = " ".join(str(item["memory"]).split())
    return f"{at[:10]} | {text}" if at else text


def _relations(found: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    listed: Sequence[Mapping[str, Any]] = found.get("relations") or ()
    return tuple(
        (str(r["source"]), str(r["relationship"]), str(r.get("destination", r.get("target", "")))) for r in listed
    )
