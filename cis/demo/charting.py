"""
The made-up supplier's chart of accounts: each ledger account has its number, so that journals of months can be taken.

Numbers and names of the first level are those of the state [source: 财政部, 企业会计准则应用指南 (财会〔2006〕18号),
附录 会计科目和主要账务处理]; what stands behind the hyphen is made up, as a company would.
"""

from datetime import date

from accounts.queries import users
from billing.operations import charts
from billing.queries import journals
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

SINCE = date(2020, 1, 1)
FIRST_LEVEL = {
    "customer": ("1122", "应收账款"), "cash": ("1002", "银行存款"), "asset": ("1221", "其他应收款"),
    "liability": ("2241", "其他应付款"), "revenue": ("6001", "主营业务收入"), "income": ("6301", "营业外收入"),
    "expense": ("6602", "管理费用"),
}  # fmt: skip
"""By the first word of a ledger account."""
NAMED = {
    "customer": ("1122", "应收账款"), "asset.unbilled": ("1122-90", "应收账款-未开账电费"),
    "cash.bank": ("1002", "银行存款"), "cash.cash": ("1001", "库存现金"), "cash.till": ("1001-01", "库存现金-营业厅"),
    "cash.safe": ("1001-02", "库存现金-保险柜"), "cash.transit": ("1012-01", "其他货币资金-在途"),
    "liability.vat": ("2221", "应交税费"), "liability.budget": ("2203", "预收账款"),
    "expense.bad_debt": ("6701", "资产减值损失"), "expense.interest": ("6603", "财务费用"),
    "expense.bank_fees": ("6603-01", "财务费用-手续费"), "expense.cash_short": ("6711", "营业外支出"),
}  # fmt: skip


def build() -> int:
    """Give each ledger account that there is a number; return how many have one. By the real door."""
    card = users.with_role(role=Role.BILLING)[-1]
    actor = Actor(ActorKind.STAFF, card.id, card.username, frozenset({Role.BILLING}))
    lines = journals.chart_lines()
    for place, line in enumerate(lines, start=1):
        if not line.number:
            number, name = NAMED.get(line.code) or _below(line.code, place)
            charts.enter(code=line.code, since_month=SINCE, number=number, name=name, actor=actor)
    return len(lines)


def _below(code: str, place: int) -> tuple[str, str]:
    """Return a number and a name below those of the first level."""
    word, _, part = code.partition(".")
    number, name = FIRST_LEVEL[word]
    return f"{number}-{place:02d}", f"{name}-{part}"
