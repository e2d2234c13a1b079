"""Each ledger account that the code or a pack names has a word on the pages and a root in the journal."""

import re

import pytest

from billing.domain.journals import ROOTS
from cis.desk.report_words import LEDGER_ACCOUNTS
from tests.house import source

CODE = re.compile(r'"((?:cash|liability|expense|income|asset|equity)\.[a-z_]+)"')


def codes():
    packs = (source.ROOT / "cis" / "packs").glob("*/pack.toml")
    files = [path for path in source.files() if path.relative_to(source.ROOT).parts[0] in source.ROOMS]
    return sorted({code for path in [*files, *packs] for code in CODE.findall(path.read_text(encoding="utf-8"))})


def test_ledger_accounts_are_found():
    assert {"liability.vat", "cash.transit", "income.cash_over", "expense.goodwill"} <= set(codes())


@pytest.mark.parametrize("code", codes())
def test_it_has_a_word_and_a_root(code):
    assert code in LEDGER_ACCOUNTS
    assert code.partition(".")[0] in ROOTS
