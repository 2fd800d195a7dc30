"""One gate a provider account: how many requests run at once, and when the next one may start."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import tenacity

from graphmem.errors import ModelUnavailable

T = TypeVar("T")

MAX_PAUSE = 60.0
"""Seconds. A server that asks for a longer wait is reported as unavailable at once."""
PATIENCE = 150.0
"""Seconds after which no further try begins, so that a server that hangs is not waited for five times."""
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0


class Busy(ModelUnavailable):
    """Unavailable now; `retry_after` is the pause in seconds that the server asks for, if it does."""

    def __init__(self, message: str, *, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after = retry_after


class Limiter:
    """Shared by all models of one account. A pause that one request is told to make holds back the others, too."""

    def __init__(
        self,
        concurrency: int = 8,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.concurrency = concurrency
        self._slots = threading.BoundedSemaphore(concurrency)
        self._clock, self._sleep, self._jitter = clock, sleep, jitter
        self._lock = threading.Lock()
        self._open_at = 0.0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Waits for a pause to end, then for a free slot."""
        while (wait := self._remaining()) > 0:
            self._sleep(wait)
        with self._slots:
            yield

    def pause(self, seconds: float) -> None:
        """No request starts for that long; a longer pause that is running stays."""
        with self._lock:
            self._open_at = max(self._open_at, self._clock() + seconds)

    def call(self, request: Callable[[], T], *, tries: int) -> T:
        """The result of `request`, tried again while it raises Busy.

        The waits double from half a second, each cut by up to a half at random so that clients do not come back
        together (exponential back-off with jitter), or are what the server asks for, plus up to a tenth.
        Raises the last Busy after `tries` tries, or at once when the server asks for more than a minute.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(tries) | tenacity.stop_after_delay(PATIENCE),
            wait=self._wait,
            retry=tenacity.retry_if_exception(_worth_waiting),
            sleep=self._sleep,
            reraise=True,
        )
        result: T = retrying(self._in_slot, request)
        return result

    def _in_slot(self, request: Callable[[], T]) -> T:
        with self.slot():
            try:
                return request()
            except Busy as exc:
                if exc.retry_after is not None and _worth_waiting(exc):
                    self.pause(exc.retry_after)
                raise

    def _remaining(self) -> float:
        with self._lock:
            return self._open_at - self._clock()

    def _wait(self, state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.retry_after if isinstance(fault, Busy) else None
        if asked is not None:
            return asked * (1.0 + 0.1 * self._jitter())
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (state.attempt_number - 1))
        return longest * (0.5 + 0.5 * self._jitter())


def _worth_waiting(fault: BaseException) -> bool:
    return isinstance(fault, Busy) and (fault.retry_after is None or fault.retry_after <= MAX_PAUSE)


_limiters: dict[tuple[str, str], Limiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(base_url: str, api_key: str, concurrency: int = 8) -> Limiter:
    """The one limiter of an account. Its concurrency is that of the first caller; the key is kept as a digest only."""
    account = (base_url, hashlib.sha256(api_key.encode("utf-8", "replace")).hexdigest())
    with _limiters_lock:
        return _limiters.setdefault(account, Limiter(concurrency))
