"""Say plainly when the interpreter is too old, or lacks what a virtual environment needs. Runs on any Python 3."""

import sys

NEEDED = (3, 11)

if sys.version_info < NEEDED:
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit("graphmem needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % found)  # noqa: UP031

try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit("This Python cannot make virtual environments: install its venv package, or: make PYTHON=another-python")
