"""One run of one command: its shared options, its memory, its output."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import typer

from graphmem.cli._options import Moments, Output, ScopeLabels
from graphmem.cli._print import data, envelope, page, print_json
from graphmem.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from graphmem.memory import Memory
    from graphmem.settings import Settings

LABELS: tuple[Literal["user_id", "agent_id", "app_id", "run_id"], ...] = ("user_id", "agent_id", "app_id", "run_id")

_FILTER = re.compile(r"(?P<key>[^=!<>~]+?)\s*(?P<sign>!=|>=|<=|=|>|<|~)\s*(?P<value>.*)", re.DOTALL)
_OPERATORS = {"=": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte", "~": "icontains"}

Shown = Iterable["RenderableType"]


class UsageError(Exception):
    """The command line was not understood; exit code 2."""


@dataclass(frozen=True)
class Session:
    """What the shared options said, and what the command does with it."""

    command: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, command: str, options: Mapping[str, Any], before: Mapping[str, Any]) -> Session:
        """A session; options that stood before the command count where none stands behind it."""
        return cls(command, {**options, **{key: options.get(key) or value for key, value in before.items()}})

    @property
    def output(self) -> Output:
        """The form of the output; `--agent` is JSON."""
        return Output.json if self.agent else Output(self.options["output"])

    @property
    def agent(self) -> bool:
        """Whether a tool loop is reading: no questions are asked, and stdout is one envelope."""
        return bool(self.options["agent"])

    @cached_property
    def settings(self) -> Settings:
        """The settings, with the home of this command."""
        from graphmem.settings import Settings

        return Settings(home=self.options.get("home"))

    @contextmanager
    def memory(self, *, clock: Callable[[], datetime] | None = None, **overrides: Any) -> Iterator[Memory]:
        """The memory that the settings name, some of them overridden; closed at the end."""
        from graphmem.memory import Memory

        with Memory.open(self.settings.override(**overrides), clock=clock) as memory:
            yield memory

    @property
    def scope(self) -> ScopeLabels:
        """The scope of the options, else that of the settings. A usage error when neither names one."""
        labels = self.given_scope or self.default_scope
        if not labels:
            raise UsageError("Whose memory? Give --user NAME, or set GRAPHMEM_USER_ID.")
        return labels

    @property
    def given_scope(self) -> ScopeLabels:
        """The labels on the command line."""
        return scope_labels(self.options)

    @property
    def default_scope(self) -> ScopeLabels:
        """The labels in the settings."""
        return scope_labels({label: getattr(self.settings, label) for label in LABELS})

    @property
    def when(self) -> Moments:
        """The moments asked about, as written."""
        moments = Moments()
        if self.options.get("as_of") is not None:
            moments["as_of"] = self.options["as_of"]
        if self.options.get("known_at") is not None:
            moments["known_at"] = self.options["known_at"]
        return moments

    @property
    def past(self) -> bool:
        """Whether what has ended is asked for."""
        return bool(self.options.get("include_past"))

    @property
    def filters(self) -> dict[str, Any] | None:
        """Both filter options as one filter of the grammar in docs; None when none is given."""
        parts = [_filter(written) for written in self.options.get("filter") or ()]
        if (whole := self.options.get("filters")) is not None:
            parts.append(json_object(whole, "filters"))
        return None if not parts else parts[0] if len(parts) == 1 else {"AND": parts}

    def show(
        self,
        value: object,
        text: Callable[[], Shown],
        table: Callable[[], Shown] | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """Print the outcome in the form asked for; `text` and `table` give what to print, when it is their turn.

        `failed`: the outcome tells of what could not be done, and the exit code is 1.
        """
        if self.agent:
            envelope(self.command, value=value, failed=failed)
        elif self.output is Output.json:
            print_json(data(value))
        elif self.output is Output.table and table is not None:
            page(table(), wrap=True)
        else:
            page(text())
        if failed:
            raise typer.Exit(1)


def scope_labels(given: Mapping[str, str | None]) -> ScopeLabels:
    """The scope labels among these, as the methods of Memory take them."""
    labels = ScopeLabels()
    for label in LABELS:
        if (value := given.get(label)) is not None:
            labels[label] = value
    return labels


def _filter(written: str) -> dict[str, Any]:
    found = _FILTER.fullmatch(written)
    if found is None:
        raise UsageError(f"--filter {written!r} is not KEY=VALUE, such as category=travel or score>=3.")
    try:
        value = json.loads(found["value"])
    except ValueError:
        value = found["value"]
    return {found["key"].strip(): {_OPERATORS[found["sign"]]: value}}


def json_object(written: str, option: str) -> dict[str, Any]:
    """A JSON object from the command line; a usage error when it is none."""
    try:
        value = json.loads(written)
    except ValueError as error:
        raise UsageError(f"--{option} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise UsageError(f'--{option} is not a JSON object, such as {{"category": "travel"}}.')
    return value


def text_argument(given: str | None, what: str) -> str:
    """The text given, or what stdin holds when it is `-`, or absent while something is piped in."""
    if given is not None and given != "-":
        return given
    if given is None and sys.stdin.isatty():
        raise UsageError(f"Missing {what}: write it behind the command, or pipe it in.")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise InputError(what, "what was piped in is not UTF-8 text.", advice="Convert it to UTF-8.") from error
