"""The house rules that a syntax tree can hold; CONTRIBUTING.md gives their reasons."""

from __future__ import annotations

import ast

from tests.architecture.source import body_lines, functions, modules

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
LONGEST_FUNCTION = 45
LONGEST_FILE = 400
BLANKET = {"Exception", "BaseException"}
OUTERMOST = "graphmem.cli._run"
"""The edge where a bug becomes one line for the user; nothing calls it but the command."""


def test_module_names_say_what_is_inside():
    """A vague name collects what belongs nowhere."""
    assert [] == [module.name for module in modules() if VAGUE & set(module.name.split("."))]


def test_functions_are_short():
    """A function fits on a screen, its docstring not counted."""
    wrong = [
        f"{module.at(function)} {function.name}: {body_lines(function)} lines"
        for module in modules()
        for function in functions(module.tree)
        if body_lines(function) > LONGEST_FUNCTION
    ]

    assert [] == wrong


def test_files_are_short():
    """A file is read in one sitting."""
    assert [] == [f"{module.name}: {module.lines} lines" for module in modules() if module.lines > LONGEST_FILE]


def test_only_the_settings_read_the_environment():
    """What configures graphmem is in one place."""
    names = {"environ", "environb", "getenv", "putenv"}
    wrong = [
        module.at(node)
        for module in modules()
        if module.name != "graphmem.settings"
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in names) or (isinstance(node, ast.Name) and node.id in names)
    ]

    assert [] == wrong


def swallows(handler: ast.ExceptHandler) -> bool:
    """A handler of everything that does not end by raising."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    blanket = any(kind is None or ast.unparse(kind) in BLANKET for kind in kinds)
    return blanket and not isinstance(handler.body[-1], ast.Raise)


def test_no_exception_is_caught_blindly():
    """A handler names what it expects, or cleans up and raises; the rest is a bug and must be seen."""
    wrong = [
        module.at(node)
        for module in modules()
        if module.name != OUTERMOST
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and swallows(node)
    ]

    assert [] == wrong
