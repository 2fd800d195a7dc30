"""Options that many commands share, in groups that `command` adds to them."""

from __future__ import annotations

import inspect
from enum import StrEnum
from typing import Annotated, Any, TypedDict

import typer


class Output(StrEnum):
    """How a result is printed."""

    text = "text"
    table = "table"
    json = "json"


class ScopeLabels(TypedDict, total=False):
    """Scope labels as the methods of Memory take them."""

    user_id: str
    agent_id: str
    app_id: str
    run_id: str


class Moments(TypedDict, total=False):
    """The moments that a read asks about."""

    as_of: str
    known_at: str


_WHOSE, _WHEN, _WHICH, _ALL = "Whose memory", "When", "Which", "Everywhere"


def _option(kind: Any, default: Any, *names: str, **more: Any) -> inspect.Parameter:
    name = names[0].removeprefix("--").replace("-", "_")
    option = typer.Option(*names, show_default=False, **more)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


TEXT = str | None
SCOPE = (
    _option(TEXT, None, "--user-id", "--user", "-u", metavar="NAME", help="The user.", rich_help_panel=_WHOSE),
    _option(TEXT, None, "--agent-id", metavar="NAME", help="The agent.", rich_help_panel=_WHOSE),
    _option(TEXT, None, "--app-id", metavar="NAME", help="The application.", rich_help_panel=_WHOSE),
    _option(TEXT, None, "--run-id", metavar="NAME", help="The conversation.", rich_help_panel=_WHOSE),
)
WHEN = (
    _option(
        TEXT, None, "--as-of", metavar="TIME", help="True at this moment, such as 2024-03-01.", rich_help_panel=_WHEN
    ),
    _option(TEXT, None, "--known-at", metavar="TIME", help="As it was known at this moment.", rich_help_panel=_WHEN),
)
PAST = (_option(bool, False, "--include-past", help="Also what has ended.", rich_help_panel=_WHEN),)
FILTERS = (
    _option(
        list[str] | None,
        None,
        "--filter",
        metavar="KEY=VALUE",
        help="Also != > >= < <= and ~ (contains); repeatable.",
        rich_help_panel=_WHICH,
    ),
    _option(
        TEXT, None, "--filters", metavar="JSON", help="A filter in full, with AND, OR, NOT.", rich_help_panel=_WHICH
    ),
)
OUTPUT = (
    _option(Output, Output.text, "--output", "-o", help="text, table or json.", rich_help_panel=_ALL, metavar="FORM"),
)
GLOBAL = (
    _option(TEXT, None, "--home", metavar="DIR", help="Folder of the stores.", rich_help_panel=_ALL),
    _option(bool, False, "--agent", help="One JSON envelope, for tool loops.", rich_help_panel=_ALL),
    _option(bool, False, "--debug", help="Show the traceback of an error.", rich_help_panel=_ALL),
)
