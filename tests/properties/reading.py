"""The extractor of the state machine: every "Dana lives_in Oslo" is a fact with its relation."""

from __future__ import annotations

import re

from graphmem.errors import ModelUnavailable
from graphmem.models.contracts import ExtractionRequest
from graphmem.values import Draft, EntityDraft, FactDraft, RelationDraft

STATEMENT = re.compile(r"([A-Z]\w*) (lives_in|knows) ([A-Z]\w*)")


def read(request: ExtractionRequest) -> Draft:
    """Facts of all messages; one that asks for trouble gets it."""
    if any("AWAY" in message.content for message in request.messages):
        raise ModelUnavailable("The model is away.", advice="Try again.")
    return Draft(
        facts=tuple(
            FactDraft(
                text=f"{found[0]}.", message=index, quote=found[0], subject=found[1],
                entities=(EntityDraft(name=found[1], type="Person"), EntityDraft(name=found[3])),
                relations=(RelationDraft(source=found[1], type=found[2], target=found[3]),),
            )
            for index, message in enumerate(request.messages)
            for found in STATEMENT.finditer(message.content)
        )
    )  # fmt: skip
