"""The kit over HTTP, for the Browser on the same machine: it reads style sheets and guides by address only.

Browser allows `localhost` by default, and asks across origins, with headers of its own: hence the answers to OPTIONS.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import sleep
from types import TracebackType

from graphmem.neo4j_kit.kit import GUIDE, STYLE

_ANY_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Allow-Private-Network": "true",
    "Cache-Control": "no-cache",
}
_PATIENCE = 2.0
_HEAD_START = 0.3
"""Browser stacks frames in the order in which their content arrives, the latest on top."""
_TYPES = {"html": "text/html", "zip": "application/zip"}


class KitServer:
    """Serves the files of a kit on the loopback address until it is closed. Raises OSError when the port is taken."""

    def __init__(self, files: Mapping[str, bytes], port: int = 0, *, guide_last: bool = False) -> None:
        """A port of 0 is any free one. `guide_last`: for a Browser told to read both: it shows the guide on top."""
        styled = Event()
        if not guide_last:
            styled.set()
        handler = type("Handler", (_Handler,), {"files": files, "styled": styled})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="graphmem-kit", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the files are, with a slash at the end."""
        return f"http://localhost:{self._server.server_address[1]}/"

    @property
    def commands(self) -> tuple[str, str]:
        """What to type in Browser: the style, then the guide."""
        return f":style {self.url}{STYLE}", f":play {self.url}{GUIDE}"

    def close(self) -> None:
        """Stop; twice is no error."""
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Until it is closed."""
        self._thread.join()

    def __enter__(self) -> KitServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    files: Mapping[str, bytes]
    styled: Event
    """Whether the style was read."""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/")
        content = self.files.get(name)
        if name == GUIDE and not self.styled.is_set() and self.styled.wait(_PATIENCE):
            sleep(_HEAD_START)
        if content is None:
            self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
        else:
            self._answer(HTTPStatus.OK, content, _TYPES.get(name.rpartition(".")[2], "text/plain"))
        if name == STYLE:
            self.styled.set()

    def do_OPTIONS(self) -> None:
        self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in _ANY_ORIGIN.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what a page of this machine reads is nobody's business."""
