"""The terms of a budget plan as the customer accepts them, in both languages."""

from datetime import date

from billing.domain.budgets import BudgetRule, Working
from cis.kernel import fixed


def terms(*, working: Working, first: date, rule: BudgetRule, currency: str, places: int) -> dict[str, tuple[str, ...]]:
    """
    Return the terms by language (zh, en), a sentence each.

    first   first month that is levelled
    places  decimals of the currency
    """
    level = f"{fixed.to_text(working.level_minor, places=places)} {currency}"
    above = f"{fixed.to_text(rule.spread_above_minor, places=places)} {currency}"
    zh = [
        f"自 {first:%Y-%m} 的账单起，每月缴纳固定金额 {level}，代替当月账单的电费。",
        "电费仍按实际用电量逐月计算；与固定金额的差额记入均衡账户，每张账单上都能看到。",
    ]
    en = [
        f"From the bill of {first:%Y-%m} on you pay {level} each month in the place of the bill.",
        "What you really use is billed each month as before; the difference stands on your budget balance.",
    ]
    if rule.review_months:
        at = [str(one) for one in rule.review_months]
        zh.append(
            f"每年第 {'、'.join(at)} 个月后复核一次；变化超过 {rule.change_percent}% 才调整金额，并至少提前"
            f" {rule.notice_days} 天告知。"
        )
        en.append(
            f"After {', '.join(at)} months of a year we work the amount out anew; it changes only by more than"
            f" {rule.change_percent} %, and we tell you at least {rule.notice_days} days before."
        )
    zh.append("满十二个月、退出或搬离时结算：多缴的计入您的结余，可以退款；少缴的另行缴纳。")
    en.append(
        "After twelve months, when you end it or move out, it is settled: too much is your credit and can be paid out,"
        " what is missing is owed."
    )
    if rule.spread_months > 1:
        zh.append(f"年度结算少缴超过 {above} 的，分 {rule.spread_months} 个月缴清。")
        en.append(
            f"More than {above} that is missing at the end of a year is owed in {rule.spread_months} monthly parts."
        )
    if rule.late_days:
        zh.append(f"固定金额逾期满 {rule.late_days} 天未缴的，计划终止并结算。")
        en.append(f"If an amount is not paid {rule.late_days} days after it was due, the plan ends and is settled.")
    zh.append("一次性费用不在其中，随账单缴纳。您可以随时退出。")
    en.append("One-off charges are not part of it: they are paid with the bill. You may end it at any time.")
    return {"zh": tuple(zh), "en": tuple(en)}
