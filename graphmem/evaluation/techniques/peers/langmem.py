"""langmem's memory store manager over LangGraph's store, with the chat model and the embedder of the run.

The store lives in this process; what it holds is written beside it after every add, and read from there when a run is
resumed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from graphmem.evaluation.records import DEPTH, Conversation, Ingested, Question, Retrieved
from graphmem.evaluation.techniques.contract import Parts
from graphmem.evaluation.techniques.peers.adds import Add, Progress, adds, require
from graphmem.evaluation.techniques.peers.gateway import Gateway

INSTALL = "langmem langchain-openai"
NAMESPACE = ("memories",)
PAGE = 1000


class LangMem:
    """langmem's memories of one conversation."""

    def __init__(self, parts: Parts) -> None:
        require("langmem", INSTALL, "langmem", "langchain_openai", "langgraph")
        self._parts = parts
        self._gateway = Gateway(parts)
        self._progress = Progress(parts.folder)
        self._file = parts.folder / "memories.json"
        self._store = self._opened()
        self._manager = self._managing()

    def _opened(self) -> Any:
        from langgraph.store.memory import InMemoryStore

        store = InMemoryStore(index={"dims": self._gateway.dimensions, "embed": self._gateway.vectors})
        if self._file.is_file():
            for key, value in json.loads(self._file.read_text(encoding="utf-8")).items():
                store.put(NAMESPACE, key, value)
        return store

    def _managing(self) -> Any:
        from langchain_openai import ChatOpenAI
        from langmem import create_memory_store_manager
        from pydantic import SecretStr

        model = ChatOpenAI(
            model=self._gateway.model,
            base_url=self._gateway.base_url,
            api_key=SecretStr(self._gateway.key),
            temperature=0,
            max_retries=0,
        )
        return create_memory_store_manager(model, namespace=NAMESPACE, store=self._store)

    def ingest(self, conversation: Conversation) -> Ingested:
        """Add what is not there yet. Raises ModelError when a call failed for good."""
        done = self._progress.done
        for add in adds(conversation, self._parts.options.batch):
            if add.number >= done:
                with self._gateway.serving("ingest", conversation.id):
                    self._add(add)
                self._keep()
                self._progress.finished(add)
        return self._parts.kept(conversation, [_text(value) for value in self._all().values()])

    def context(self, question: Question) -> Retrieved:
        """The nearest memories. They do not say which turns they come from, so no recall is measured."""
        k = self._parts.options.top_k
        began = time.perf_counter()
        with self._gateway.serving("search", question.conversation, question.id):
            found: Sequence[Any] = self._store.search(NAMESPACE, query=question.text, limit=max(DEPTH, k))
        spent = (time.perf_counter() - began) * 1000
        return Retrieved(text="\n".join(_text(item.value) for item in found[:k]), milliseconds={"search": spent})

    def close(self) -> None:
        """Stop serving; the memories are on disk."""
        self._gateway.close()

    def _add(self, add: Add) -> None:
        date = [{"role": "system", "content": f"This conversation took place on {add.at[:10]}."}] if add.at else []
        said = [{"role": "user", "content": line} for line in add.lines]
        self._manager.invoke({"messages": [*date, *said]})

    def _all(self) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        while True:
            page = self._store.search(NAMESPACE, limit=PAGE, offset=len(found))
            found |= {item.key: item.value for item in page}
            if len(page) < PAGE:
                return found

    def _keep(self) -> None:
        self._parts.folder.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(self._all(), ensure_ascii=False), encoding="utf-8")
        beside.replace(self._file)


def _text(value: Mapping[str, Any]) -> str:
    content = value.get("content", value)
    inner = content.get("content", content) if isinstance(content, Mapping) else content
    text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
    return " ".join(text.split())
