"""No text is glued into a query: values travel as parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Function, functions, imports, modules

VERBS = {"execute", "executemany", "executescript", "exec_driver_sql", "run", "execute_query"}


def is_glued(node: ast.AST) -> bool:
    """An f-string with a value, a concatenation or a format of text."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return any(isinstance(n, ast.JoinedStr) or isinstance(getattr(n, "value", None), str) for n in ast.walk(node))
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_call and node.func.attr == "format"  # type: ignore[union-attr]


def glued_names(function: Function) -> set[str]:
    """Local names that hold glued text."""
    assignments = (n for n in ast.walk(function) if isinstance(n, ast.Assign) and is_glued(n.value))
    return {target.id for n in assignments for target in n.targets if isinstance(target, ast.Name)}


def query_calls(scope: ast.AST, text_is_sql: bool) -> Iterator[ast.Call]:
    """Calls that send a query, or that make one of text."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and node.args:
            called = ast.unparse(node.func)
            verb = called.rpartition(".")[2]
            if verb in VERBS or called in {"sa.text", "sqlalchemy.text"} or (called == "text" and text_is_sql):
                yield node


def test_no_glued_text_reaches_a_query():
    """Injection is impossible where only parameters carry values."""
    wrong = []
    for module in modules():
        text_is_sql = any(name == "sqlalchemy.text" for _, name in imports(module))
        for function in functions(module.tree):
            names = glued_names(function)
            for call in query_calls(function, text_is_sql):
                first = call.args[0]
                if is_glued(first) or (isinstance(first, ast.Name) and first.id in names):
                    wrong.append(module.at(call))

    assert [] == sorted(set(wrong))


def test_the_check_sees_what_it_forbids():
    """The rule would be worth nothing if it let these pass."""
    glued = 'def f(c, n):\n q = f"DROP {n}"\n c.execute(q)\n c.run("MATCH " + n)\n c.execute("A {}".format(n))'
    function = next(functions(ast.parse(glued)))

    seen = [
        c
        for c in query_calls(function, False)
        if is_glued(c.args[0]) or ast.unparse(c.args[0]) in glued_names(function)
    ]

    assert 3 == len(seen)
