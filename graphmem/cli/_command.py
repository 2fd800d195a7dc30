"""The decorator that turns a function of a Session into a command."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import typer

from graphmem.cli import _options
from graphmem.cli._session import Session

Body = Callable[..., None]


def command(
    app: typer.Typer,
    name: str,
    *,
    panel: str | None = None,
    scope: bool = False,
    when: bool = False,
    past: bool = False,
    filters: bool = False,
) -> Callable[[Body], Body]:
    """Register `body(session, ...)` under `name`, with the options of the groups asked for beside its own.

    The values of those options do not reach the body as arguments; they are in the session.
    """
    asked = (scope, when, past, filters)
    groups = (_options.SCOPE, _options.WHEN, _options.PAST, _options.FILTERS)
    shared = tuple(p for wanted, group in zip(asked, groups, strict=True) if wanted for p in group)
    shared += _options.OUTPUT + _options.GLOBAL

    def decorate(body: Body) -> Body:
        own = list(inspect.signature(body, eval_str=True).parameters.values())[1:]
        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]

        @functools.wraps(body)
        def wrapper(context: typer.Context, **values: Any) -> None:
            options = {p.name: values.pop(p.name) for p in shared}
            body(Session.of(name, options, context.obj or {}), **values)

        first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        parameters = [first, *own, *shared]
        wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(name.rsplit(" ", 1)[-1], rich_help_panel=panel)(wrapper)
        return body

    return decorate
