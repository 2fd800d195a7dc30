"""A secret that was never written need not be erased."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphmem import Memory
from graphmem.steps.redaction import Redactor
from tests.operations.conftest import Opener
from tests.operations.secrets import FORMS, HARMLESS, PERSONAL, core
from tests.operations.worlds import bytes_left


@pytest.mark.parametrize("name", FORMS)
def test_a_secret_is_taken_out_and_the_words_around_it_stay(name: str):
    """Every form of secret, in the middle of a sentence."""
    redactor = Redactor("secrets")

    text = redactor.text(f"remember this: {FORMS[name]}, and. Nothing more")

    assert core(FORMS[name]) not in text
    assert text.startswith("remember this: ") and text.endswith(" Nothing more")
    assert 1 == sum(redactor.counts.values())
    assert text == Redactor("secrets").text(text)


@pytest.mark.parametrize("name", PERSONAL)
def test_personal_data_are_taken_out_when_asked(name: str):
    """`all` takes them, `secrets` does not."""
    text = f"write it down, {PERSONAL[name]} it is"

    assert PERSONAL[name] not in Redactor("all").text(text)
    assert text == Redactor("secrets").text(text)


def test_what_is_no_secret_stays():
    """Dates, amounts, versions, addresses and talk about passwords are left alone."""
    assert list(HARMLESS) == [Redactor("all").text(text) for text in HARMLESS]


def test_no_secret_reaches_a_file(opened: Opener, clock: object):
    """Through every field of an add and an update: content, name, metadata, facts, instructions, key."""
    memory = opened(vectors="none")
    forms = list(FORMS.items())
    for start in range(0, len(forms), 13):
        some = forms[start : start + 13]
        memory.add(
            [{"content": f"{n}: {s}", "name": f"Ann {s}"[:200], "metadata": {"note": s, "in": [s]}} for n, s in some],
            user_id="maria",
            facts=[f"the {name} is {secret}" for name, secret in some[::4]],
            instructions=some[0][1],
            idempotency_key=f"key {some[1][1]}"[:900],
            metadata={"seen": dict(some)},
        )
    first = memory.list(user_id="maria").items[0]
    memory.update(first.id, text=f"now {FORMS['github']}", metadata={"token": FORMS["openai"]})

    home = memory._engine.settings.home
    assert {} == bytes_left(home, *(core(secret).encode() for secret in FORMS.values() if len(core(secret)) > 4))
    assert () == memory.verify().differences


def test_the_answer_says_what_was_taken_out(bare: Memory):
    """Kinds and counts, never the secret; a metadata key tells what its value is."""
    added = bare.add(
        f"My key is {FORMS['openai']}, my card {FORMS['visa']}.", user_id="maria", metadata={"password": "swordfish"}
    )

    assert {"openai key": 1, "card number": 1, "password": 1} == added.redacted
    (episode,) = bare.episodes(user_id="maria")
    assert "[redacted:password]" == episode.metadata["password"]
    (said,) = bare._engine.ledger.messages(added.message_ids).values()
    assert "My key is [redacted:openai key], my card [redacted:card number]." == said.content


def test_it_can_be_turned_off(opened: Opener):
    """`redact = none` keeps every word."""
    memory = opened(redact="none", vectors="none")

    added = memory.add(f"My key is {FORMS['openai']}", user_id="maria")

    (said,) = memory._engine.ledger.messages(added.message_ids).values()
    assert f"My key is {FORMS['openai']}" == said.content
    assert {} == added.redacted


def test_ordinary_conversations_lose_nothing(data_path: Path):
    """Long talks about everyday life hold no secret, so none is seen in them."""
    redactor = Redactor("secrets")

    for text in _texts(json.loads((data_path / "locomo" / "locomo_dev.json").read_text(encoding="utf-8"))):
        redactor.text(text)

    assert {} == dict(redactor.counts)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)


@given(st.lists(st.one_of(st.sampled_from([*FORMS.values(), *PERSONAL.values(), *HARMLESS]), st.text(max_size=40))))
def test_redacting_twice_changes_nothing(parts: list[str]):
    """What is left after one pass holds nothing for a second one."""
    once = Redactor("all").text("\n".join(parts))

    assert once == Redactor("all").text(once)
