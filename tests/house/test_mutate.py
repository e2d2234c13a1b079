"""The tool that changes the code of rating in small ways tells what it changed, and excuses texts and guards alone."""

import pytest
from mutation.changes import GUARD, TEXT, changes_of

FILE = '''
def x_price__mutmut_orig(plan, rows) -> WrongPrice:
    """Return it."""
    for a, b in zip(plan, rows, strict=True):
        total = a + b
    if total < 0:
        raise Refused(f"Tariff {', '.join(plan)}", advice="Mend it.", plan=plan.code)
    return WrongPrice("It is wrong.", plan=plan)


def x_price__mutmut_1(plan, rows) -> WrongPrice:
    """Return it."""
    CHANGED
'''
ORIGINAL = FILE.split('"""Return it."""\n    ')[1].split("\n\n\n", maxsplit=1)[0]


def change(old, new):
    assert old in ORIGINAL
    (found,) = changes_of(FILE.replace("CHANGED", ORIGINAL.replace(old, new)), "tariffs.domain.made")
    assert found.name == "tariffs.domain.made.x_price__mutmut_1"
    assert (found.module, found.function) == ("tariffs.domain.made", "price")
    return found


def test_the_innermost_statement_is_told():
    found = change("a + b", "a - b")
    assert (found.old, found.new) == ("total = a + b", "total = a - b")
    assert change("total < 0", "total <= 0").new == "if total <= 0:"


@pytest.mark.parametrize(
    ("old", "new", "excuse"),
    [
        ("a + b", "a - b", ""),
        ("total < 0", "total <= 0", ""),
        (", strict=True", ", strict=False", GUARD),
        (", strict=True", "", GUARD),
        ("zip(plan, rows", "zip(plan, None", ""),
        ("', '.join", "'XX, XX'.join", TEXT),
        ('"Mend it."', "None", TEXT),
        (', advice="Mend it."', "", TEXT),
        ("plan=plan.code", "plan=None", ""),
        (", plan=plan.code", "", ""),
        ('"It is wrong."', "None", TEXT),
        ('WrongPrice("It is wrong.", ', "WrongPrice(", ""),
        ('WrongPrice("It is wrong.", plan=plan)', "None", ""),
    ],
)  # fmt: skip
def test_texts_of_refusals_and_guards_are_excused_and_nothing_else(old, new, excuse):
    assert change(old, new).excuse == excuse
