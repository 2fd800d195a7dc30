"""Neo4j Browser in a headless Chromium: takes the pictures of docs/neo4j-browser.md from a real run of the demo.

    python docs/screenshot_browser.py            starts a Neo4j, loads the demo, writes docs/neo4j-browser*.png

Needs what `make neo4j` needs, Chromium (Debian: apt-get install chromium), and the packages of the group `dev`.
The tests look at Browser through `Window`, too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SECOND = 1000
WAIT = 90 * SECOND
"""A loaded machine may be slow; every wait ends as soon as there is what it waits for."""
LARGEST = 250_000
NEWEST = "[data-testid=frame] >> nth=0"
STILL = """() => {
  const frame = document.querySelector('[data-testid=frame]');
  const now = [...frame.querySelectorAll('g.node')].map(node => node.getAttribute('transform')).join();
  const same = now !== '' && now === window.graphmemBefore;
  window.graphmemBefore = now;
  return same;
}"""


def chromium() -> str | None:
    """The program, where there is one."""
    return next((found for name in CHROMIUM if (found := shutil.which(name))), None)


class Drawn(NamedTuple):
    """A node as it is seen."""

    caption: str
    colour: str
    """Of the circle, `#RRGGBB`."""
    diameter: float


class Window:
    """Neo4j Browser, connected. Nothing but this machine is asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page

    @classmethod
    @contextmanager
    def opened(cls, address: str, *, width: int = 1280, height: int = 800, greeted: bool = False) -> Iterator[Window]:
        """A window on an address that connects at once; `greeted`: the server's own commands are waited for."""
        from playwright.sync_api import sync_playwright

        with sync_playwright() as tool:
            # A container's root may not make the sandbox, and the only page is that of the server beside.
            browser = tool.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            size = {"width": width, "height": height}
            # The server forbids its pages to evaluate text, which is how this tool waits for things.
            page = browser.new_page(viewport=size, device_scale_factor=1.25, bypass_csp=True)
            page.set_default_timeout(WAIT)
            page.route("**/*", _only_here)
            page.goto(address)
            page.wait_for_selector("text=:play" if greeted else "text=You have a working connection")
            yield cls(page)
            browser.close()

    def run(self, text: str, shown: str = "[data-testid=frameContents]") -> None:
        """Type something into the editor and run it; waits for a frame that shows a selector."""
        self.page.click(".monaco-editor")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.enter(shown)

    def follow(self, place: int, shown: str = "[data-testid=frameContents]") -> None:
        """Click a query of the guide in the newest frame, which puts it into the editor, and run it."""
        self.page.click(f"{NEWEST} >> pre.runnable >> nth={place}")
        self.page.click(".monaco-editor")
        self.enter(shown)

    def enter(self, shown: str) -> None:
        """Run what is in the editor."""
        before = self.page.locator("[data-testid=frame]").count()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(f"document.querySelectorAll('[data-testid=frame]').length > {before}")
        self.page.wait_for_selector(f"{NEWEST} >> {shown} >> nth=0")

    def graph(self, text: str) -> list[Drawn]:
        """Run a query and wait until its picture stands still."""
        self.run(text, "g.node")
        self.page.wait_for_function(STILL, polling=700)
        return self.nodes()

    def nodes(self) -> list[Drawn]:
        """What the newest frame shows."""
        found = self.page.locator(f"{NEWEST} >> g.node").evaluate_all(
            """nodes => nodes.map(node => {
              const circle = node.querySelector('circle.b-outline');
              const lines = [...node.querySelectorAll('text.caption')].map(line => line.textContent.trim());
              return [lines.join(' '), circle.getAttribute('fill').toUpperCase(), 2 * circle.getAttribute('r')];
            })"""
        )
        return [Drawn(*node) for node in found]

    def clear(self) -> None:
        """Close all frames."""
        self.page.click(".monaco-editor")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(":clear")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function("document.querySelectorAll('[data-testid=frame]').length === 0")

    def save(self, path: Path) -> None:
        """Write what is seen."""
        self.page.screenshot(path=path)
        if path.stat().st_size > LARGEST:
            sys.exit(f"{path} has {path.stat().st_size} bytes; {LARGEST} are enough for a picture in a document.")

    @contextmanager
    def enlarged(self) -> Iterator[None]:
        """The newest frame fills the window, and its graph the frame."""
        self.page.click(f"{NEWEST} >> [title=Fullscreen]")
        if self.page.locator(f"{NEWEST} >> g.node").count():
            if (panel := self.page.locator(f"{NEWEST} >> [title='Collapse the node properties display']")).count():
                panel.click()  # Browser remembers it for the frames to come
            self.page.click(f"{NEWEST} >> [aria-label=zoom-to-fit]")
            self.page.wait_for_timeout(SECOND)
        yield
        self.page.click(f"{NEWEST} >> [title='Close fullscreen']")


