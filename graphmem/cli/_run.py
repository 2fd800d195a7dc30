"""The edge: where an error becomes one line (or one JSON envelope) and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import typer

from graphmem.cli._app import build
from graphmem.cli._print import envelope, line, say
from graphmem.cli._session import UsageError
from graphmem.errors import GraphMemError, StoreRefused

# The base of usage errors, whichever copy of click this Typer brings along.
_ClickError = typer.BadParameter.__mro__[2]


INTERRUPTED = 130
STOPPED = "Stopped. What was done so far is kept."


class Problem(NamedTuple):
    """An error as it is told."""

    type: str
    message: str
    advice: str = ""
    code: int = 1


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    commands: Any = typer.main.get_command(build())
    name = next((word for word in arguments if word in commands.commands), "")
    try:
        code = commands(args=list(arguments), prog_name="graphmem", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _unread()
    except SystemExit as ended:
        # Rich and Typer end the process when a write finds nobody reading; completion ends it when it has printed.
        if isinstance(ended.__context__, BrokenPipeError):
            return _unread()
        raise
    except typer.Abort:
        say(STOPPED)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost edge: no traceback reaches a user who did not ask for it
        return _failed(error, name, _options(arguments))
    if code == INTERRUPTED and "--agent" in _options(arguments):
        envelope(name, error={"type": "Interrupted", "message": STOPPED, "advice": ""})
    return code if isinstance(code, int) else 0


def _unread() -> int:
    """Whoever read the output has enough; nothing more is written, the interpreter's last flush included."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return 0


def _options(arguments: Sequence[str]) -> Sequence[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _failed(error: Exception, command: str, options: Sequence[str]) -> int:
    problem = _problem(error, command)
    if not problem.message:
        return problem.code  # no command at all: the help has been shown
    if "--debug" in options and problem.code == 1:
        raise error
    if "--agent" in options:
        told = {"type": problem.type, "message": problem.message, "advice": problem.advice}
        envelope(command, error=told)
    else:
        say(f"error: {_sentence(problem.message)} {line(problem.advice)}".strip())
    return problem.code


def _sentence(text: str) -> str:
    flat = line(text)
    return flat if flat.endswith((".", "!", "?", ")")) else f"{flat}."


def _problem(error: Exception, command: str) -> Problem:
    if isinstance(error, GraphMemError):
        code = 2 if isinstance(error, StoreRefused) else 1
        return Problem(type(error).__name__, error.message, error.advice, code)
    if isinstance(error, UsageError):
        return Problem("UsageError", str(error), f"See: graphmem {command} --help", 2)
    if isinstance(error, _ClickError):
        context = getattr(error, "ctx", None)
        path = context.command_path if context else f"graphmem {command}".strip()
        return Problem("UsageError", str(getattr(error, "format_message", lambda: error)()), f"See: {path} --help", 2)
    if isinstance(error, OSError):
        return Problem(type(error).__name__, f"{error.filename or 'input or output'}: {error.strerror or error}.")
    return Problem(type(error).__name__, f"{type(error).__name__}: {error}", "This is a bug; --debug shows where.")
