"""A switch that forbids requests to real models, so that a test suite cannot reach out by accident."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from graphmem.errors import ModelRefused

_forbidden = 0


@contextmanager
def forbid_real_models() -> Iterator[None]:
    """While active, in every thread, a request to anything but this machine raises ModelRefused."""
    global _forbidden  # noqa: PLW0603 - one switch for the process is the point
    _forbidden += 1
    try:
        yield
    finally:
        _forbidden -= 1


def check_allowed(url: str) -> None:
    """Raises ModelRefused when requests to the host of `url` are forbidden now."""
    if _forbidden and not _is_loopback(urlsplit(url).hostname or ""):
        raise ModelRefused(
            f"A request to {urlsplit(url).hostname} was about to be sent while real models are forbidden.",
            advice="Use ScriptedLLM or HashEmbedder in tests.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
