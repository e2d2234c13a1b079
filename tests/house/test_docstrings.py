"""Public functions of domain, queries and operations say what they take, give and refuse."""

import ast

from tests.house import source

FLOORS = {"domain", "queries", "operations"}


def _public_functions():
    for path in source.files():
        parts = path.relative_to(source.ROOT).parts
        if not FLOORS & set(parts) and parts[:2] not in {("cis", "kernel"), ("cis", "platform")}:
            continue
        for node in source.tree_of(path).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield path, node
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield path, node


def test_every_public_name_of_domain_queries_and_operations_has_a_docstring():
    bare = [
        f"{source.name_of(path)}:{node.lineno} {node.name}"
        for path, node in _public_functions()
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_public_functions_of_the_domain_take_keyword_only_arguments():
    """More than one argument must be named by the caller; a lone subject may stand first."""
    loose = [
        f"{source.name_of(path)}:{node.lineno} {node.name}"
        for path, node in _public_functions()
        if isinstance(node, ast.FunctionDef) and "domain" in path.parts and len(node.args.args) > 1
    ]
    assert loose == []


def test_the_domain_reads_no_clock():
    found = [
        f"{source.name_of(path)}:{node.lineno}"
        for path in source.files()
        if "domain" in path.parts or path.relative_to(source.ROOT).parts[:2] == ("cis", "kernel")
        for node in ast.walk(source.tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "localdate"}
    ]
    assert found == []
