"""Checks of an installed wheel without extras; run with `python -I` from a folder outside the checkout.

Argument: the wheel. Prints one line a check; a failure ends with a traceback.
"""
# ruff: noqa: S101, T201

import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import graphmem
from graphmem import Memory, MissingExtra

EXTRAS = {
    "local": {"extractor": "local"},
    "postgres": {"ledger_url": "postgresql+psycopg://nobody@localhost/none"},
}
"""Extra -> the settings that ask for it."""


def the_wheel_holds_what_it_needs(wheel: Path, home: Path) -> None:
    """Prompts and the typing marker are inside; tests and benchmarks are not."""
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("graphmem/prompts/") and not name.endswith(".keep") for name in names), names
    assert "graphmem/py.typed" in names
    assert not [name for name in names if name.split("/")[0] in {"tests", "benchmarks", "docs"}]


def the_package_is_the_installed_one(wheel: Path, home: Path) -> None:
    """Imported from the environment, with the version of the wheel."""
    assert Path(sys.prefix) in Path(graphmem.__file__).parents, graphmem.__file__
    assert graphmem.__version__ == wheel.name.split("-")[1]


def every_public_name_resolves(wheel: Path, home: Path) -> None:
    """Also the names that are loaded on first use."""
    for name in graphmem.__all__:
        getattr(graphmem, name)


def a_missing_extra_says_how_to_install_it(wheel: Path, home: Path) -> None:
    """Each backend whose packages are absent names its extra."""
    for extra, options in EXTRAS.items():
        try:
            with Memory.open(home=home / extra, **({"embedder": "hash", "extractor": "none"} | options)) as memory:
                memory.add("I moved to Lisbon.", user_id="maria")
        except MissingExtra as error:
            assert extra == error.extra
            assert f"graphmem[{extra}]" in str(error)
        else:
            raise AssertionError(f"{options} did not raise MissingExtra")


def it_remembers_and_answers(wheel: Path, home: Path) -> None:
    """A memory is added and found without a model, and is still there after reopening."""
    options = {"home": home / "memory", "embedder": "hash", "extractor": "none"}
    with Memory.open(**options) as memory:
        memory.add("I moved to Lisbon and work at Acme.", user_id="maria")
    with Memory.open(**options) as memory:
        found = memory.search("Who moved to Lisbon?", user_id="maria")
        assert [hit.text for hit in found.hits] == ["I moved to Lisbon and work at Acme."], found


CHECKS: tuple[Callable[[Path, Path], None], ...] = (
    the_wheel_holds_what_it_needs,
    the_package_is_the_installed_one,
    every_public_name_resolves,
    a_missing_extra_says_how_to_install_it,
    it_remembers_and_answers,
)

if __name__ == "__main__":
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            check(Path(sys.argv[1]), Path(folder))
        print("ok:", check.__name__.replace("_", " "))
