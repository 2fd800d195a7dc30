"""Children of a process that has imported everything and opened nothing: starting one costs milliseconds."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

Say = Callable[[Any], None]

SECONDS = 300
"""A child that takes longer hangs."""


class Ended(NamedTuple):
    """What a child said, and how it ended."""

    said: list[Any]
    killed: bool
    problem: str
    """Of a child that ended with an error of its own."""
    seconds: float


def run(work: Callable[[Say], None], *, kill_after: float | None = None, seconds: int = SECONDS) -> Ended:
    """Run `work(say)` in a child; `say` sends a JSON value that is on its way before it returns.

    `kill_after`: seconds after which the child is killed. `seconds`: after which it counts as hanging, 0 for never.
    """
    begun = time.perf_counter()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        # pytest-timeout has a handler, which would wait for what hangs.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        _be(work, writer)
    os.close(writer)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reader, encoding="utf-8") as pipe:
        lines = [json.loads(line) for line in pipe if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    problems = [line["problem"] for line in lines if isinstance(line, dict) and "problem" in line]
    said = [line for line in lines if not (isinstance(line, dict) and "problem" in line)]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status and not problems:
        hung = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM
        problems = [f"the child was not done after {seconds} s" if hung else f"the child ended with status {status}"]
    return Ended(said, killed, "\n".join(problems), time.perf_counter() - begun)


def _be(work: Callable[[Say], None], writer: int) -> None:
    def say(value: Any) -> None:
        os.write(writer, json.dumps(value).encode() + b"\n")

    status = 1
    try:
        work(say)
        status = 0
    except BaseException:  # whatever it is, the parent must hear of it and nothing of the parent's may run here
        say({"problem": traceback.format_exc()[-3000:]})
    finally:
        sys.stdout.flush()
        os._exit(status)


def die() -> None:
    """As `kill -9` would have it: nothing is flushed, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)
