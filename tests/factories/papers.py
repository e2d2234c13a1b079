"""Bills as paper, made up without a database: what the printed page must carry."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from billing.domain import bars
from billing.domain.comparisons import Comparison
from billing.domain.steps import StepsReached
from billing.queries.bills import BillCard, BillDetail, Line, MonthOfUse, Segment
from billing.queries.charges import ChargeOnBill
from billing.queries.documents import BillDocument
from billing.queries.explanations import Explanation
from contracts.domain.charge_kinds import WORDS, ChargeKind
from metering.queries.spans import SpanCard

ENERGY = {"zh": "阶梯电度电费", "en": "Energy by step"}
PERIODS = {"peak": {"zh": "峰", "en": "Peak"}, "valley": {"zh": "谷", "en": "Valley"}}
USED_KWH = (231, 208, 187, 342, 401, 219, 168, 175, 203, 288, 355, 240, 312)
LAST = date(2026, 10, 1)
MONTHS = tuple(date(2025 + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in range(13))


def supplier(**values) -> SupplierCard:
    given = {
        "code": "DEMO", "name_zh": "申明电力有限公司", "name_en": "Shenming Electric Power Co., Ltd.",
        "tax_number": "91310000000000000X", "address": "上海市浦东新区示范路1号", "phone": "95598",
        "website": "https://wattline.example", "bank_name": "示范银行上海分行", "bank_account": "6200 0000 0000 0000",
        "pack": "cn-shanghai", "currency": "CNY", "time_zone": "Asia/Shanghai",
    }  # fmt: skip
    return SupplierCard(**{**given, **values})


def addressee(**values) -> Addressee:
    given = {
        "account_id": 1, "account_number": "3100000017", "customer_id": 1, "customer_kind": "resident",
        "name": "张怡雨", "language": "zh-hans", "paper_bill": True, "phone": "+8613800000001", "email": "",
        "postal_address": "上海市浦东新区灵山路1382弄27号1803室",
    }  # fmt: skip
    return Addressee(**{**given, **values})


def line(kwh: str, price: str, amount_minor: int, *, step: int = 1, period: str = "", **values) -> Line:
    whole, _, rest = kwh.partition(".")
    given = {
        "code": "energy", "labels": ENERGY, "period_labels": PERIODS.get(period, {}), "step": step,
        "period_of_use": period, "unit": "kWh", "quantity": int(whole + rest.ljust(3, "0")), "quantity_places": 3,
        "price": price, "margin": None, "percent_e2": None, "price_e6": 61_700_000, "amount_minor": amount_minor, "tax_minor": 0,
        "ledger_class": "energy",
    }  # fmt: skip
    return Line(**{**given, **values})


def segment(lines: Sequence[Line], *, start: date = LAST, end: date = date(2026, 11, 1), **values) -> Segment:
    used = values.pop("used_wh", sum(one.quantity for one in lines if one.unit == "kWh"))
    given = {
        "id": 1, "agreement_id": 1, "service_point_id": 1, "address": "上海市浦东新区灵山路1382弄27号1803室",
        "tariff_code": "residential-tiered", "tariff_version_id": 1,
        "tariff_names": {"zh": "居民生活用电（一户一表）", "en": "Residential, one meter a household"},
        "legal_source": "上海市发展和改革委员会《上海市居民用户电价表》，2020-07-27",
        "start_date": start, "end_date": end, "used_wh": used, "before_wh": 2_600_000, "household": 3,
        "is_estimated": False, "split_by": "", "amount_minor": sum(one.amount_minor for one in lines), "cancels_id": None,
        "lines": tuple(lines),
    }  # fmt: skip
    return Segment(**{**given, **values})


def tiers() -> Segment:
    return segment([line("312", "0.617", 19250)])


def time_of_use() -> Segment:
    return segment(
        [
            line("120.5", "0.617", 7435, period="peak"), line("61.25", "0.307", 1880, period="valley"),
            line("88", "0.677", 5958, step=2, period="peak"), line("42.25", "0.337", 1424, step=2, period="valley"),
            line("0", "0.977", 0, step=3, period="peak"), line("0", "0.487", 0, step=3, period="valley"),
        ],
        tariff_names={"zh": "居民生活用电（一户一表，分时）", "en": "Residential, peak and valley"},
    )  # fmt: skip


def taken_back(of: Segment, *, number: int = 9) -> Segment:
    lines = tuple(replace(one, quantity=-one.quantity, amount_minor=-one.amount_minor) for one in of.lines)
    return replace(of, id=number, cancels_id=of.id, used_wh=-of.used_wh, amount_minor=-of.amount_minor, lines=lines)


def span(**values) -> SpanCard:
    given = {
        "service_point_id": 1, "serial": "SH00000017", "names": {"zh": "总", "en": "All hours"}, "unit": "kWh",
        "start_date": LAST, "end_date": date(2026, 11, 1), "start_reading_wh": 12_480_000,
        "end_reading_wh": 12_792_000, "multiplier": 1, "energy_wh": 312_000, "is_estimated": False,
    }  # fmt: skip
    return SpanCard(**{**given, **values})


def explanation(**values) -> Explanation:
    given = {
        "days": 31, "month": LAST,
        "previous": Comparison(month=date(2026, 9, 1), energy_wh=240_000, change_percent=26),
        "year_ago": Comparison(month=date(2025, 10, 1), energy_wh=231_000, change_percent=-5),
        "steps": (StepsReached(step=1, used_wh=2_912_000, limits_wh=(3_120_000, 4_800_000), is_yearly=True),),
        "months": tuple(
            MonthOfUse(month=month, energy_wh=kwh * 1000, days=30, amount_minor=kwh * 60, is_estimated=False)
            for month, kwh in zip(MONTHS, USED_KWH, strict=True)
        ),
    }  # fmt: skip
    return Explanation(**{**given, **values})


def charge(kind: ChargeKind, amount_minor: int, **values) -> ChargeOnBill:
    given = {
        "id": 1, "case_id": None, "address": "", "reason": "", "kind": kind.value, "labels": WORDS[kind],
        "legal_source": "", "amount_minor": amount_minor, "tax_minor": 0, "is_taken_back": False,
    }  # fmt: skip
    return ChargeOnBill(**{**given, **values})


def bill(*segments: Segment, charges: Sequence[ChargeOnBill] = (), **values) -> BillDocument:
    """A bill of these segments (by default one with tiers, none on a note); the rest goes to its card or document."""
    parts = segments or (() if charges else (tiers(),))
    paper = {
        "supplier": supplier(), "addressee": addressee(), "spans": (span(),) if parts else (),
        "explanation": explanation(),
        "qr_payload": "https://wattline.example/portal/bills/0000000042", "cancels": "",
    }  # fmt: skip
    paper = {name: values.pop(name, value) for name, value in paper.items()}
    total = sum(one.amount_minor for one in (*parts, *charges))
    given = {
        "id": 1, "account_id": 1, "account_number": "3100000017", "number": "0000000042", "kind": "regular",
        "state": "issued", "start_date": LAST, "end_date": date(2026, 11, 1), "issue_date": date(2026, 11, 2),
        "due_date": date(2026, 11, 22), "energy_wh": sum(one.used_wh for one in parts), "amount_minor": total,
        "tax_minor": total * 13 // 113, "balance_before_minor": 0, "paid_minor": 0, "cancels_id": None, "run_id": 1,
    }  # fmt: skip
    card = BillCard(**{**given, **values})
    return BillDocument(
        bill=BillDetail(card=card, segments=tuple(parts), charges=tuple(charges)),
        bars=bars.of_months(
            energy_by_month={month.month: month.energy_wh for month in paper["explanation"].months}, last_month=LAST
        ),
        last_day=card.end_date - timedelta(days=1),
        **paper,
    )
