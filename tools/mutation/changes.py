"""The changes that mutmut has made, read from its files: which function, which line, what it was and what it became."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ORIGINAL = "__mutmut_orig"
BORDER = "ǁ"
TEXT = "the message or advice of a refusal or an error"
GUARD = "a guard or a copy that changes no value"
VALUELESS = ("strict", "copy")
"""``strict`` of zip tells of columns that differ in length, which the callers make equal; ``copy`` saves one."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Change:
    """
    One change of one function.

    name     as mutmut calls it, with the module
    old, new  first line of the innermost statement that differs
    excuse   why no test need notice it; "" = one must
    """

    name: str
    module: str
    function: str
    old: str
    new: str
    excuse: str

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
        old, new, excuse = _differing(originals[function], changed)
        plain = function.removeprefix("x" + BORDER).removeprefix("x_").replace(BORDER, ".")
        yield Change(f"{module}.{name}", module, plain, _line(old), _line(new), excuse)


def _differing(old: Function, new: Function) -> tuple[ast.stmt, ast.stmt, str]:
    """Return the innermost statements that differ, and what excuses the change."""
    statements: tuple[ast.stmt, ast.stmt] = (old, new)
    one, two = _body(old), _body(new)
    while True:
        if isinstance(one, ast.stmt) and isinstance(two, ast.stmt):
            statements = one, two
        pairs = _children(one, two)
        if len(pairs) != 1:
            return *statements, _excuse(*statements, old.returns)
        one, two = pairs[0]


def _excuse(old: ast.stmt, new: ast.stmt, returned: ast.expr | None) -> str:
    """Return why no test need notice that a statement became another, "" if one must."""
    if _told(old, returned) is not None and _told(old, returned) == _told(new, returned):
        return TEXT
    return GUARD if _unguarded(old) == _unguarded(new) else ""


def _unguarded(statement: ast.stmt) -> str:
    """Return a statement without those keywords that change no value."""
    bare = copy.deepcopy(statement)
    for node in ast.walk(bare):
        if isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in VALUELESS]
    return ast.dump(bare)


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
