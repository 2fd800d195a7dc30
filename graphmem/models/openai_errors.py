"""What the `openai` package raises, in this package's own errors. Keys never reach a message."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from graphmem.errors import GraphMemError, ModelRefused, ModelReplyError
from graphmem.models.limiter import Busy
from graphmem.models.providers import Endpoint


class BadRequest(ModelRefused):
    """The server does not accept a part of the request; `text` is what it says."""

    def __init__(self, text: str, *, advice: str = "") -> None:
        super().__init__(f"The server refused the request: {text}.", advice=advice)
        self.text = text

    @property
    def too_long(self) -> bool:
        """The input does not fit the model's context."""
        said = self.text.casefold()
        return any(
            sign in said
            for sign in ("context length", "context_length", "context size", "context window", "maximum context",
                         "too many tokens", "maximum input length", "input is too long", "prompt is too long")
        )  # fmt: skip


@contextmanager
def translated(where: Endpoint, model: str, prefix: str) -> Iterator[None]:
    """Errors of the client become Busy (try again), ModelRefused (fix a setting) or ModelReplyError.

    `prefix` is that of the settings to name, `llm` or `embedding`.
    """
    import openai

    try:
        yield
    except openai.APIStatusError as exc:
        raise _of_status(exc, where, model, prefix) from _harmless(exc, where)
    except openai.APITimeoutError as exc:
        raise Busy(
            f"{where.base_url} did not answer in time.", advice=f"Raise {prefix}_timeout, or try again."
        ) from exc
    except openai.APIConnectionError as exc:
        raise Busy(
            f"{where.base_url} cannot be reached.", advice=f"Check that it runs, and {prefix}_base_url."
        ) from exc
    except (
        openai.APIResponseValidationError,
        openai.APIError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        # Brackets in brackets, as deep as a body is long.
        RecursionError,
    ) as exc:
        raise ModelReplyError(
            f"{where.base_url} answered with something else than the OpenAI protocol.",
            advice=f"Check {prefix}_base_url; it usually ends with /v1.",
        ) from _harmless(exc, where)


def _harmless(exc: Exception, where: Endpoint) -> Exception | None:
    """The cause to chain; none when a server echoed the key."""
    return None if where.api_key and where.api_key in f"{exc!s}{exc!r}" else exc


def _of_status(exc: Any, where: Endpoint, model: str, prefix: str) -> GraphMemError:
    status = int(exc.status_code)
    said = _said(exc, where)
    refusals = {
        401: ("does not accept the key", f"Check {prefix}_api_key."),
        402: (f"asks for payment: {said}", "Check the account."),
        403: (f"forbids the request: {said}", f"Check {prefix}_api_key and {prefix}_model."),
        404: (f"knows no model {model!r} or no such address", f"Check {prefix}_model and {prefix}_base_url."),
    }
    if "insufficient_quota" in said:
        refusals[429] = ("has no quota left for this account", "Check its billing.")
    if status in refusals:
        problem, advice = refusals[status]
        return ModelRefused(f"{where.base_url} {problem}.", advice=advice)
    if status in {408, 409, 425, 429} or status >= 500:
        return Busy(
            f"{where.base_url} answered {status}: {said}.", advice="Try again later.", retry_after=retry_after(exc)
        )
    return BadRequest(said, advice=f"Check {prefix}_model.")


def _said(exc: Any, where: Endpoint) -> str:
    text = str(getattr(exc, "message", "") or exc)
    code = getattr(exc, "code", None)
    if code and str(code) not in text:
        text = f"{code}: {text}"
    if where.api_key:
        text = text.replace(where.api_key, "***")
    return " ".join(text.split())[:300].rstrip(".")


def retry_after(exc: Any) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date."""
    headers = exc.response.headers
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            seconds = float(value) / unit
        except ValueError:
            continue
        return max(0.0, seconds) if math.isfinite(seconds) else None
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
