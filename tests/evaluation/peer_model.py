"""A stand-in for a chat model that the packages of all peers can work with: it answers each of their prompts in form.

What it remembers is what was said: every turn is a fact, its speaker and the capitalised words in it are entities, and
the speaker mentions the others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.stub_server import Answer

Line = tuple[str, str]
_LINE = re.compile(r"^(?:user: )?(?P<speaker>[A-Z][\w ]{0,30}): (?P<text>.+)$", re.MULTILINE)
_NEW = (
    re.compile(r"## New Messages\n(.*?)\n## ", re.DOTALL),
    re.compile(r"<CURRENT[ _]MESSAGES?>(.*?)</CURRENT[ _]MESSAGES?>", re.DOTALL),
    re.compile(r"Text: (.*)", re.DOTALL),
)
_OWN = re.compile(r"^m(\d+) \[[^\]]+\] ([^:(]+?)(?: \(\w+\))?: (.+)$", re.MULTILINE)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_ENTITY = re.compile(r"<ENTITIES>(.*?)</ENTITIES>", re.DOTALL)


def chat(body: Mapping[str, Any]) -> str | Answer:
    """The answer to a request of Mem0 1.x, Mem0 2.x, Graphiti, langmem or graphmem; "Turku" to a question."""
    prompt = "\n".join(str(message["content"]) for message in body["messages"])
    lines = said(str(body["messages"][-1]["content"]))
    if tools := [tool["function"]["name"] for tool in body.get("tools") or ()]:
        return _called(tools, lines, str(body["messages"][-1]["content"]))
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        return json.dumps(_structured(form["json_schema"], prompt, lines))
    if "smart memory manager" in prompt:
        return json.dumps({"memory": _updates(prompt)})
    if form.get("type") == "json_object":
        return json.dumps({"memory": _numbered(facts(lines)), "facts": facts(lines)})
    return "Turku"


def said(message: str) -> list[Line]:
    """(speaker, text) of the turns that are new in the last message of a prompt."""
    part = next((found[1] for pattern in _NEW if (found := pattern.search(message))), message)
    return [(m["speaker"].removeprefix("user: "), m["text"].strip()) for m in _LINE.finditer(part)]


def facts(lines: list[Line]) -> list[str]:
    """One a turn."""
    return [f"{speaker} said: {text}" for speaker, text in lines]


def names(line: Line) -> list[str]:
    """What a turn names beside its speaker."""
    return [name for name in dict.fromkeys(_NAME.findall(line[1])) if name != line[0]]


def _numbered(texts: list[str]) -> list[dict[str, Any]]:
    return [{"id": str(place), "text": text, "attributed_to": "user"} for place, text in enumerate(texts)]


def _updates(prompt: str) -> list[dict[str, Any]]:
    """Mem0 1.x asks what to do with new facts: all of them are added."""
    found = re.search(r"new retrieved facts.*?```(.*?)```", prompt, re.DOTALL)
    listed = re.findall(r"'((?:[^'\\]|\\.)+)'|\"((?:[^\"\\]|\\.)+)\"", found[1]) if found else []
    texts = [a or b for a, b in listed]
    return [{"id": str(900 + place), "text": text, "event": "ADD"} for place, text in enumerate(texts)]


def _called(tools: list[str], lines: list[Line], message: str) -> Answer:
    pairs = [(line[0], name) for line in lines for name in names(line)]
    everybody = dict.fromkeys([*(line[0] for line in lines), *(name for _, name in pairs)] or _NAME.findall(message))
    made: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
        "extract_entities": lambda: [{"entities": [{"entity": n, "entity_type": "person"} for n in everybody]}],
        "establish_relationships": lambda: [
            {"entities": [{"source": a, "relationship": "mentions", "destination": b} for a, b in pairs]}
        ],
        "Memory": lambda: [{"content": text} for text in facts(lines)],
    }
    tool = next((name for name in tools if name in made), "")
    calls = made[tool]() if tool else []
    if not calls:
        return Answer(text="Nothing.")
    function = [
        {"id": f"call-{n}", "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
        for n, given in enumerate(calls)
    ]
    return Answer(text=None, finish_reason="tool_calls", message={"tool_calls": function})


def _structured(schema: Mapping[str, Any], prompt: str, lines: list[Line]) -> dict[str, Any]:
    """Graphiti's forms; one that is not known is filled in with as little as it takes."""
    if schema["name"] == "memory":
        return _remembered(prompt)
    everybody = dict.fromkeys([*(line[0] for line in lines), *(n for line in lines for n in names(line))])
    if schema["name"] == "ExtractedEntities":
        return {"extracted_entities": [{"name": name, "entity_type_id": 0} for name in everybody]}
    if schema["name"] == "ExtractedEdges":
        return {
            "edges": [
                {"source_entity_name": line[0], "target_entity_name": name, "relation_type": "MENTIONS", "fact": text}
                for line, text in zip(lines, facts(lines), strict=True)
                for name in names(line)
            ]
        }
    if schema["name"] == "NodeResolutions":
        listed = re.findall(r'"id": (\d+),\s*"name": "([^"]+)"', prompt)
        return {"entity_resolutions": [{"id": int(i), "name": n, "duplicate_candidate_id": -1} for i, n in listed]}
    return dict(minimal(schema["schema"], schema["schema"].get("$defs", {})))


def _remembered(prompt: str) -> dict[str, Any]:
    """What graphmem's own prompt asks for."""
    told = [(int(n), (speaker, text)) for n, speaker, text in _OWN.findall(prompt.partition("Messages:\n")[2])]
    return {
        "entities": [],
        "facts": [
            {
                "text": facts([line])[0],
                "message": f"m{number}",
                "quote": line[1],
                "subject": line[0],
                "relations": [[line[0], "mentions", name] for name in names(line)],
            }
            for number, line in told
        ],
    }


def minimal(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """The smallest value that a JSON schema takes."""
    if "$ref" in schema:
        return minimal(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    kind = schema.get("type")
    if kind == "object":
        wanted = schema.get("required", ())
        return {key: minimal(schema["properties"][key], definitions) for key in wanted}
    return {"array": [], "string": "", "integer": 0, "number": 0, "boolean": False}.get(str(kind))
