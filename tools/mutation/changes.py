"""The changes that mutmut has made, read from its files: which function, which line, what it was and what it became."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ORIGINAL = "__mutmut_orig"
BORDER = "ǁ"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Change:
    """
    One change of one function.

    name     as mutmut calls it, with the module
    old, new  first line of the innermost statement that differs
    is_text  it changes nothing but the message or the advice of a refusal or an error
    """

    name: str
    module: str
    function: str
    old: str
    new: str
    is_text: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what the change is known by in the list of accepted ones."""
        return self.module, self.function, self.old, self.new


def changes(root: Path) -> Iterator[Change]:
    """Yield all changes below a folder that mutmut has filled."""
    for meta in sorted(root.rglob("*.py.meta")):
        path = meta.with_suffix("")
        yield from changes_of(path.read_text(), ".".join(path.relative_to(root).with_suffix("").parts))


def changes_of(source: str, module: str) -> Iterator[Change]:
    """Yield the changes of one module."""
    functions = {node.name: node for node in ast.walk(ast.parse(source)) if isinstance(node, Function)}
    originals = {name.removesuffix(ORIGINAL): node for name, node in functions.items() if name.endswith(ORIGINAL)}
    for name, changed in functions.items():
        function, mark, number = name.partition("__mutmut_")
        if not mark or not number.isdigit():
            continue
        old, new, is_text = _differing(originals[function], changed)
        plain = function.removeprefix("x" + BORDER).removeprefix("x_").replace(BORDER, ".")
        yield Change(f"{module}.{name}", module, plain, _line(old), _line(new), is_text)


def _differing(old: Function, new: Function) -> tuple[ast.stmt, ast.stmt, bool]:
    """Return the innermost statements that differ, and whether they differ in a text alone."""
    statements: tuple[ast.stmt, ast.stmt] = (old, new)
    returned = old.returns
    one, two = _body(old), _body(new)
    while True:
        if isinstance(one, ast.stmt) and isinstance(two, ast.stmt):
            statements = one, two
            if _told(one, returned) is not None and _told(one, returned) == _told(two, returned):
                return *statements, True
        pairs = _children(one, two)
        if len(pairs) != 1:
            return *statements, False
        one, two = pairs[0]


def _body(function: Function) -> ast.AST:
    return ast.Module(body=function.body, type_ignores=[])


def _children(old: ast.AST, new: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return the children that differ, in pairs; nothing where they do not stand side by side."""
    if type(old) is not type(new):
        return []
    olds, news = list(ast.iter_child_nodes(old)), list(ast.iter_child_nodes(new))
    if len(olds) != len(news):
        return []
    return [pair for pair in zip(olds, news, strict=True) if ast.dump(pair[0]) != ast.dump(pair[1])]


def _told(statement: ast.stmt, returned: ast.expr | None) -> str | None:
    """Return a refusal or an error without its message and advice; None = the statement makes none."""
    call = statement.exc if isinstance(statement, ast.Raise) else None
    if isinstance(statement, ast.Return) and returned is not None and isinstance(statement.value, ast.Call):
        call = statement.value if ast.dump(statement.value.func) == ast.dump(returned) else None
    if not isinstance(call, ast.Call):
        return None
    details = [keyword for keyword in call.keywords if keyword.arg != "advice"]
    return ast.dump(ast.Call(call.func, [ast.Constant(len(call.args)), *call.args[1:]], details))


def _line(statement: ast.stmt) -> str:
    """Return a statement on one line; of one that holds others, its head."""
    lines = ast.unparse(statement).splitlines()
    return lines[0] if hasattr(statement, "body") else " ".join(line.strip() for line in lines)