def _only_here(route: Any) -> None:
    here = route.request.url.split("/")[2].startswith(("127.0.0.1", "localhost"))
    route.continue_() if here else route.abort()


class Picture(NamedTuple):
    """One picture of the document."""

    file: str
    query: str
    parameters: dict[str, str]
    """Other than those of the guide."""
    graph: bool


PICTURES = (
    Picture("neo4j-browser.png", "overview", {}, graph=True),
    Picture("neo4j-browser-why.png", "why", {"entity": "Felix", "other": "Leeds"}, graph=True),
    Picture("neo4j-browser-contradictions.png", "contradictions", {}, graph=True),
    Picture("neo4j-browser-timeline.png", "timeline", {"entity": "Felix"}, graph=False),
)


def main() -> None:
    """Take them all."""
    parser = argparse.ArgumentParser(description="The pictures of docs/neo4j-browser.md, from a real run.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder of the pictures (default: docs)")
    parser.add_argument("--only", help="guide, or a saved query such as timeline (default: all pictures)")
    given = parser.parse_args()
    if chromium() is None:
        sys.exit("There is no Chromium here. On Debian: apt-get install chromium")
    given.out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as home, _server(Path(home)) as server:
        print(f"The demo goes into {server.url} ...", flush=True)
        _demo(server.url, home)
        with Window.opened(server.browser, greeted=True) as window:
            if given.only in {None, "guide"}:
                _guide(window, given.out / "neo4j-browser-guide.png")
            for picture in PICTURES:
                if given.only in {None, picture.query}:
                    _take(window, picture, given.out)


@contextmanager
def _server(home: Path) -> Iterator[Any]:
    serve = script(ROOT / "docker" / "neo4j-local" / "serve.py")
    kit = serve._kit(0)
    greeting = "; ".join(command.removeprefix(":") for command in kit.commands)
    server = serve.LocalNeo4j(home / "neo4j", greeting=greeting).start()
    yield server
    server.stop()
    kit.close()


def script(path: Path) -> Any:
    """A Python file outside of any package, as a module."""
    spec = spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _demo(url: str, folder: str) -> None:
    environment = os.environ | {"GRAPHMEM_NEO4J_URL": url, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "graphmem.cli", "demo", "--graph", "neo4j"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def _guide(window: Window, path: Path) -> None:
    window.page.wait_for_selector("text=Your memory as a graph")
    window.page.wait_for_timeout(2 * SECOND)
    window.save(path)
    print(path)


def _take(window: Window, picture: Picture, folder: Path) -> None:
    from graphmem.neo4j_kit import DEMO, query

    window.run(DEMO._replace(**picture.parameters).command)
    asked = query(picture.query)
    text = f"// {asked.title}\n{asked.statement}"
    if picture.graph:
        window.graph(text)
    else:
        window.run(text, "table")
    with window.enlarged():
        window.save(folder / picture.file)
    print(folder / picture.file)


if __name__ == "__main__":
    main()
