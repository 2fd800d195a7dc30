"""Replies of models as they come: classes of faults, each with what the reader must make of them.

The outcome of a case is how many of the two good facts survive, or None when the whole reply must be refused with a
ModelReplyError. `repairable` says that nothing in the fault justifies losing a fact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

MESSAGES = (
    "I moved to Lisbon last month, and I work at Acme now. My sister Bea “never” liked it — she said so!",
    "Bea has two dogs, Rex and Luna. We used to live in Rome.",
)

LISBON = {
    "message": "m1",
    "quote": "I moved to Lisbon last month",
    "text": "Ann moved to Lisbon in April 2024.",
    "kind": "episodic",
    "modality": "asserted",
    "correction": False,
    "valid_from": "2024-04",
    "valid_to": "",
    "subject": "Ann",
    "relations": [["Ann", "lives_in", "Lisbon"]],
}
DOGS = {
    "message": "m2",
    "quote": "Bea has two dogs, Rex and Luna.",
    "text": "Bea has two dogs called Rex and Luna.",
    "kind": "semantic",
    "modality": "asserted",
    "correction": False,
    "valid_from": "",
    "valid_to": "",
    "subject": "Bea",
    "relations": [["Bea", "owns", "Rex"], ["Bea", "owns", "Luna"]],
}
ENTITIES = [
    {"name": "Ann", "type": "Person"},
    {"name": "Bea", "type": "Person"},
    {"name": "Lisbon", "type": "Place"},
    {"name": "Rex", "type": "Animal"},
    {"name": "Luna", "type": "Animal"},
]
GOOD = {"entities": ENTITIES, "facts": [LISBON, DOGS]}
TEXT = json.dumps(GOOD, ensure_ascii=False)


class Case(NamedTuple):
    """One reply."""

    kind: str
    reply: str
    facts: int | None
    repairable: bool = False


def fact(**changes: Any) -> str:
    """The good reply with the first fact changed; a value of `...` takes the key away."""
    changed = {key: value for key, value in {**LISBON, **changes}.items() if value is not ...}
    return json.dumps({"entities": ENTITIES, "facts": [changed, DOGS]}, ensure_ascii=False)


def cases() -> tuple[Case, ...]:
    """All of them."""
    return tuple(
        case
        for part in (_wrapped(), _syntax(), _shapes(), _refused(), _quotes(), _indices(), _values(), _relations())
        for case in part
    )


def _wrapped() -> Iterator[Case]:
    pretty = json.dumps(GOOD, indent=2)
    for kind, reply in (
        ("plain", TEXT),
        ("plain", pretty),
        ("fence", f"```json\n{TEXT}\n```"),
        ("fence", f"```\n{pretty}\n```"),
        ("fence", f"```JSON\n{TEXT}```\nThat is all."),
        ("fence never closed", f"```json\n{TEXT}\n"),
        ("prose around", f"Sure! Here are the facts [as asked] in {{JSON}}:\n\n{TEXT}\n\nLet me know!"),
        ("prose around", f"[1] The first step is done.\n{TEXT}"),
        ("thinking", f'<think>The user {{moved}}. ["draft"]</think>\n{TEXT}'),
        ("thinking", f"<thinking>hm</thinking>{TEXT}"),
        ("thinking", f"no opening tag, but it ends here </think>\n```json\n{TEXT}\n```"),
        ("draft first", f'{{"entities": [], "facts": []}}\nOn second thought:\n{TEXT}'),
        ("byte order mark", f"\ufeff{TEXT}"),
        ("NUL bytes", TEXT.replace("moved", "mo\x00ved")),
        ("line ends", TEXT.replace(", ", ",\r\n")),
        ("tool call", json.dumps({"name": "memory", "arguments": GOOD})),
        ("tool call", json.dumps({"name": "memory", "arguments": TEXT})),
        ("tool call", json.dumps({"tool_calls": [{"function": {"name": "memory", "arguments": TEXT}}]})),
        ("wrapper", json.dumps({"memory": GOOD})),
        ("wrapper", json.dumps({"response": {"data": GOOD}})),
        ("wrapper", json.dumps([GOOD])),
        ("fence in a fact", fact(text="Ann moved to Lisbon and writes ```python``` there.")),
    ):
        yield Case(kind, reply, 2, repairable=True)


def _syntax() -> Iterator[Case]:
    for kind, reply in (
        ("trailing comma", TEXT[:-2] + ",]}"),
        ("trailing comma", TEXT.replace("}]}", "},]}")),
        ("last bracket missing", TEXT[:-1]),
        ("single quotes", str(GOOD).replace("“never”", "never")),
        ("Python literals", TEXT.replace("false", "False")),
        ("unquoted keys", TEXT.replace('"facts":', "facts:").replace('"entities":', "entities:")),
        ("comment", TEXT.replace('"facts":', '/* the facts */ "facts":')),
        ("comment", TEXT.replace('"facts":', '\n// the facts\n"facts":')),
        ("duplicate keys", TEXT.replace('"kind": "episodic"', '"kind": "semantic", "kind": "episodic"')),
        ("NaN", TEXT.replace('"correction": false', '"correction": NaN')),
        ("raw line end in a string", TEXT.replace("in April 2024.", "in\nApril 2024.")),
        ("missing comma", TEXT.replace('"kind": "episodic", ', '"kind": "episodic" ')),
        ("curly quotes", TEXT.replace('"facts"', "“facts”")),
    ):
        yield Case(kind, reply, 2, repairable=True)


def _shapes() -> Iterator[Case]:
    for kind, value in (
        ("list in place of object", [LISBON, DOGS]),
        ("object in place of list", {"facts": {"f1": LISBON, "f2": DOGS}, "entities": ENTITIES}),
        ("object in place of list", {"facts": [LISBON, DOGS], "entities": {"Ann": "Person", "Bea": "Person"}}),
        ("renamed keys", {"memories": [_renamed(LISBON), _renamed(DOGS)], "nodes": ENTITIES}),
        ("renamed keys", {"Facts": [LISBON, DOGS], "Entities": ENTITIES}),
        ("no entities", {"facts": [LISBON, DOGS]}),
        ("entities as names", {"facts": [LISBON, DOGS], "entities": ["Ann", "Bea", "Lisbon", "Rex", "Luna"]}),
        ("entities are null", {"facts": [LISBON, DOGS], "entities": None}),
        ("extra keys", {**GOOD, "note": "hi", "facts": [{**LISBON, "confidence": 0.9}, {**DOGS, "x": None}]}),
    ):
        yield Case(kind, json.dumps(value, ensure_ascii=False), 2, repairable=True)
    yield Case("one object a line", f"{json.dumps(LISBON)}\n{json.dumps(DOGS)}", 2, repairable=True)
    yield Case("one fact without a list", json.dumps({"facts": DOGS, "entities": ENTITIES}), 1, repairable=True)
    yield Case("nothing to say", '{"entities": [], "facts": []}', 0)
    yield Case("nothing to say", "[]", 0)
    yield Case("items of the wrong type", json.dumps({"facts": [LISBON, None, 7, [], {}, DOGS]}), 2)
    yield Case("facts as strings", json.dumps({"facts": ["Ann moved to Lisbon."]}), 0)


def _renamed(item: dict[str, Any]) -> dict[str, Any]:
    names = {"text": "fact", "message": "message_id", "quote": "evidence", "relations": "triples"}
    renamed = {names.get(key, key): value for key, value in item.items()}
    triples = [{"head": s, "predicate": p, "tail": o} for s, p, o in item["relations"]]
    return {**renamed, "triples": triples}


def _refused() -> Iterator[Case]:
    schema = {"type": "object", "properties": {"facts": {"type": "array"}}, "required": ["facts"]}
    for kind, reply in (
        ("empty", ""),
        ("empty", " \n\t "),
        ("empty", "\x00"),
        ("empty", "<think>only thinking</think>"),
        ("refusal", "I'm sorry, but I can't help with that."),
        ("prose", "Ann moved to Lisbon and works at Acme."),
        ("HTML", "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        ("schema echo", json.dumps(schema)),
        ("schema echo", json.dumps({"$schema": "x", **schema})),
        ("scalar", "42"),
        ("scalar", '"facts"'),
        ("null", "null"),
        ("wrong object", '{"error": "overloaded"}'),
        ("wrong object", "{}"),
        ("facts are null", '{"facts": null}'),
        ("facts are text", '{"facts": "Ann moved to Lisbon"}'),
        ("wrong list", "[1, 2, 3]"),
        ("deep nesting", "[" * 10_000 + "]" * 10_000),
        ("deep nesting", '{"facts":' * 10_000),
        ("endless", '{"facts": [' + '"x",' * 1_100_000),
        ("repetition", "{" * 5000),
        ("cut off", TEXT[: len(TEXT) // 2]),
        ("cut off", f"```json\n{TEXT[:-40]}"),
        ("cut off", TEXT[: TEXT.index("Rex and Luna.")]),
        ("cut off inside thinking", "<think>The user says that"),
    ):
        yield Case(kind, reply, None)


def _quotes() -> Iterator[Case]:
    for kind, quote in (
        ("quote in other case", "i MOVED to lisbon"),
        ("quote with other spaces", "I  moved\nto Lisbon"),
        ("quote in quotation marks", '"I moved to Lisbon last month."'),
        ("quote with other marks", 'My sister Bea "never" liked it - she said so'),
        ("quote with an ellipsis", "I moved to Lisbon ... I work at Acme now"),
        ("quote with an ellipsis", "I moved to Lisbon…"),
        ("quote in full-width letters", "Ｉ moved to Lisbon"),
    ):
        yield Case(kind, fact(quote=quote), 2, repairable=True)
    for kind, quote in (
        ("invented quote", "I moved to Madrid"),
        ("quote in pieces out of order", "I work at Acme now ... I moved to Lisbon"),
        ("quote of half a word", "oved to Lis"),
        ("empty quote", ""),
        ("empty quote", "…"),
        ("no quote", ...),
        ("quote of the wrong type", 7),
        ("quote of the wrong type", {"text": "x"}),
    ):
        yield Case(kind, fact(quote=quote), 1)


def _indices() -> Iterator[Case]:
    for kind, message in (
        ("index as number", 1),
        ("index as number", 1.0),
        ("index as digits", "1"),
        ("index in words", "Message 1"),
        ("index in a list", ["m1"]),
        ("index missing", ...),
        ("index of another message", "m2"),
        ("invented index", "m99"),
        ("negative index", -1),
        ("zero index", "m0"),
        ("index is a database id", "3f1c9a52-1111-4222-8333-abcdefabcdef"),
        ("index is null", None),
        ("index is true", True),
        ("huge index", "m" + "9" * 400),
    ):
        yield Case(kind, fact(message=message), 2, repairable=True)


def _values() -> Iterator[Case]:
    for kind, changes in (
        ("unknown kind", {"kind": "gossip"}),
        ("kind of the wrong type", {"kind": 3}),
        ("unknown modality", {"modality": ["asserted"]}),
        ("correction as text", {"correction": "yes"}),
        ("date in words", {"valid_from": "last month"}),
        ("impossible date", {"valid_from": "2024-13-45"}),
        ("date of the wrong type", {"valid_from": {"year": 2024}}),
        ("year as number", {"valid_from": 2024}),
        ("date beyond the calendar", {"valid_to": "9999-12-31"}),
        ("ends before it begins", {"valid_from": "2024-05", "valid_to": "2023"}),
        ("subject of the wrong type", {"subject": 5}),
        ("invented subject", {"subject": "Zoltan the Unheard"}),
        ("subject missing", {"subject": ...}),
        ("text in another script", {"text": "安は2024年4月にリスボンへ引っ越した。"}),
        ("lone surrogate", {"text": "Ann moved \ud83d to Lisbon"}),
        ("control characters", {"text": "Ann\u0007 moved\x1b[31m to Lisbon"}),
    ):
        yield Case(kind, json.dumps({"entities": ENTITIES, "facts": [_with(changes), DOGS]}), 2, repairable=True)
    for kind, text in (
        ("text missing", ...),
        ("empty text", "  "),
        ("text without a word", "…!?"),
        ("text of the wrong type", 12),
        ("text of the wrong type", ["Ann", "moved"]),
        ("text without end", "Ann " * 3000),
    ):
        yield Case(kind, json.dumps({"entities": ENTITIES, "facts": [_with({"text": text}), DOGS]}), 1)
    yield Case("the same fact again", json.dumps({"facts": [LISBON, LISBON, DOGS, DOGS], "entities": ENTITIES}), 2)


def _with(changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**LISBON, **changes}.items() if value is not ...}


def _relations() -> Iterator[Case]:
    for kind, relations in (
        ("relations missing", ...),
        ("relations are null", None),
        ("relations as text", "Ann lives in Lisbon"),
        ("one relation without a list", ["Ann", "lives_in", "Lisbon"]),
        ("relation as object", [{"source": "Ann", "type": "lives_in", "target": "Lisbon"}]),
        ("relation as text", ["Ann | lives_in | Lisbon"]),
        ("relation to itself", [["Ann", "is", "Ann"]]),
        ("relation of two parts", [["Ann", "Lisbon"]]),
        ("relation of four parts", [["Ann", "lives", "in", "Lisbon"]]),
        ("relation with an invented end", [["Ann", "knows", "Zoltan"], ["Ann", "lives_in", "Lisbon"]]),
        ("relation with an invented index", [["e1", "lives_in", "e77"]]),
        ("relation with empty parts", [["", "", ""], [None, None, None]]),
        ("hostile relation type", [["Ann", "x` {n:1})-[:Y]->() DETACH DELETE n //", "Lisbon"]]),
        ("relation type of symbols", [["Ann", "❤", "Lisbon"]]),
        ("nested relation", [[["Ann", "lives_in", "Lisbon"]]]),
    ):
        yield Case(kind, fact(relations=relations), 2, repairable=True)
